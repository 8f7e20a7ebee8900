import { resolveEngine } from './engine.js';
import type { Delivery } from './stream/collector.js';
import { deliver } from './stream/deliver.js';
import type { EncodedBlock } from './stream/encoded-block.js';
import { MessageBlock } from './stream/message-block.js';
import { type DumpSource, type ReadOptions, resolveReadOptions } from './stream/options.js';
import { type RecordStream, recordStream } from './stream/record-stream.js';
import { newReadStats } from './stream/reports.js';

/**
 * Reads a dump and gives its records as message bodies with their SHA-256, in blocks of some MiB of XML, in document
 * order.
 *
 * @throws ParserError `INVALID_OPTIONS`, `ENGINE_UNAVAILABLE` at once; all else while iterating.
 */
export const encodeRecords = (source: DumpSource, options: ReadOptions = {}): RecordStream<EncodedBlock> => {
  const resolved = resolveReadOptions(options);
  const engine = resolveEngine(resolved.engine);
  const stats = newReadStats();
  return recordStream(messageBlocks(deliver(source, resolved, engine, 'messages', stats)), stats);
};

async function* messageBlocks(deliveries: AsyncIterable<Delivery>): AsyncGenerator<EncodedBlock, void, undefined> {
  for await (const delivery of deliveries) yield new MessageBlock(delivery);
}
