import { createOptionChecks } from '@discogs-extractor/internal/option-checks';
import { DownloaderError } from './errors.js';

/** Checks of this package's options and arguments. */
export const checks = createOptionChecks((message) => new DownloaderError('INVALID_OPTIONS', message));

/** A text that is not empty. */
export const nonEmptyText = (name: string, value: unknown, meaning: string): string =>
  typeof value === 'string' && value !== '' ? value : checks.fail(name, meaning, value);

/** An `http:` or `https:` URL. The message omits the value, which may contain a password. */
export const httpUrl = (name: string, value: unknown, meaning = 'an http: or https: URL'): URL => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new DownloaderError('INVALID_OPTIONS', `${name} must be ${meaning}`);
  }
  return url;
};

/** Whether a value can serve as a `DumpSource`. */
export const isDumpSource = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'list' in value &&
  typeof value.list === 'function' &&
  'open' in value &&
  typeof value.open === 'function';
