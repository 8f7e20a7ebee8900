export const placeholder = 'tools/test-broker';
