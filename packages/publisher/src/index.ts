export const placeholder = 'packages/publisher';
