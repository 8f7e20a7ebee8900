export const placeholder = 'packages/downloader';
