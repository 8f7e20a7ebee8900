import { DownloaderError } from './errors.js';
import type { DownloaderNotice } from './events.js';
import type { DumpSource } from './source.js';

/** How often and how long to try. */
export interface RetryOptions {
  /**
   * Tries in a row that may fail before a file or page is given up. A transfer that was resumed and got on by a
   * mebibyte or more counts as a success here, so a long file over a bad line is not given up for its length.
   * @default 6
   */
  attempts?: number | undefined;
  /** Milliseconds before the second try; doubled for each one after, with jitter. @default 1000 */
  baseDelayMs?: number | undefined;
  /** Longest of these waits, milliseconds. @default 60000 */
  maxDelayMs?: number | undefined;
  /** Longest `Retry-After` that is waited for, milliseconds; a longer one is the error `RATE_LIMITED`. @default 7200000 (2 h) */
  maxRetryAfterMs?: number | undefined;
}

/** What `createDownloader` takes. */
export interface DownloaderOptions {
  /** Where dumps come from. It stays the caller's: close it after the downloader. */
  source: DumpSource;
  /** Folder that the dump is downloaded to (`DISCOGS_ROOT`); made where it is missing. */
  directory: string;
  /** Files at once. @default 2 */
  concurrency?: number | undefined;
  /** @see RetryOptions */
  retry?: RetryOptions | undefined;
  /** Bytes that stay free on the disk beyond the download, so that others can still save their state. @default 16777216 (16 MiB) */
  reserveBytes?: number | undefined;
  /**
   * How many versions stay in `directory` after a download, the downloaded one among them; `'all'` deletes nothing.
   * Only dump files, CHECKSUM files and their `.part` are ever deleted.
   * @default 'all'
   */
  keepVersions?: number | 'all' | undefined;
  /** Milliseconds between two progress events of a file. @default 250 */
  progressIntervalMs?: number | undefined;
  /** Called with what is worth a log line. */
  onNotice?: ((notice: DownloaderNotice) => void) | undefined;
}

/** {@link RetryOptions} with nothing left open. */
export type RetryPolicy = { readonly [K in keyof RetryOptions]-?: number };

/** {@link DownloaderOptions} with nothing left open. */
export interface DownloaderSettings {
  readonly source: DumpSource;
  readonly directory: string;
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  readonly reserveBytes: number;
  readonly keepVersions: number | 'all';
  readonly progressIntervalMs: number;
  readonly onNotice: (notice: DownloaderNotice) => void;
}

/** A number that is whole and not below the least; else `INVALID_OPTIONS`. */
export const wholeNumber = (name: string, value: number, least: number): number => {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new DownloaderError(
      'INVALID_OPTIONS',
      `${name} must be a whole number from ${least} up, not ${String(value)}`,
    );
  }
  return value;
};

/** Refuses what is no object of options, and a name that is no option: a misspelt one would silently not count. */
export const assertKnownOptions = (options: unknown, names: Readonly<Record<string, true>>): void => {
  if (typeof options !== 'object' || options === null) {
    throw new DownloaderError('INVALID_OPTIONS', `options must be an object, not ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name)) {
      throw new DownloaderError(
        'INVALID_OPTIONS',
        `${name} is no option; there are only ${Object.keys(names).join(', ')}`,
      );
    }
  }
};

const RETRY_NAMES: Readonly<Record<keyof RetryOptions, true>> = {
  attempts: true,
  baseDelayMs: true,
  maxDelayMs: true,
  maxRetryAfterMs: true,
};

const NAMES: Readonly<Record<keyof DownloaderOptions, true>> = {
  source: true,
  directory: true,
  concurrency: true,
  retry: true,
  reserveBytes: true,
  keepVersions: true,
  progressIntervalMs: true,
  onNotice: true,
};

/** Fills in the defaults of the retry options and checks them. */
export const resolveRetry = (options: RetryOptions = {}): RetryPolicy => {
  assertKnownOptions(options, RETRY_NAMES);
  return {
    attempts: wholeNumber('retry.attempts', options.attempts ?? 6, 1),
    baseDelayMs: wholeNumber('retry.baseDelayMs', options.baseDelayMs ?? 1000, 0),
    maxDelayMs: wholeNumber('retry.maxDelayMs', options.maxDelayMs ?? 60_000, 0),
    maxRetryAfterMs: wholeNumber('retry.maxRetryAfterMs', options.maxRetryAfterMs ?? 7_200_000, 0),
  };
};

/** Fills in the defaults and checks every option. */
export const resolveOptions = (options: DownloaderOptions): DownloaderSettings => {
  assertKnownOptions(options, NAMES);
  if (typeof options.source?.list !== 'function' || typeof options.source.open !== 'function') {
    throw new DownloaderError(
      'INVALID_OPTIONS',
      'source must be a DumpSource, as createFolderSource and its like make them',
    );
  }
  if (typeof options.directory !== 'string' || options.directory === '') {
    throw new DownloaderError('INVALID_OPTIONS', 'directory must be the path of a folder');
  }
  const keepVersions = options.keepVersions ?? 'all';
  return {
    source: options.source,
    directory: options.directory,
    concurrency: wholeNumber('concurrency', options.concurrency ?? 2, 1),
    retry: resolveRetry(options.retry),
    reserveBytes: wholeNumber('reserveBytes', options.reserveBytes ?? 16 * 1024 * 1024, 0),
    keepVersions: keepVersions === 'all' ? 'all' : wholeNumber('keepVersions', keepVersions, 1),
    progressIntervalMs: wholeNumber('progressIntervalMs', options.progressIntervalMs ?? 250, 0),
    onNotice: options.onNotice ?? (() => undefined),
  };
};
