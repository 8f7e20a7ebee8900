import type { DownloaderError } from './errors.js';
import type { DataType } from './names.js';

interface OfDataFile {
  /** File name. */
  readonly file: string;
  readonly dataType: DataType;
  /** `YYYYMMDD`. */
  readonly version: string;
}

/** Work on a file begins: a local copy is verified first, then the file is transferred if necessary. */
export interface DownloadStarted extends OfDataFile {
  readonly type: 'download-started';
  /** Size of the file, if known by now. */
  readonly bytesTotal?: number | undefined;
}

/** Comes at most once per `progressIntervalMs`, and at the end of each phase. */
export interface DownloadProgress extends OfDataFile {
  readonly type: 'download-progress';
  /** `verify` hashes a local copy; `download` transfers the file. */
  readonly phase: 'verify' | 'download';
  /**
   * Bytes of the file that are verified or transferred, including an earlier run's. Falls when a transfer starts over.
   */
  readonly bytes: number;
  /** Size of the file, if known. */
  readonly bytesTotal?: number | undefined;
  /** Average of the last few seconds. */
  readonly bytesPerSecond: number;
  /** Estimated milliseconds until the end of the phase; `undefined` if the size is unknown or nothing moves. */
  readonly remainingMs?: number | undefined;
}

/** A transfer failed and will be retried. */
export interface DownloadRetry {
  readonly type: 'download-retry';
  /** File name. */
  readonly file: string;
  /** `undefined` for the CHECKSUM file. */
  readonly dataType?: DataType | undefined;
  /** `YYYYMMDD`. */
  readonly version: string;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
  /** The reason, usually a `DownloaderError`. */
  readonly error: Error;
}

/** A file is in place, verified if a SHA-256 is published, and recorded in the metadata file. */
export interface DownloadFinished extends OfDataFile {
  readonly type: 'download-finished';
  /** Absolute path. */
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Whether `sha256` is the published one; `false` only with `allowUnverified`. */
  readonly verified: boolean;
  /** Whether a local copy was used and nothing was transferred. */
  readonly reused: boolean;
}

/** A file was given up. The others continue, unless the disk is full. */
export interface DownloadFailed extends OfDataFile {
  readonly type: 'download-failed';
  readonly error: Error;
}

/** `.discogs_metadata.json` could not be read. It was renamed, and all files are hashed again. */
export interface MetadataSetAside {
  readonly type: 'metadata-set-aside';
  /** The new path of the unreadable file. */
  readonly path: string;
  readonly error: Error;
}

/** The files of an old version were deleted because of `keepVersions`. */
export interface VersionPruned {
  readonly type: 'version-pruned';
  /** `YYYYMMDD`. */
  readonly version: string;
  /** Names of the deleted files. */
  readonly files: readonly string[];
}

/** What a downloader reports to `onEvent`. */
export type DownloadEvent =
  | DownloadStarted
  | DownloadProgress
  | DownloadRetry
  | DownloadFinished
  | DownloadFailed
  | MetadataSetAside
  | VersionPruned;

/** A request for a listing failed and will be retried. */
export interface ListingRetry {
  readonly type: 'listing-retry';
  /** {@link DumpSource.name} of the source. */
  readonly source: string;
  /** What was requested: a URL without credentials, or `s3://bucket/prefix`. */
  readonly location: string;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
  readonly error: Error;
}

/**
 * The page of a year is missing or has no listing, and the versions of other years are listed without it. Discogs may
 * link to a year before it has any dump.
 */
export interface ListingPageSkipped {
  readonly type: 'listing-page-skipped';
  /** {@link DumpSource.name} of the source. */
  readonly source: string;
  /** URL of the page, without credentials. */
  readonly location: string;
  readonly error: DownloaderError;
}

/** A source of a fallback source was given up, and the next one is tried. */
export interface SourceFallback {
  readonly type: 'source-fallback';
  /** {@link DumpSource.name} of the source that was given up. */
  readonly from: string;
  /** {@link DumpSource.name} of the next source. */
  readonly to: string;
  /** The reason; `undefined` if the source responded but has no versions. */
  readonly error?: DownloaderError | undefined;
}
