/**
 * What went wrong, as a value to test for.
 *
 * - `INVALID_OPTIONS`: an option has an impossible value, or an unknown name.
 * - `ENGINE_UNAVAILABLE`: the engine asked for, or gunzip, does not run in this runtime.
 * - `SOURCE_UNREADABLE`: the file cannot be read (see `cause`), or the input yields something that is not bytes.
 * - `EMPTY_INPUT`: the input holds nothing but white space.
 * - `NOT_A_DUMP`: the input is not a Discogs dump; the message says what it seems to be instead.
 * - `UNSUPPORTED_ENCODING`: the input has an encoding other than UTF-8.
 * - `DATA_TYPE_MISMATCH`: the dump is of another data type than the option `dataType`.
 * - `TRUNCATED`: the gzip stream or the XML ends too early.
 * - `CORRUPT_GZIP`: the gzip stream is damaged.
 * - `TOO_MANY_MALFORMED`: there are more malformed records than `maxMalformed`.
 * - `WORKER_FAILED`: a worker thread died (see `cause`) or was closed.
 * - `INVALID_TRANSFORM`: a module of the option `transform` or of `mapRecords` cannot be loaded, has no
 *   `createTransform` or `createMapper`, or returns a promise (see `module` and `cause`).
 * - `ALREADY_READ`: a stream of records is iterated a second time.
 * - `INVALID_RECORD`: `toArtist`, `toLabel`, `toMaster` or `toRelease` was called with something other than a record.
 *
 * Errors of a dump, from `EMPTY_INPUT` to `TOO_MANY_MALFORMED`, have the facts `byteOffset` and `recordsBefore`;
 * other errors while iterating have `recordsBefore`.
 */
export type ParserErrorCode =
  | 'INVALID_OPTIONS'
  | 'ENGINE_UNAVAILABLE'
  | 'SOURCE_UNREADABLE'
  | 'EMPTY_INPUT'
  | 'NOT_A_DUMP'
  | 'UNSUPPORTED_ENCODING'
  | 'DATA_TYPE_MISMATCH'
  | 'TRUNCATED'
  | 'CORRUPT_GZIP'
  | 'TOO_MANY_MALFORMED'
  | 'WORKER_FAILED'
  | 'INVALID_TRANSFORM'
  | 'ALREADY_READ'
  | 'INVALID_RECORD';

/** Where a {@link ParserError} occurred. */
export interface ParserErrorFacts {
  /** Position in the XML (after gunzip), in bytes from its start; `undefined` if no position can be named. */
  readonly byteOffset?: number | undefined;
  /** The number of records delivered or skipped before the error; `undefined` if reading had not begun. */
  readonly recordsBefore?: number | undefined;
  /** The path of the dump, if it was read from one. */
  readonly path?: string | undefined;
  /** The module of the option `transform` or of `mapRecords`, as it was named there; only with `INVALID_TRANSFORM`. */
  readonly module?: string | undefined;
}

/** The only error class of this package: test `code`, read `message`. */
export class ParserError extends Error {
  override readonly name = 'ParserError';
  readonly code: ParserErrorCode;
  readonly facts: ParserErrorFacts;

  constructor(
    code: ParserErrorCode,
    message: string,
    { facts = {}, cause }: { facts?: ParserErrorFacts | undefined; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}
