import type { BlockResult } from '../block/encode-block.js';
import { ParserError } from '../errors.js';
import type { ByteSource } from '../input/byte-source.js';
import { openXml } from '../input/xml-source.js';
import { createEngine } from '../kernel/engine.js';
import type { DumpSource } from '../options.js';
import { BlockThreads } from '../parallel/block-threads.js';
import { runOnThisThread } from '../parallel/run-on-this-thread.js';
import { runOnWorkers } from '../parallel/run-on-workers.js';
import type { OutputKind } from '../record/message-layout.js';
import type { ReadStats } from '../reports.js';
import { Collector, type Delivery } from './collector.js';
import type { ResolvedReadOptions } from './resolve-options.js';

/** Reads a dump from its first byte to its last and gives what is to be delivered, block by block. */
export async function* deliver(
  source: DumpSource,
  options: ResolvedReadOptions,
  engine: 'fast' | 'strict',
  output: OutputKind,
  stats: ReadStats,
): AsyncGenerator<Delivery, void, undefined> {
  const xml = await openXml(source, engine, stats, options);
  try {
    const collector = new Collector(options, stats);
    for await (const result of results(xml, options, engine, output, collector)) {
      const { delivery, error, done } = collector.take(result);
      if (delivery !== undefined) yield delivery;
      if (error !== undefined) throw error;
      if (done) {
        stats.complete = result.ended && !collector.limited;
        return;
      }
    }
  } catch (error) {
    throw withRecordsBefore(error, stats);
  } finally {
    await xml.close();
  }
}

const results = (
  xml: ByteSource,
  options: ResolvedReadOptions,
  engine: 'fast' | 'strict',
  output: OutputKind,
  collector: Collector,
): AsyncGenerator<BlockResult, void, undefined> => {
  const { workers, maxDepth, maxRecordBytes } = options;
  const toSkip = (): number => collector.toSkip;
  if (workers > 0) {
    const { shared } = options;
    const runner = (shared ?? new BlockThreads(workers)).lease(engine, shared === undefined);
    return runOnWorkers(xml, options, runner, output, toSkip);
  }
  return runOnThisThread(xml, options, output, toSkip, createEngine(engine, { maxDepth, maxRecordBytes }));
};

/** Errors of the source know nothing of records. */
const withRecordsBefore = (error: unknown, stats: ReadStats): unknown => {
  if (!(error instanceof ParserError) || error.recordsBefore !== undefined) return error;
  const { code, message, byteOffset, cause } = error;
  return new ParserError(code, message, { byteOffset, cause, recordsBefore: stats.records });
};
