import type { DataType } from './names.js';

interface OfFile {
  /** File name. */
  readonly name: string;
  readonly type: DataType;
  /** `YYYYMMDD`. */
  readonly version: string;
}

/** Work on a file begins: it is looked for locally first, then fetched. */
export interface FileStarted extends OfFile {
  readonly kind: 'file_started';
  /** The file's size in bytes, or `null` where not known yet. */
  readonly total: number | null;
}

/** At most one each `progressInterval`, and one at the end of each phase. */
export interface FileProgress extends OfFile {
  readonly kind: 'file_progress';
  /** `verify` reads what lies here already; `download` fetches. */
  readonly phase: 'verify' | 'download';
  /** Bytes of the file that are here, those of an earlier run included. It falls when a transfer must start over. */
  readonly bytes: number;
  /** Size of the file in bytes, or `null` where not known. */
  readonly total: number | null;
  /** Bytes per second over the last few seconds. */
  readonly rate: number;
  /** Seconds left at that rate, or `null` where the size is not known or nothing moves. */
  readonly eta: number | null;
}

/** A transfer failed and is tried again. */
export interface FileRetry extends OfFile {
  readonly kind: 'file_retry';
  /** How many tries in a row have failed. */
  readonly failures: number;
  /** Milliseconds until the next one. */
  readonly delayMs: number;
  /** Why: a `SourceError` or a `ChecksumError`. */
  readonly error: Error;
}

/** A file is in place, verified, and remembered. */
export interface FileFinished extends OfFile {
  readonly kind: 'file_finished';
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Whether it lay there already and nothing was fetched. */
  readonly reused: boolean;
}

/** A file was given up. The others go on, unless the disk is full. */
export interface FileFailed extends OfFile {
  readonly kind: 'file_failed';
  readonly error: Error;
}

/** What `download` reports of each file. */
export type DownloadEvent = FileStarted | FileProgress | FileRetry | FileFinished | FileFailed;

/** What is worth a line in the log and no error. */
export type DownloaderNotice =
  | {
      /** `.discogs_metadata.json` could not be read. It was moved aside and files are hashed anew. */
      readonly kind: 'metadata_damaged';
      readonly path: string;
      readonly movedTo: string;
      readonly error: Error;
    }
  | {
      /** Files of an old version were deleted because of `keepVersions`. */
      readonly kind: 'version_pruned';
      readonly version: string;
      readonly files: readonly string[];
    }
  | {
      /** Fetching or reading the CHECKSUM file failed and is tried again. */
      readonly kind: 'checksum_retry';
      readonly file: string;
      /** How many tries in a row have failed. */
      readonly failures: number;
      /** Milliseconds until the next one. */
      readonly delayMs: number;
      readonly error: Error;
    };
