import { downloadVersion, publishedChecksumsOf } from './download.js';
import { DownloaderError } from './errors.js';
import type { DownloadEvent } from './events.js';
import type { VerifiedFile } from './file-task.js';
import { withLinkedAbort } from './linked-abort.js';
import { DATA_TYPES, type DataType, isVersion } from './names.js';
import { type DownloaderOptions, resolveOptions } from './options.js';
import type { PublishedChecksums } from './published-checksums.js';
import type { DumpListing } from './source.js';
import { chooseVersion, type DumpChoice } from './version-choice.js';

/** What is wanted of a source. */
export interface ChooseOptions {
  /** `YYYYMMDD`. @default the newest version that is complete for `types` */
  version?: string | undefined;
  /** Data types that are wanted; a version is complete when it has these and the CHECKSUM file. @default all four */
  types?: readonly DataType[] | undefined;
  signal?: AbortSignal | undefined;
}

/** What `download` takes: a choice made before, or what `choose` takes. */
export interface DownloadOptions extends ChooseOptions {
  /** The answer of `choose`, which spares a second listing; `version` and `types` are then not looked at. */
  choice?: DumpChoice | undefined;
  /** Called for each file: started, progress, retry, finished, failed. It must not throw. */
  onProgress?: ((event: DownloadEvent) => void) | undefined;
}

/** Finds, downloads and verifies dumps. */
export interface Downloader extends AsyncDisposable {
  /** What the source has. */
  list(options?: { version?: string | undefined; signal?: AbortSignal | undefined }): Promise<DumpListing>;
  /**
   * Chooses a version.
   * @throws VersionError `NO_VERSION`, `UNKNOWN_VERSION`, `INCOMPLETE_VERSION`
   * @throws SourceError
   */
  choose(options?: ChooseOptions): Promise<DumpChoice>;
  /**
   * The SHA-256 that is published for each of the choice's files, in lower-case hex by file name: enough to tell whether files
   * that were dealt with before are still the same, without fetching them. A download of the same choice does not ask again.
   * @throws ChecksumFileError, SourceError, or the signal's reason
   */
  checksums(choice: DumpChoice, options?: { signal?: AbortSignal | undefined }): Promise<ReadonlyMap<string, string>>;
  /**
   * Brings a version's files into the folder, each verified against the published CHECKSUM. Resolves in the order of the types.
   * A file that fails does not stop the others (unless the disk is full); the first failure is thrown when all have ended.
   * @throws VersionError, ChecksumError, ChecksumFileError, StorageError, SourceError, or the signal's reason
   */
  download(options?: DownloadOptions): Promise<VerifiedFile[]>;
  /** Stops what is under way and waits for its end. Idempotent. */
  close(): Promise<void>;
}

/** The wanted types in the order of downloads, all of them by default. */
const resolveTypes = (types: readonly DataType[] = DATA_TYPES): readonly DataType[] => {
  if (!Array.isArray(types) || types.length === 0 || types.some((type) => !DATA_TYPES.includes(type))) {
    const given = [types].flat().join(', ');
    throw new DownloaderError('INVALID_OPTIONS', `types must be some of ${DATA_TYPES.join(', ')}, not "${given}"`);
  }
  return DATA_TYPES.filter((type) => types.includes(type));
};

/**
 * Makes a downloader.
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createDownloader = async (options: DownloaderOptions): Promise<Downloader> => {
  const settings = resolveOptions(options);
  const closing = new AbortController();
  const published = new WeakMap<DumpChoice, PublishedChecksums>();
  let running: Promise<VerifiedFile[]> | null = null;

  const list: Downloader['list'] = ({ version, signal } = {}) =>
    withLinkedAbort([signal, closing.signal], (aborter) => settings.source.list({ version, signal: aborter.signal }));

  const choose: Downloader['choose'] = async ({ version, types, signal } = {}) => {
    const wanted = resolveTypes(types);
    if (version !== undefined && !isVersion(version)) {
      throw new DownloaderError('INVALID_OPTIONS', `version must be a day as YYYYMMDD, not "${version}"`);
    }
    return chooseVersion(await list({ version, signal }), wanted, version);
  };

  // Once for each choice: servers count requests, and a choice is what was there at one moment.
  const publishedOf = async (choice: DumpChoice, signal: AbortSignal): Promise<PublishedChecksums> => {
    const known = published.get(choice) ?? (await publishedChecksumsOf(settings, choice, signal));
    published.set(choice, known);
    return known;
  };

  const download: Downloader['download'] = async ({ choice, signal, onProgress = () => undefined, ...wanted } = {}) => {
    // Two at once would write to the same part files.
    if (running !== null) throw new DownloaderError('BUSY', 'A download is under way');
    running = withLinkedAbort([signal, closing.signal], async (aborter) => {
      const chosen = choice ?? (await choose({ ...wanted, signal: aborter.signal }));
      const known = await publishedOf(chosen, aborter.signal);
      return downloadVersion(settings, chosen, known, aborter, onProgress);
    });
    try {
      return await running;
    } finally {
      running = null;
    }
  };

  const checksums: Downloader['checksums'] = (choice, { signal } = {}) =>
    withLinkedAbort([signal, closing.signal], async (aborter) => {
      const { checksums: byName } = await publishedOf(choice, aborter.signal);
      return new Map(choice.files.map(({ name }) => [name, byName.get(name)!]));
    });

  const close: Downloader['close'] = async () => {
    closing.abort(new DownloaderError('CLOSED', 'The downloader is closed'));
    await running?.catch(() => undefined);
  };

  return { list, choose, checksums, download, close, [Symbol.asyncDispose]: close };
};
