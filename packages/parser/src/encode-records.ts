import { resolveEngine } from './kernel/engine.js';
import type { DumpInput, ReadOptions } from './options.js';
import type { Delivery } from './read/collector.js';
import { deliver } from './read/deliver.js';
import type { EncodedBlock } from './read/encoded-block.js';
import { MessageBlock } from './read/message-block.js';
import { type RecordStream, recordStream } from './read/record-stream.js';
import { resolveReadOptions } from './read/resolve-options.js';
import { newReadStats } from './reports.js';

/**
 * Reads a dump and yields its records as message bodies for the platform's consumers: UTF-8 JSON with the members
 * `type`, `id`, `sha256` and those of the record. They come in document order, in blocks of up to some MiB each.
 *
 * @throws ParserError `INVALID_OPTIONS`, `ENGINE_UNAVAILABLE` immediately; everything else while iterating.
 */
export const encodeRecords = (input: DumpInput, options: ReadOptions = {}): RecordStream<EncodedBlock> => {
  const resolved = resolveReadOptions(options);
  const engine = resolveEngine(resolved.engine);
  const stats = newReadStats();
  return recordStream(messageBlocks(deliver(input, resolved, engine, 'messages', stats)), stats);
};

async function* messageBlocks(deliveries: AsyncIterable<Delivery>): AsyncGenerator<EncodedBlock, void, undefined> {
  for await (const delivery of deliveries) yield new MessageBlock(delivery);
}
