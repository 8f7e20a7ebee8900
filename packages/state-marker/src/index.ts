export const placeholder = 'packages/state-marker';
