import { abortable } from '@discogs-extractor/internal/abort';
import { type BlockResult, encodeBlock } from '../block/encode-block.js';
import { asBuffer } from '../document/bytes.js';
import { type DocumentState, newDocumentState, sameState } from '../document/state.js';
import type { ByteSource } from '../input/byte-source.js';
import type { OutputKind } from '../record/message-layout.js';
import { BlockCutter } from './block-cutter.js';
import type { Attempt, BlockFeed } from './block-feed.js';
import type { BlockRunner } from './block-runner.js';
import { CutFeed } from './cut-feed.js';
import type { EncodeOptions } from './encode-options.js';
import { RelayFeed } from './relay-feed.js';

/**
 * Blocks under way for each worker: one at work, two waiting, and two whose results wait for their turn. With three the threads idle a
 * tenth of the time wherever the system's scheduler makes one of them wait.
 */
const BLOCKS_PER_WORKER = 5;

/** In a relay, and with threads that others use as well: two for each, and one whose result waits. */
const fewBlocks = (workers: number): number => 2 * workers + 1;

/**
 * How much XML a leg of a relay is: what there is to say and to copy between two legs is the same for any size. Twice this is no faster, half
 * of it a fiftieth slower; but where others use the same threads there are as many blocks for each of them.
 */
const LEG_BYTES = 4 * 1024 * 1024;
const SHARED_LEG_BYTES = 2 * 1024 * 1024;

/** With fewer workers than this, gunzip on a thread of its own makes use of another core. */
const LEAST_FOR_RELAY = 2;

/** More XML than this at the beginning of a relay would not fit into a worker's room for a block. */
const MOST_BEFORE_RELAY = 4 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

export interface WorkerEncodeOptions extends EncodeOptions {
  readonly workers: number;
  /** Given if the threads are shared with other reads. */
  readonly shared: unknown;
}

/**
 * Encodes a document on worker threads; the results come in document order.
 *
 * Blocks are cut by guess where a record seems to begin, and encoded side by side, each from the state that this guess
 * implies. When a block's turn comes, the state that the block before it truly ended in is known. Where the guess was
 * wrong, its result is thrown away and it is encoded again from the true state, with what was left over in front. So
 * what comes out never depends on the guess. The same goes for records that are passed over: blocks are counted only,
 * and the one in which the passing over ends is encoded again.
 *
 * Closes `pool` at the end.
 */
export async function* runOnWorkers(
  source: ByteSource,
  options: WorkerEncodeOptions,
  pool: BlockRunner,
  output: OutputKind,
  toSkip: () => number,
  blockBytes?: number,
): AsyncGenerator<BlockResult, void, undefined> {
  const { signal, maxDepth, maxRecordBytes, workers, shared } = options;
  const terms = { output, maxDepth, maxRecordBytes };
  const cutter = new BlockCutter(source, blockBytes);

  let state = newDocumentState(options.dataType);
  let leftover: Uint8Array = NOTHING;
  let feed: BlockFeed | undefined;
  try {
    // Up to the first record there is nothing to guess from. This thread reads that itself, while the others start.
    while (feed === undefined) {
      const { bytes: block, isFinal, failure } = await abortable(cutter.next(), signal);
      const bytes = asBuffer(joined([leftover, block]));
      const result = encodeBlock({ ...terms, bytes, isFinal, state, skip: toSkip() });
      yield result;
      if (failure !== undefined) throw failure.error;
      if (isFinal) return;
      ({ state } = result);
      leftover = bytes.subarray(result.consumed);
      if (!isBetweenRecords(state)) continue;

      const rest = cutter.cutBetweenRecords(state, state.dataType!, leftover);
      leftover = NOTHING;
      const stream =
        workers >= LEAST_FOR_RELAY && rest < MOST_BEFORE_RELAY && pool.relay !== undefined
          ? source.leaveGzip?.()
          : undefined;
      const isShared = shared !== undefined;
      if (stream === undefined) {
        const room = isShared ? fewBlocks(workers) : workers * BLOCKS_PER_WORKER;
        feed = new CutFeed({ cutter, pool, state, terms, room, toSkip });
      } else {
        const legBytes = blockBytes ?? (isShared ? SHARED_LEG_BYTES : LEG_BYTES);
        const room = fewBlocks(workers);
        feed = new RelayFeed({ stream, xml: cutter.takeRest(), pool, state, terms, room, toSkip, legBytes });
      }
    }

    for (;;) {
      let attempt = await abortable(feed.take(), signal);
      const { guess } = attempt;
      const skip = toSkip();
      const isRight =
        guess !== undefined &&
        leftover.length === 0 &&
        sameState(guess.state, state) &&
        (guess.countOnly ? guess.result.records <= skip : skip === 0);
      let result: BlockResult;
      if (isRight) {
        result = guess.result;
        leftover = guess.leftover();
      } else {
        const parts = [leftover, await abortable(attempt.bytes(), signal)];
        // As many new bytes as there are old ones: a large record is looked at anew with each block until it is whole, and so all those
        // looks together stay linear in its size.
        for (let added = parts[1]!.length; added < leftover.length && !isLast(attempt); added += parts.at(-1)!.length) {
          feed.done();
          attempt = await abortable(feed.take(), signal);
          parts.push(await abortable(attempt.bytes(), signal));
        }
        const { isFinal } = attempt;
        const done = await abortable(pool.run({ ...terms, bytes: joined(parts), isFinal, state, skip }, true), signal);
        result = done.result;
        leftover = done.bytes.slice(result.consumed);
      }
      result.release = () => pool.recycle(result.bytes.buffer as ArrayBuffer);
      yield result;
      if (attempt.failure !== undefined) throw attempt.failure.error;
      if (attempt.isFinal) return;
      ({ state } = result);
      feed.done();
    }
  } finally {
    feed?.stop();
    await pool.close();
  }
}

const isBetweenRecords = (state: DocumentState): boolean =>
  state.inside === undefined && (state.phase === 'root' || state.phase === 'rootless');

const isLast = ({ isFinal, failure }: Attempt): boolean => isFinal || failure !== undefined;

/** Its memory can be moved, which that of Node's own `Buffer.concat` may not be. */
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
