import type { VersionSummary } from './errors.js';
import { DownloaderError } from './errors.js';
import type { DownloadEvent } from './events.js';
import type { DataType } from './names.js';
import type { DownloaderOptions } from './options.js';
import type { DumpFile, DumpListing } from './source.js';

/** What is wanted of a source. */
export interface ChooseOptions {
  /** `YYYYMMDD`. @default the newest version that is complete for `types` */
  version?: string | undefined;
  /** Data types that are wanted; a version is complete when it has these and the CHECKSUM file. @default all four */
  types?: readonly DataType[] | undefined;
  signal?: AbortSignal | undefined;
}

/** A version, chosen to be downloaded. */
export interface DumpChoice {
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The wanted data files. */
  readonly files: readonly DumpFile[];
  readonly checksum: DumpFile;
  /** Newer versions that were passed over, since they lack files. */
  readonly passedOver: readonly VersionSummary[];
}

/** What `download` takes: a choice made before, or what `choose` takes. */
export interface DownloadOptions extends ChooseOptions {
  /** The answer of `choose`, which spares a second listing; `version` and `types` are then not looked at. */
  choice?: DumpChoice | undefined;
  /** Called for each file: started, progress, retry, finished, failed. */
  onProgress?: ((event: DownloadEvent) => void) | undefined;
}

/** A file that is in place and whose SHA-256 is the published one. */
export interface VerifiedFile {
  readonly type: DataType;
  readonly name: string;
  /** Where it lies. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** `YYYYMMDD`. */
  readonly version: string;
  /** Whether it lay there already and nothing was fetched. */
  readonly reused: boolean;
}

/** Finds, downloads and verifies dumps. */
export interface Downloader extends AsyncDisposable {
  /** What the source has. */
  list(options?: { version?: string | undefined; signal?: AbortSignal | undefined }): Promise<DumpListing>;
  /**
   * Chooses a version.
   * @throws VersionError `no_version`, `unknown_version`, `incomplete_version`
   * @throws SourceError
   */
  choose(options?: ChooseOptions): Promise<DumpChoice>;
  /**
   * Brings a version's files into the folder, each verified against the published CHECKSUM. Resolves in the order of the types.
   * A file that fails does not stop the others (unless the disk is full); the first failure is thrown when all have ended.
   * @throws VersionError, ChecksumError, ChecksumFileError, StorageError, SourceError, or the signal's reason
   */
  download(options?: DownloadOptions): Promise<VerifiedFile[]>;
  /** Stops what is under way. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a downloader.
 * @throws DownloaderError `invalid_options`
 */
export const createDownloader = async (_options: DownloaderOptions): Promise<Downloader> => {
  throw new DownloaderError('closed', 'not there yet');
};
