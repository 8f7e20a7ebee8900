/**
 * What went wrong, as a value to test for.
 *
 * - `INVALID_OPTIONS`: an option has an impossible value.
 * - `ENGINE_UNAVAILABLE`: the engine asked for does not run on this machine.
 * - `SOURCE_UNREADABLE`: the file cannot be read (see `cause`), or the source yields something that is not bytes.
 * - `EMPTY_INPUT`: nothing but white space.
 * - `NOT_A_DUMP`: something that is no Discogs dump.
 * - `UNSUPPORTED_ENCODING`: an encoding other than UTF-8.
 * - `DATA_TYPE_MISMATCH`: a dump of another data type than the one asked for.
 * - `TRUNCATED`: the gzip stream or the XML ends too early.
 * - `CORRUPT_GZIP`: the gzip stream is damaged.
 * - `TOO_MANY_MALFORMED`: more malformed records than `maxMalformed`.
 * - `WORKER_FAILED`: a worker thread died (see `cause`).
 * - `ALREADY_READ`: a stream of records is iterated a second time.
 * - `INVALID_RECORD`: what `toArtist` and the like were given is no record.
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
  | 'ALREADY_READ'
  | 'INVALID_RECORD';

export interface ParserErrorFacts {
  /** Where in the XML (after gunzip), in bytes from its start. */
  byteOffset?: number | undefined;
  /** How many records had been delivered or passed over before. */
  recordsBefore?: number | undefined;
  cause?: unknown;
}

/** The one error class of this package: test `code`, read `message`. */
export class ParserError extends Error {
  override readonly name = 'ParserError';
  readonly code: ParserErrorCode;
  /** Where in the XML (after gunzip), in bytes from its start; `undefined` where no place can be named. */
  readonly byteOffset: number | undefined;
  /** The number of the last record before the error; `undefined` where reading had not begun. */
  readonly recordsBefore: number | undefined;

  constructor(code: ParserErrorCode, message: string, facts: ParserErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.byteOffset = facts.byteOffset;
    this.recordsBefore = facts.recordsBefore;
  }
}
