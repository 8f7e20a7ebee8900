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
  /** Milliseconds before the second try; doubled for each one after, with full jitter. @default 1000 */
  baseDelayMs?: number | undefined;
  /** Longest of these waits, milliseconds. @default 60000 */
  maxDelayMs?: number | undefined;
  /** Longest `Retry-After` that is waited for, milliseconds; a longer one is the error `rate_limited`. @default 7200000 (2 h) */
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
