export const placeholder = 'apps/extractor';
