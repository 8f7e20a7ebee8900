import type { DataType } from './data-type.js';
import { resolveEngine } from './kernel/engine.js';
import type { DumpInput, ReadOptions } from './options.js';
import type { Delivery } from './read/collector.js';
import { deliver } from './read/deliver.js';
import { type RecordStream, recordStream } from './read/record-stream.js';
import { resolveReadOptions } from './read/resolve-options.js';
import { HASH_LENGTH, TABLE_WIDTH } from './record/message-layout.js';
import { recordIdOf } from './record/record-id.js';
import type { RawRecords } from './record/types.js';
import { newReadStats } from './reports.js';

/** One record as an object. */
export interface ParsedRecord<T extends DataType = DataType> {
  /** 1 for the dump's first record; skipped records count. */
  number: number;
  /** The record id, or `unknown`. */
  id: string;
  /** SHA-256 of the record's canonical JSON, 64 lower-case hexadecimal digits. */
  sha256: string;
  /** The record: its canonical JSON, parsed. After a transform, what that has made of it. */
  record: RawRecords[T];
}

/**
 * Reads a dump and yields its records as objects, in document order. With `dataType` the records are typed.
 *
 * @throws ParserError `INVALID_OPTIONS`, `ENGINE_UNAVAILABLE` immediately; everything else while iterating.
 */
export const parseRecords = <T extends DataType = DataType>(
  input: DumpInput,
  options: ReadOptions & { dataType?: T | undefined } = {},
): RecordStream<ParsedRecord<T>> => {
  const resolved = resolveReadOptions(options);
  const engine = resolveEngine(resolved.engine);
  const stats = newReadStats();
  return recordStream(parsedRecords<T>(deliver(input, resolved, engine, 'json', stats)), stats);
};

async function* parsedRecords<T extends DataType>(
  deliveries: AsyncIterable<Delivery>,
): AsyncGenerator<ParsedRecord<T>, void, undefined> {
  for await (const { firstRecord, count, bytes, table, hashes, indexes, ids, release } of deliveries) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const digits = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    for (let index = 0; index < count; index++) {
      const row = index * TABLE_WIDTH;
      const record = JSON.parse(text.toString('utf8', table[row], table[row + 1])) as RawRecords[T];
      const sha256 = digits.toString('latin1', index * HASH_LENGTH, (index + 1) * HASH_LENGTH);
      yield {
        number: firstRecord + (indexes?.[index] ?? index),
        id: ids?.[index] ?? recordIdOf(record),
        sha256,
        record,
      };
    }
    release?.();
  }
}
