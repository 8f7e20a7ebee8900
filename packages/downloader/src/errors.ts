/** Codes of faults of a source: these are what a {@link DumpSource} throws, next to `CLOSED`. */
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

/**
 * Everything that can go wrong, as the `code` of a {@link DownloaderError}.
 *
 * | code | meaning | facts |
 * |---|---|---|
 * | `INVALID_OPTIONS` | an option or argument has an unusable value | |
 * | `CLOSED` | the downloader or source was closed before or during the call | |
 * | `BUSY` | a download is in progress; a downloader runs one at a time | |
 * | `NO_VERSION` | no version is complete for the wanted types | `missing`, `available` |
 * | `UNKNOWN_VERSION` | the source does not list the requested version | `version`, `available` |
 * | `INCOMPLETE_VERSION` | the requested version lacks files | `version`, `missing`, `available` |
 * | `CHECKSUM_MISMATCH` | the bytes are not the published ones | `file`, `expected`, `actual`, `bytes`, `attempts` |
 * | `CHECKSUM_FILE_MALFORMED` | a CHECKSUM file has an invalid line | `file`, `line` |
 * | `CHECKSUM_MISSING` | a CHECKSUM file has no line for a wanted file | `file`, `missing` |
 * | `DISK_FULL` | too little disk space, found before or during a transfer | `path`, `neededBytes`, `freeBytes` |
 * | `STORAGE_FAILED` | the directory cannot be read or written | `path` |
 *
 * The remaining codes are faults of a source, with the facts `source`, `location`, `status`, `retryable`,
 * `retryAfterMs` and `attempts`:
 *
 * | code | meaning |
 * |---|---|
 * | `SOURCE_UNREACHABLE` | no response: name resolution, connection, TLS, or an unreadable folder |
 * | `ACCESS_DENIED` | the source refuses (HTTP 401 or 403, S3 `AccessDenied`) |
 * | `NOT_FOUND` | the file or bucket does not exist |
 * | `RATE_LIMITED` | HTTP 429 or 503, more often or for longer than the retry options allow |
 * | `HTTP_STATUS` | any other unexpected status |
 * | `RANGE_REJECTED` | HTTP 416, or a range other than the requested one |
 * | `LISTING_UNREADABLE` | the response is not a listing |
 * | `UNEXPECTED_CONTENT` | the body is not a gzip stream (a challenge page, an error page) |
 * | `BODY_CUT` | the body ended early |
 * | `BODY_STALLED` | no byte arrived within the stall timeout |
 */
export type DownloaderErrorCode =
  | 'INVALID_OPTIONS'
  | 'CLOSED'
  | 'BUSY'
  | 'NO_VERSION'
  | 'UNKNOWN_VERSION'
  | 'INCOMPLETE_VERSION'
  | 'CHECKSUM_MISMATCH'
  | 'CHECKSUM_FILE_MALFORMED'
  | 'CHECKSUM_MISSING'
  | 'DISK_FULL'
  | 'STORAGE_FAILED'
  | SourceErrorCode;

/** A version of the dump, and what it lacks to be complete for the wanted types. */
export interface VersionSummary {
  /** `YYYYMMDD`. */
  readonly version: string;
  /** Names of the files that are needed and not available; empty for a complete version. */
  readonly missing: readonly string[];
}

/** Details of a {@link DownloaderError}; {@link DownloaderErrorCode} lists which code has which. */
export interface DownloaderErrorFacts {
  /** The requested version, `YYYYMMDD`. */
  readonly version?: string | undefined;
  /** Names of the files that a version, or of the lines that a CHECKSUM file, lacks. */
  readonly missing?: readonly string[] | undefined;
  /** The versions that the source lists, newest first. */
  readonly available?: readonly VersionSummary[] | undefined;
  /** Name of the file. */
  readonly file?: string | undefined;
  /** The published SHA-256, lower-case hex. */
  readonly expected?: string | undefined;
  /** The SHA-256 of the received bytes, lower-case hex. */
  readonly actual?: string | undefined;
  /** Number of received bytes. */
  readonly bytes?: number | undefined;
  /** Number of the invalid line, from 1; `undefined` if the fault is not in a single line. */
  readonly line?: number | undefined;
  /** The file or directory concerned. */
  readonly path?: string | undefined;
  /** Bytes still to be written, if known. */
  readonly neededBytes?: number | undefined;
  /** Bytes that were free for this user, if known. */
  readonly freeBytes?: number | undefined;
  /** {@link DumpSource.name} of the source. */
  readonly source?: string | undefined;
  /** What was requested: a URL without credentials, `s3://bucket/key`, or a path. */
  readonly location?: string | undefined;
  /** HTTP status, if there was one. */
  readonly status?: number | undefined;
  /** Whether another attempt may succeed. */
  readonly retryable?: boolean | undefined;
  /** Milliseconds that the source asked to wait before the next request. */
  readonly retryAfterMs?: number | undefined;
  /** Number of attempts that were made. */
  readonly attempts?: number | undefined;
}

/**
 * Every error that this package throws, except for an abort, which rejects with the signal's own reason.
 *
 * @see DownloaderErrorCode
 */
export class DownloaderError extends Error {
  override readonly name = 'DownloaderError';
  readonly code: DownloaderErrorCode;
  readonly facts: DownloaderErrorFacts;

  constructor(
    code: DownloaderErrorCode,
    message: string,
    { facts = {}, cause }: { facts?: DownloaderErrorFacts; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}

const SOURCE_ERROR_CODES: Readonly<Record<SourceErrorCode, true>> = {
  SOURCE_UNREACHABLE: true,
  ACCESS_DENIED: true,
  NOT_FOUND: true,
  RATE_LIMITED: true,
  HTTP_STATUS: true,
  RANGE_REJECTED: true,
  LISTING_UNREADABLE: true,
  UNEXPECTED_CONTENT: true,
  BODY_CUT: true,
  BODY_STALLED: true,
};

/** Whether an error is a fault of a source. */
export const isSourceError = (error: unknown): error is DownloaderError & { readonly code: SourceErrorCode } =>
  error instanceof DownloaderError && Object.hasOwn(SOURCE_ERROR_CODES, error.code);

/** The same error with the number of attempts among its facts. */
export const withAttempts = ({ code, message, facts, cause }: DownloaderError, attempts: number): DownloaderError =>
  new DownloaderError(code, message, { facts: { ...facts, attempts }, cause });
