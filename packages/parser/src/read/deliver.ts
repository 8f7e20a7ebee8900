import type { BlockResult } from '../block/encode-block.js';
import { ParserError } from '../errors.js';
import { type OpenInput, openInput } from '../input/open-input.js';
import { createEngine } from '../kernel/engine.js';
import type { DumpInput } from '../options.js';
import { BlockThreads } from '../parallel/block-threads.js';
import { encodeOnCallingThread } from '../parallel/encode-on-calling-thread.js';
import { encodeOnWorkers } from '../parallel/encode-on-workers.js';
import type { OutputKind } from '../record/message-layout.js';
import { LEFT_OUT_KINDS, type ReadStats } from '../reports.js';
import { Collector, type Delivery } from './collector.js';
import type { ResolvedReadOptions } from './resolve-options.js';

/** Reads a dump from its first byte to its last and yields what is to be delivered, block by block. */
export async function* deliver(
  input: DumpInput,
  options: ResolvedReadOptions,
  engine: 'fast' | 'strict',
  output: OutputKind,
  stats: ReadStats,
): AsyncGenerator<Delivery, void, undefined> {
  const opened = await openInput(input, options.signal, {
    onBytes: (bytes) => {
      stats.sourceBytes += bytes;
    },
    onXml: (bytes) => {
      stats.xmlBytes += bytes;
    },
  });
  stats.gzipped = opened.gunzip !== undefined;
  try {
    const collector = new Collector(options, stats);
    for await (const result of results(opened, options, engine, output, collector)) {
      const { delivery, error, done } = collector.take(result);
      if (delivery !== undefined) yield delivery;
      if (error !== undefined) throw error;
      if (done) {
        const hasLeftOut = LEFT_OUT_KINDS.some((kind) => stats.irregularities[kind] > 0);
        stats.complete = result.ended && !collector.limited && !hasLeftOut;
        return;
      }
    }
  } catch (error) {
    throw withRecordsBefore(error, stats);
  } finally {
    await opened.xml.close();
  }
}

const results = (
  { xml, gunzip }: OpenInput,
  options: ResolvedReadOptions,
  engine: 'fast' | 'strict',
  output: OutputKind,
  collector: Collector,
): AsyncGenerator<BlockResult, void, undefined> => {
  const { workers, maxDepth, maxRecordBytes, shared } = options;
  const toSkip = (): number => collector.toSkip;
  if (workers > 0) {
    const runner = (shared ?? new BlockThreads(workers)).lease(engine, shared === undefined);
    // Segments are inflated in the memory of a kernel, which only the fast engine has.
    const source = { xml, gunzip: engine === 'fast' ? gunzip : undefined };
    return encodeOnWorkers(source, { ...options, isShared: shared !== undefined }, runner, output, toSkip);
  }
  return encodeOnCallingThread(xml, options, output, toSkip, createEngine(engine, { maxDepth, maxRecordBytes }));
};

/** Adds the fact `recordsBefore` to errors of the input, where records are not known. */
const withRecordsBefore = (error: unknown, stats: ReadStats): unknown => {
  if (!(error instanceof ParserError) || error.facts.recordsBefore !== undefined) return error;
  const { code, message, facts, cause } = error;
  return new ParserError(code, message, { facts: { ...facts, recordsBefore: stats.records }, cause });
};
