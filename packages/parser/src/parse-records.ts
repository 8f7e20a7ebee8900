import type { DataType } from './data-type.js';
import { resolveEngine } from './kernel/engine.js';
import type { DumpInput, ParseOptions } from './options.js';
import { deliver } from './read/deliver.js';
import { DeliveredItems } from './read/delivered-items.js';
import { openParsedRecords, type ParsedRecord } from './read/parsed-records.js';
import { type RecordStream, recordStream } from './read/record-stream.js';
import { resolveParseOptions } from './read/resolve-options.js';
import { newReadStats } from './reports.js';

/**
 * Reads a dump and yields its records as objects, in document order. With `dataType` the records are typed.
 *
 * @throws ParserError `INVALID_OPTIONS`, `ENGINE_UNAVAILABLE` immediately; everything else while iterating.
 */
export const parseRecords = <T extends DataType = DataType>(
  input: DumpInput,
  options: ParseOptions & { dataType?: T | undefined } = {},
): RecordStream<ParsedRecord<T>> => {
  const resolved = resolveParseOptions(options);
  const engine = resolveEngine(resolved.engine);
  const stats = newReadStats();
  const output = engine === 'fast' ? 'packed' : 'json';
  const deliveries = deliver(input, resolved, engine, output, stats);
  return recordStream(new DeliveredItems(deliveries, openParsedRecords<T>(resolved.fields)), stats);
};
