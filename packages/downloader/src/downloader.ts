import { withLinkedAbort } from '@discogs-extractor/internal/abort';
import type { DumpListing, ListOptions } from './dump-source.js';
import { DownloaderError } from './errors.js';
import type { DownloadEvent, DownloadRetry } from './events.js';
import { DATA_TYPES, type DataType, isVersion } from './names.js';
import { checks } from './option-checks.js';
import { type DownloaderOptions, resolveOptions } from './options.js';
import { chooseVersion, type DumpChoice } from './plan/choose-version.js';
import { fetchChecksums, type PublishedChecksums } from './plan/fetch-checksums.js';
import type { RetryPolicy } from './retry.js';
import { newestLocalVersion } from './storage/newest-local-version.js';
import { checkDiskSpace, downloadVersion } from './transfer/download-version.js';
import type { VerifiedFile } from './transfer/file-download.js';

/** What `choose` takes. */
export interface ChooseOptions {
  /** `YYYYMMDD`. @default the newest version that is complete for `dataTypes` */
  version?: string | undefined;
  /** The wanted data types. A version is complete if it has these and the CHECKSUM file. @default all four */
  dataTypes?: readonly DataType[] | undefined;
  signal?: AbortSignal | undefined;
}

/** What `checksums` takes. */
export interface ChecksumsOptions {
  signal?: AbortSignal | undefined;
  /** Called before the CHECKSUM file is requested again. It must not throw. */
  onEvent?: ((event: DownloadRetry) => void) | undefined;
}

/** What `download` takes: an earlier choice, or the options of `choose`. */
export interface DownloadOptions extends ChooseOptions {
  /** The result of `choose`, which saves a second listing; `version` and `dataTypes` are then ignored. */
  choice?: DumpChoice | undefined;
  /** Called with everything that happens during the download. It must not throw. */
  onEvent?: ((event: DownloadEvent) => void) | undefined;
}

/** Finds, downloads and verifies dumps. */
export interface Downloader extends AsyncDisposable {
  /** Lists what the source offers. */
  list(options?: ListOptions): Promise<DumpListing>;
  /**
   * Chooses a version. If a part of the listing could not be read, and the directory has or had a newer version than
   * the listed ones, it throws the reason instead of choosing an older version.
   *
   * @throws DownloaderError `NO_VERSION`, `UNKNOWN_VERSION`, `INCOMPLETE_VERSION`, `INVALID_OPTIONS`, or a fault of the
   * source; the signal's reason
   */
  choose(options?: ChooseOptions): Promise<DumpChoice>;
  /**
   * Fetches the published SHA-256 of each file of a choice, in lower-case hex by file name. This is enough to find out
   * whether files that were processed before have changed, without downloading them. A later download of the same
   * choice does not fetch the CHECKSUM file again. With `allowUnverified`, files may be missing from the result.
   *
   * @throws DownloaderError `CHECKSUM_FILE_MALFORMED`, `CHECKSUM_MISSING`, or a fault of the source; the signal's
   * reason
   */
  checksums(choice: DumpChoice, options?: ChecksumsOptions): Promise<ReadonlyMap<string, string>>;
  /**
   * Downloads a version's files into the directory, each verified against the published CHECKSUM (unless
   * `allowUnverified` is set and there is none for it). Resolves in the order
   * of `DATA_TYPES`. A file that fails does not stop the others (unless the disk is full); the first failure is thrown
   * when all have ended.
   *
   * @throws DownloaderError with any code of {@link DownloaderErrorCode}; the signal's reason
   */
  download(options?: DownloadOptions): Promise<VerifiedFile[]>;
  /**
   * Checks that the disk has room for the files of a choice that are not in the directory yet, whole or in part.
   * `download` does that too, after it has verified those that are there. The directory must exist.
   *
   * @throws DownloaderError `DISK_FULL`
   */
  checkDiskSpace(choice: DumpChoice): Promise<void>;
  /** Stops the download in progress and waits for its end. Idempotent. */
  close(): Promise<void>;
}

/** Failures of a local source are not temporary: one retry without a delay is enough. */
const LOCAL_RETRY: RetryPolicy = { attempts: 2, baseDelayMs: 0, maxDelayMs: 0, maxRetryAfterMs: 0 };

/** The wanted types in the order of downloads. */
const resolveDataTypes = (dataTypes: readonly DataType[] = DATA_TYPES): readonly DataType[] => {
  const wanted = checks.list('dataTypes', dataTypes).map((type) => checks.oneOf('dataTypes', type, DATA_TYPES));
  if (wanted.length === 0)
    checks.fail('dataTypes', `an array with at least one of ${DATA_TYPES.join(', ')}`, dataTypes);
  return DATA_TYPES.filter((type) => wanted.includes(type));
};

/**
 * Creates a downloader.
 *
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createDownloader = (options: DownloaderOptions): Downloader => {
  const resolved = resolveOptions(options);
  const settings = { ...resolved, retry: resolved.source.remote ? resolved.retry : LOCAL_RETRY };
  const { source, retry, allowUnverified } = settings;
  const closing = new AbortController();
  const published = new WeakMap<DumpChoice, PublishedChecksums>();
  let running: Promise<VerifiedFile[]> | undefined;

  const list: Downloader['list'] = ({ version, signal } = {}) =>
    withLinkedAbort([signal, closing.signal], (controller) => source.list({ version, signal: controller.signal }));

  const choose: Downloader['choose'] = async ({ version, dataTypes, signal } = {}) => {
    const wanted = resolveDataTypes(dataTypes);
    if (version !== undefined && !isVersion(version)) checks.fail('version', 'a date as YYYYMMDD', version);
    const listing = await list({ version, signal });
    const choice = chooseVersion(listing, wanted, version, allowUnverified);
    const [unreadable] = listing.unreadable ?? [];
    // An older dump than the last one would be downloaded, and delivered over it, because a page was missing for a while.
    if (version === undefined && unreadable !== undefined) {
      const newest = await newestLocalVersion(settings.directory);
      if (newest !== undefined && newest > choice.version) throw unreadable;
    }
    return choice;
  };

  // Fetched once per choice: servers count requests, and a choice is a snapshot of the source.
  const publishedChecksums = async (
    choice: DumpChoice,
    signal: AbortSignal,
    onEvent: ChecksumsOptions['onEvent'],
  ): Promise<PublishedChecksums> => {
    const { checksum: file, version } = choice;
    if (file === undefined) return { text: undefined, checksums: new Map() };
    const known =
      published.get(choice) ??
      (await fetchChecksums({
        source,
        file,
        wanted: choice.files.map(({ name }) => name),
        allowUnverified,
        retry,
        signal,
        onRetry: (failures, delayMs, error) =>
          onEvent?.({ type: 'download-retry', file: file.name, version, failures, delayMs, error }),
      }));
    published.set(choice, known);
    return known;
  };

  const checksums: Downloader['checksums'] = (choice, { signal, onEvent } = {}) =>
    withLinkedAbort([signal, closing.signal], async (controller) => {
      const known = await publishedChecksums(choice, controller.signal, onEvent);
      const names = choice.files.map(({ name }) => name).filter((name) => known.checksums.has(name));
      return new Map(names.map((name) => [name, known.checksums.get(name)!]));
    });

  const download: Downloader['download'] = async ({ choice, signal, onEvent = () => undefined, ...wanted } = {}) => {
    if (running !== undefined) {
      throw new DownloaderError('BUSY', 'A download is in progress; wait for its end, or use another downloader');
    }
    running = withLinkedAbort([signal, closing.signal], async (controller) => {
      const chosen = choice ?? (await choose({ ...wanted, signal: controller.signal }));
      const known = await publishedChecksums(chosen, controller.signal, onEvent);
      return downloadVersion(settings, chosen, known, controller, onEvent);
    });
    try {
      return await running;
    } finally {
      running = undefined;
    }
  };

  const close: Downloader['close'] = async () => {
    closing.abort(new DownloaderError('CLOSED', 'The downloader is closed'));
    await running?.catch(() => undefined);
  };

  return {
    list,
    choose,
    checksums,
    download,
    checkDiskSpace: (choice) => checkDiskSpace(settings, choice),
    close,
    [Symbol.asyncDispose]: close,
  };
};
