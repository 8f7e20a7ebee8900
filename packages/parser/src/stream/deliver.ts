import type { BlockResult, OutputKind } from '../block/encode-block.js';
import { runOnThisThread } from '../block/run-on-this-thread.js';
import { createEngine } from '../engine.js';
import { ParserError } from '../errors.js';
import type { ByteSource } from '../source/byte-source.js';
import { openXml } from '../source/xml-source.js';
import { BlockThreads } from '../workers/block-threads.js';
import { runOnWorkers } from '../workers/run-on-workers.js';
import { Collector, type Delivery } from './collector.js';
import type { DumpSource, ResolvedReadOptions } from './options.js';
import type { ReadStats } from './reports.js';

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
