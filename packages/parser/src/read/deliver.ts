import type { BlockResult } from '../block/encode-block.js';
import { ParserError } from '../errors.js';
import { pathOf } from '../input/open-bytes.js';
import { type OpenInput, openInput } from '../input/open-input.js';
import { createEngine } from '../kernel/engine.js';
import type { DumpInput } from '../options.js';
import { BlockThreads } from '../parallel/block-threads.js';
import { encodeOnCallingThread } from '../parallel/encode-on-calling-thread.js';
import { encodeOnWorkers } from '../parallel/encode-on-workers.js';
import { transformOnCallingThread } from '../parallel/transform-on-calling-thread.js';
import { type EncodeRaw, transformOnWorkers } from '../parallel/transform-on-workers.js';
import type { DeliveredKind } from '../record/message-layout.js';
import type { RecordRange } from '../record/record-range.js';
import { LEFT_OUT_KINDS, type ReadStats } from '../reports.js';
import { Collector, type Delivery } from './collector.js';
import type { ResolvedReadOptions } from './resolve-options.js';

/** Reads a dump from its first byte to its last and yields what is to be delivered, block by block. */
export async function* deliver(
  input: DumpInput,
  options: ResolvedReadOptions,
  engine: 'fast' | 'strict',
  output: DeliveredKind,
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
  const { sourceSize } = opened;
  const reportProgress = (): void => {
    const { sourceBytes, xmlBytes, records, malformed } = stats;
    options.onProgress?.({ sourceBytes, sourceSize, xmlBytes, records, malformed });
  };
  try {
    const collector = new Collector(options, stats);
    for await (const result of results(opened, options, engine, output, collector)) {
      const { delivery, error, done } = collector.take(result);
      reportProgress();
      if (delivery !== undefined) yield delivery;
      if (error !== undefined) throw error;
      if (done) {
        const hasLeftOut = LEFT_OUT_KINDS.some((kind) => stats.irregularities[kind] > 0);
        stats.complete = result.ended && !collector.limited && !hasLeftOut;
        return;
      }
    }
  } catch (error) {
    throw withContext(error, input, stats);
  } finally {
    await opened.xml.close();
  }
}

const results = (
  { xml, gunzip }: OpenInput,
  options: ResolvedReadOptions,
  engine: 'fast' | 'strict',
  output: DeliveredKind,
  collector: Collector,
): AsyncGenerator<BlockResult, void, undefined> => {
  const { workers, reading, isNormalized, maxDepth, maxRecordBytes, shared, transforms } = options;
  // A mapper is one of the transforms.
  const isWritten = output !== 'mapped' && transforms.length === 0;
  const nextRange = (): RecordRange => collector.nextRange;
  if (workers > 0) {
    const runner = (shared ?? new BlockThreads(workers)).lease(engine, shared === undefined, transforms);
    // Segments are inflated in the memory of a kernel, which only the fast engine has.
    const source = { xml, gunzip: engine === 'fast' ? gunzip : undefined };
    if (isWritten) return encodeOnWorkers(source, options, runner, output, nextRange);
    const encode: EncodeRaw = (nextRange, encoder, signal) =>
      encodeOnWorkers(source, { ...options, signal }, encoder, 'raw', nextRange);
    return transformOnWorkers(encode, runner, { ...options, output, workers });
  }
  const regular = createEngine(engine, { reading, isNormalized, maxDepth, maxRecordBytes });
  if (isWritten) return encodeOnCallingThread(xml, options, output, nextRange, regular);
  const encode = (nextRange: () => RecordRange) => encodeOnCallingThread(xml, options, 'raw', nextRange, regular);
  return transformOnCallingThread(encode, transforms, engine, { ...options, output });
};

/** Adds the fact `recordsBefore` to errors of the input, where records are not known, and the path to all. */
const withContext = (error: unknown, input: DumpInput, stats: ReadStats): unknown => {
  if (!(error instanceof ParserError)) return error;
  const { code, message, facts, cause } = error;
  const recordsBefore = facts.recordsBefore ?? stats.records;
  if (facts.path !== undefined || !(typeof input === 'string' || input instanceof URL)) {
    return facts.recordsBefore === undefined
      ? new ParserError(code, message, { facts: { ...facts, recordsBefore }, cause })
      : error;
  }
  const path = pathOf(input);
  return new ParserError(code, `${path}: ${message}`, { facts: { ...facts, recordsBefore, path }, cause });
};
