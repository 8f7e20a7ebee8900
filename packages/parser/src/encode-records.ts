import { ParserError } from './errors.js';
import type { EncodedBlock } from './stream/encoded-block.js';
import { type DumpSource, type ReadOptions, resolveReadOptions } from './stream/options.js';
import type { RecordStream } from './stream/record-stream.js';

/**
 * Reads a dump and gives its records as message bodies with their SHA-256, in blocks of about 1 MiB of XML, in document
 * order.
 *
 * @throws ParserError `INVALID_OPTIONS`, `ENGINE_UNAVAILABLE` at once; all else while iterating.
 */
export const encodeRecords = (source: DumpSource, options: ReadOptions = {}): RecordStream<EncodedBlock> => {
  resolveReadOptions(options);
  throw new ParserError('ENGINE_UNAVAILABLE', `not yet built: ${String(source)}`);
};
