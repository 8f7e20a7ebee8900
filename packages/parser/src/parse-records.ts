import type { DataType } from './data-type.js';
import { ParserError } from './errors.js';
import type { RecordTypes } from './record/types.js';
import { type DumpSource, type ReadOptions, resolveReadOptions } from './stream/options.js';
import type { RecordStream } from './stream/record-stream.js';

/** One record as an object. */
export interface ParsedRecord<T extends DataType = DataType> {
  /** 1 for the dump's first record, the ones that `skip` passed over included. */
  number: number;
  /** The record id, or `unknown`. */
  id: string;
  /** SHA-256 of the record's canonical JSON, 64 lower-case hexadecimal digits. */
  sha256: string;
  /** The record: its canonical JSON, parsed. */
  record: RecordTypes[T];
}

/**
 * Reads a dump and gives its records as objects, in document order. With `dataType` the records are typed.
 *
 * @throws ParserError `INVALID_OPTIONS`, `ENGINE_UNAVAILABLE` at once; all else while iterating.
 */
export const parseRecords = <T extends DataType = DataType>(
  source: DumpSource,
  options: ReadOptions & { dataType?: T | undefined } = {},
): RecordStream<ParsedRecord<T>> => {
  resolveReadOptions(options);
  throw new ParserError('ENGINE_UNAVAILABLE', `not yet built: ${String(source)}`);
};
