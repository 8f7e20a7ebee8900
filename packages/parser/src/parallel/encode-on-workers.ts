import { abortable } from '@discogs-extractor/internal/abort';
import { type BlockResult, encodeBlock } from '../block/encode-block.js';
import { asBuffer } from '../document/bytes.js';
import { type DocumentState, newDocumentState, sameState } from '../document/state.js';
import type { OpenInput } from '../input/open-input.js';
import type { OutputKind } from '../record/message-layout.js';
import { isSameRange, type RecordRange } from '../record/record-range.js';
import { BlockCutter } from './block-cutter.js';
import type { BlockRunner } from './block-runner.js';
import type { BlockSource, SpeculativeBlock } from './block-source.js';
import type { EncodeOptions } from './encode-options.js';
import { GzipBlockSource } from './gzip-block-source.js';
import { XmlBlockSource } from './xml-block-source.js';

/**
 * Blocks in flight for each worker: one is encoded, two wait, and the results of two wait for their turn. With three,
 * the threads are idle for a tenth of the time whenever the system's scheduler makes one of them wait.
 */
const BLOCKS_PER_WORKER = 5;

/** For segments, and for threads shared with other reads: two for each worker, and one whose result waits. */
const maxSegmentsInFlight = (workers: number): number => 2 * workers + 1;

/**
 * How much XML a segment inflates: the cost of handing the stream over is the same for any size. Twice this is not
 * faster, half of it is 2 % slower. Reads that share threads each have blocks of their own in memory, so theirs are
 * smaller while they do.
 */
const SEGMENT_BYTES = 4 * 1024 * 1024;
const SHARED_SEGMENT_BYTES = 2 * 1024 * 1024;

/** More XML than this before the first segment would not fit into a worker's memory for a block. */
const MAX_BYTES_BEFORE_SEGMENTS = 4 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

export interface WorkerEncodeOptions extends EncodeOptions {
  readonly workers: number;
}

/** What is encoded: segments of the gzip stream if there is one, else XML that is read on the calling thread. */
export type WorkerInput = Pick<OpenInput, 'xml' | 'gunzip'>;

/**
 * Encodes a document on worker threads; the results come in document order.
 *
 * Blocks are cut where a record seems to begin, and encoded in parallel, each from the state that this implies. When it
 * is a block's turn, the state in which the block before it really ended is known. If the assumption was wrong, the
 * result is dropped and the block is encoded again from the right state, with the leftover of the block before it in
 * front. So the output never depends on the speculation. Skipped records are handled likewise: blocks are only counted,
 * and the block in which skipping ends is encoded again; and so is one in which an inventory begins or ends.
 *
 * Closes `runner` at the end.
 */
export async function* encodeOnWorkers(
  { xml, gunzip }: WorkerInput,
  options: WorkerEncodeOptions,
  runner: BlockRunner,
  output: OutputKind,
  nextRange: () => RecordRange,
  blockBytes?: number,
): AsyncGenerator<BlockResult, void, undefined> {
  const { signal, fields, reading, isNormalized, maxDepth, maxRecordBytes, workers } = options;
  const settings = { output, fields, reading, isNormalized, maxDepth, maxRecordBytes };
  const cutter = new BlockCutter(xml, blockBytes);

  let state = newDocumentState(options.dataType);
  let leftover: Uint8Array = NOTHING;
  let source: BlockSource | undefined;
  try {
    // Before the first record there is no state to assume: this thread reads that far, while the others start.
    while (source === undefined) {
      const { bytes: block, isFinal, failure } = await abortable(cutter.next(), signal);
      const bytes = asBuffer(joined([leftover, block]));
      const result = encodeBlock({ ...settings, bytes, isFinal, state, ...nextRange() });
      yield result;
      if (failure !== undefined) throw failure.error;
      if (isFinal) return;
      ({ state } = result);
      leftover = bytes.subarray(result.consumed);
      if (!isBetweenRecords(state)) continue;

      const rest = cutter.cutBetweenRecords(state, state.dataType!, leftover);
      leftover = NOTHING;
      const stream = rest < MAX_BYTES_BEFORE_SEGMENTS ? gunzip?.handOff() : undefined;
      const common = { runner, state, settings, nextRange };
      if (stream === undefined) {
        const maxBlocksInFlight = runner.isShared() ? maxSegmentsInFlight(workers) : workers * BLOCKS_PER_WORKER;
        source = XmlBlockSource.start({ ...common, cutter, maxBlocksInFlight });
      } else {
        const maxBlocksInFlight = maxSegmentsInFlight(workers);
        const segmentBytes = (): number => blockBytes ?? (runner.isShared() ? SHARED_SEGMENT_BYTES : SEGMENT_BYTES);
        source = GzipBlockSource.start({ ...common, stream, xml: cutter.takeRest(), maxBlocksInFlight, segmentBytes });
      }
    }

    for (;;) {
      let block = await abortable(source.take(), signal);
      const { speculation } = block;
      const range = nextRange();
      const isAssumptionRight =
        speculation !== undefined &&
        leftover.length === 0 &&
        sameState(speculation.state, state) &&
        isSameRange(speculation.range, range, speculation.result.records);
      let result: BlockResult;
      if (isAssumptionRight) {
        result = speculation.result;
        leftover = speculation.leftover();
      } else {
        const parts = [leftover, await abortable(block.bytes(), signal)];
        // At least as many new bytes as old ones: a large record is scanned again with each block until it is complete,
        // so the total cost of scanning stays linear in its size.
        for (let added = parts[1]!.length; added < leftover.length && !isLast(block); added += parts.at(-1)!.length) {
          source.done();
          block = await abortable(source.take(), signal);
          parts.push(await abortable(block.bytes(), signal));
        }
        const task = { ...settings, ...range, bytes: joined(parts), isFinal: block.isFinal, state };
        const encoded = await abortable(runner.encode(task, true), signal);
        result = encoded.result;
        leftover = encoded.bytes.slice(result.consumed);
      }
      result.release = () => runner.recycle(result.bytes.buffer as ArrayBuffer);
      yield result;
      if (block.failure !== undefined) throw block.failure.error;
      if (block.isFinal) return;
      ({ state } = result);
      source.done();
    }
  } finally {
    source?.stop();
    await runner.close();
  }
}

const isBetweenRecords = (state: DocumentState): boolean =>
  state.inside === undefined && (state.phase === 'root' || state.phase === 'rootless');

const isLast = ({ isFinal, failure }: SpeculativeBlock): boolean => isFinal || failure !== undefined;

/** Unlike that of Node's `Buffer.concat`, the memory of the result can always be transferred. */
const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const filled = parts.filter(({ length }) => length > 0);
  if (filled.length === 1) return filled[0]!;
  const all = new Uint8Array(filled.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of filled) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
