export const placeholder = 'tools/sample-dumps';
