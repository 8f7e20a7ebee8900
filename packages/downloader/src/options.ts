import type { DumpSource } from './dump-source.js';
import { checks, isDumpSource, nonEmptyText } from './option-checks.js';
import { type RetryOptions, type RetryPolicy, resolveRetry } from './retry.js';

/** What `createDownloader` takes. */
export interface DownloaderOptions {
  /** Where dumps come from. The caller keeps it, and closes it after the downloader. */
  source: DumpSource;
  /** Directory to download to (`DISCOGS_ROOT`); created if it is missing. */
  directory: string;
  /** Maximum concurrent downloads. @default 2 */
  concurrency?: number | undefined;
  /** Retries of transfers. @see RetryOptions */
  retry?: RetryOptions | undefined;
  /**
   * Disk space to leave free, so that other programs can still save their state.
   *
   * @default 16777216 (16 MiB)
   */
  reserveBytes?: number | undefined;
  /**
   * How many versions to keep in `directory` after a download, including the downloaded one; `'all'` deletes nothing.
   * Only dump files, CHECKSUM files and their partial or temporary files are ever deleted.
   *
   * @default 'all'
   */
  keepVersions?: number | 'all' | undefined;
  /** Minimum time between two progress events of a file. @default 250 */
  progressIntervalMs?: number | undefined;
  /**
   * Whether to download files without a published SHA-256: of a version without a CHECKSUM file, or that its CHECKSUM
   * file has no line for. They have to be whole gzip files of the announced size, and are marked as not `verified`.
   *
   * @default false
   */
  allowUnverified?: boolean | undefined;
}

/** {@link DownloaderOptions} with every default filled in. */
export interface DownloaderSettings {
  readonly source: DumpSource;
  readonly directory: string;
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  readonly reserveBytes: number;
  readonly keepVersions: number | 'all';
  readonly progressIntervalMs: number;
  readonly allowUnverified: boolean;
}

const KNOWN: Readonly<Record<keyof DownloaderOptions, true>> = {
  source: true,
  directory: true,
  concurrency: true,
  retry: true,
  reserveBytes: true,
  keepVersions: true,
  progressIntervalMs: true,
  allowUnverified: true,
};

/**
 * Fills in the defaults and checks every option.
 *
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const resolveOptions = (options: DownloaderOptions): DownloaderSettings => {
  checks.object('', options, KNOWN);
  if (!isDumpSource(options.source)) {
    checks.fail('source', 'a DumpSource, such as createFolderSource returns', options.source);
  }
  const keepVersions = options.keepVersions ?? 'all';
  return {
    source: options.source,
    directory: nonEmptyText('directory', options.directory, 'the path of a directory'),
    concurrency: checks.wholeNumber('concurrency', options.concurrency ?? 2, { min: 1 }),
    retry: resolveRetry(options.retry),
    reserveBytes: checks.wholeNumber('reserveBytes', options.reserveBytes ?? 16 * 1024 * 1024, { min: 0 }),
    keepVersions: keepVersions === 'all' ? 'all' : checks.wholeNumber('keepVersions', keepVersions, { min: 1 }),
    progressIntervalMs: checks.wholeNumber('progressIntervalMs', options.progressIntervalMs ?? 250, { min: 0 }),
    allowUnverified: checks.boolean('allowUnverified', options.allowUnverified ?? false),
  };
};
