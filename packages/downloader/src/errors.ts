/**
 * Everything that can go wrong, as the `code` of a {@link DownloaderError}. The class that carries a code holds its facts.
 *
 * | code | class | meaning |
 * |---|---|---|
 * | `INVALID_OPTIONS` | {@link DownloaderError} | an option has a value that cannot be used |
 * | `CLOSED` | {@link DownloaderError} | the downloader or source was closed while, or before, it worked |
 * | `BUSY` | {@link DownloaderError} | a download is under way; a downloader does one at a time |
 * | `NO_VERSION` | {@link VersionError} | the source has no version that is complete for the wanted types |
 * | `UNKNOWN_VERSION` | {@link VersionError} | the version asked for is not there |
 * | `INCOMPLETE_VERSION` | {@link VersionError} | the version asked for lacks files |
 * | `CHECKSUM_MISMATCH` | {@link ChecksumError} | the bytes are not those that were published |
 * | `CHECKSUM_FILE_MALFORMED` | {@link ChecksumFileError} | a CHECKSUM file has a line that is none |
 * | `CHECKSUM_MISSING` | {@link ChecksumFileError} | a CHECKSUM file has no line for a wanted file |
 * | `DISK_FULL` | {@link StorageError} | too little space, found before the transfer or in its midst |
 * | `STORAGE_FAILED` | {@link StorageError} | the folder cannot be read or written |
 * | `SOURCE_UNREACHABLE` | {@link SourceError} | no answer: name, connection, TLS, or a folder that cannot be read |
 * | `ACCESS_DENIED` | {@link SourceError} | the source refuses (HTTP 401, 403, S3 `AccessDenied`) |
 * | `NOT_FOUND` | {@link SourceError} | the file or bucket is not there |
 * | `RATE_LIMITED` | {@link SourceError} | HTTP 429 or 503, more often or for longer than is waited for |
 * | `HTTP_STATUS` | {@link SourceError} | any other unexpected status |
 * | `RANGE_REJECTED` | {@link SourceError} | HTTP 416, or a range other than the one asked for |
 * | `LISTING_UNREADABLE` | {@link SourceError} | the listing came and held nothing that can be read as one |
 * | `UNEXPECTED_CONTENT` | {@link SourceError} | the body is not a gzip stream (a challenge page, an error page) |
 * | `BODY_CUT` | {@link SourceError} | the body ended early |
 * | `BODY_STALLED` | {@link SourceError} | no byte came for as long as the stall timeout |
 */
export type DownloaderErrorCode =
  | 'INVALID_OPTIONS'
  | 'CLOSED'
  | 'BUSY'
  | VersionErrorCode
  | 'CHECKSUM_MISMATCH'
  | ChecksumFileErrorCode
  | StorageErrorCode
  | SourceErrorCode;

/** Codes of a {@link VersionError}. */
export type VersionErrorCode = 'NO_VERSION' | 'UNKNOWN_VERSION' | 'INCOMPLETE_VERSION';
/** Codes of a {@link ChecksumFileError}. */
export type ChecksumFileErrorCode = 'CHECKSUM_FILE_MALFORMED' | 'CHECKSUM_MISSING';
/** Codes of a {@link StorageError}. */
export type StorageErrorCode = 'DISK_FULL' | 'STORAGE_FAILED';
/** Codes of a {@link SourceError}. */
export type SourceErrorCode =
  | 'SOURCE_UNREACHABLE'
  | 'ACCESS_DENIED'
  | 'NOT_FOUND'
  | 'RATE_LIMITED'
  | 'HTTP_STATUS'
  | 'RANGE_REJECTED'
  | 'LISTING_UNREADABLE'
  | 'UNEXPECTED_CONTENT'
  | 'BODY_CUT'
  | 'BODY_STALLED';

/** The base of every error that this package throws, except an abort, which rejects with the signal's own reason. */
export class DownloaderError extends Error {
  override readonly name: string = 'DownloaderError';

  constructor(
    readonly code: DownloaderErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A version of the dump and what it lacks to be complete for the wanted types. */
export interface VersionSummary {
  /** `YYYYMMDD`. */
  readonly version: string;
  /** Names of the files that are needed and not there; empty for a complete version. */
  readonly missing: readonly string[];
}

/** No version to download. */
export class VersionError extends DownloaderError {
  override readonly name = 'VersionError';
  declare readonly code: VersionErrorCode;

  constructor(
    code: VersionErrorCode,
    message: string,
    readonly facts: {
      /** The version asked for, `null` where the newest was. */
      readonly version: string | null;
      /** Names of the files that the version asked for lacks. */
      readonly missing: readonly string[];
      /** The versions there are, newest first. */
      readonly available: readonly VersionSummary[];
    },
  ) {
    super(code, message);
  }
}

/** A file whose bytes are not the published ones. Nothing of it is left under its final name by the downloader. */
export class ChecksumError extends DownloaderError {
  override readonly name = 'ChecksumError';
  declare readonly code: 'CHECKSUM_MISMATCH';

  constructor(
    message: string,
    readonly facts: {
      /** Name of the file. */
      readonly file: string;
      /** SHA-256 that the CHECKSUM file publishes, lower-case hex. */
      readonly expected: string;
      /** SHA-256 of the bytes that came, lower-case hex. */
      readonly actual: string;
      /** How many bytes came. */
      readonly bytes: number;
      /** How many transfers were tried. */
      readonly attempts: number;
    },
  ) {
    super('CHECKSUM_MISMATCH', message);
  }
}

/** A CHECKSUM file that cannot be relied on. */
export class ChecksumFileError extends DownloaderError {
  override readonly name = 'ChecksumFileError';
  declare readonly code: ChecksumFileErrorCode;

  constructor(
    code: ChecksumFileErrorCode,
    message: string,
    readonly facts: {
      /** Name of the CHECKSUM file. */
      readonly file: string;
      /** The offending line's number, from 1, or `null` where it is about no line. */
      readonly line: number | null;
      /** Names of the files that have no line. */
      readonly missing: readonly string[];
    },
  ) {
    super(code, message);
  }
}

/** The folder that the dump is written to does not take it. */
export class StorageError extends DownloaderError {
  override readonly name = 'StorageError';
  declare readonly code: StorageErrorCode;

  constructor(
    code: StorageErrorCode,
    message: string,
    readonly facts: {
      /** The file or folder concerned. */
      readonly path: string;
      /** Bytes still to be written, where known (`DISK_FULL`). */
      readonly neededBytes: number | null;
      /** Bytes free for this user at that moment, where known (`DISK_FULL`). */
      readonly freeBytes: number | null;
    },
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** The source did not give what it was asked for. */
export class SourceError extends DownloaderError {
  override readonly name = 'SourceError';
  declare readonly code: SourceErrorCode;

  constructor(
    code: SourceErrorCode,
    message: string,
    readonly facts: {
      /** {@link DumpSource.name} of the source. */
      readonly source: string;
      /** What was asked for: a URL without credentials, `s3://bucket/key`, or a path. */
      readonly location: string;
      /** HTTP status, where there was one. */
      readonly status?: number | undefined;
      /** Whether asking again may help. */
      readonly retryable: boolean;
      /** Milliseconds that the source asked to be left alone for. */
      readonly retryAfterMs?: number | undefined;
      /** How many times it was tried before this error was given up to. */
      readonly attempts?: number | undefined;
    },
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }

  /** The same error, saying how often it was tried. */
  withAttempts(attempts: number): SourceError {
    return new SourceError(this.code, this.message, { ...this.facts, attempts }, { cause: this.cause });
  }
}
