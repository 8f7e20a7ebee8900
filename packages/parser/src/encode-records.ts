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
 * Reads a dump and gives its records as message bodies with their SHA-256, in blocks of some MiB of XML, in document
 * order.
 *
 * @throws ParserError `INVALID_OPTIONS`, `ENGINE_UNAVAILABLE` at once; all else while iterating.
 */
export const encodeRecords = (source: DumpInput, options: ReadOptions = {}): RecordStream<EncodedBlock> => {
  const resolved = resolveReadOptions(options);
  const engine = resolveEngine(resolved.engine);
  const stats = newReadStats();
  return recordStream(messageBlocks(deliver(source, resolved, engine, 'messages', stats)), stats);
};

async function* messageBlocks(deliveries: AsyncIterable<Delivery>): AsyncGenerator<EncodedBlock, void, undefined> {
  for await (const delivery of deliveries) yield new MessageBlock(delivery);
}
