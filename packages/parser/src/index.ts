export const placeholder = 'packages/parser';
