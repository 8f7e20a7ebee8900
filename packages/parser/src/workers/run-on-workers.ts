import { type BlockResult, encodeBlock, type OutputKind } from '../block/encode-block.js';
import { asBuffer } from '../document/bytes.js';
import { type DocumentState, newDocumentState, sameState } from '../document/state.js';
import { abortable } from '../source/abortable.js';
import type { ByteSource } from '../source/byte-source.js';
import type { ResolvedReadOptions } from '../stream/options.js';
import { BlockCutter, type CutBlock } from './block-cutter.js';
import type { BlockRunner } from './block-runner.js';

/**
 * Blocks under way for each worker: one at work, two waiting, and two whose results wait for their turn. With three the threads idle a
 * tenth of the time wherever the system's scheduler makes one of them wait.
 */
const BLOCKS_PER_WORKER = 5;

/** With threads that others use as well: two for each, and one whose result waits. */
const sharedBlocks = (workers: number): number => 2 * workers + 1;

const NOTHING = new Uint8Array(0);

/** A block, and what was made of it by guess. */
interface Slot extends Pick<CutBlock, 'isFinal' | 'failure'> {
  attempt: Promise<Attempt>;
}

interface Attempt {
  bytes: Uint8Array;
  /** `undefined` where there was nothing to guess from, so that nobody was set to work. */
  guess: { state: DocumentState; countOnly: boolean; result: BlockResult } | undefined;
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
  options: ResolvedReadOptions,
  pool: BlockRunner,
  output: OutputKind,
  toSkip: () => number,
  blockBytes?: number,
): AsyncGenerator<BlockResult, void, undefined> {
  const { signal, maxDepth, maxRecordBytes, workers, shared } = options;
  const cutter = new BlockCutter(source, blockBytes);
  const encode = (bytes: Uint8Array, isFinal: boolean, state: DocumentState, skip: number, urgent: boolean) =>
    pool.run({ bytes, isFinal, state, output, skip, maxDepth, maxRecordBytes }, urgent);

  let state = newDocumentState(options.dataType);
  let leftover: Uint8Array = NOTHING;
  let feeder: Feeder | undefined;
  try {
    // Up to the first record there is nothing to guess from. This thread reads that itself, while the others start.
    while (feeder === undefined) {
      const { bytes: block, isFinal, failure } = await abortable(cutter.next(), signal);
      const bytes = asBuffer(joined(leftover, block));
      const result = encodeBlock({ bytes, isFinal, state, output, skip: toSkip(), maxDepth, maxRecordBytes });
      yield result;
      if (failure !== undefined) throw failure.error;
      if (isFinal) return;
      ({ state } = result);
      leftover = bytes.subarray(result.consumed);
      if (!isBetweenRecords(state)) continue;
      cutter.cutBetweenRecords(state, state.dataType!, leftover);
      leftover = NOTHING;
      feeder = new Feeder(
        cutter,
        state,
        shared === undefined ? workers * BLOCKS_PER_WORKER : sharedBlocks(workers),
        async (given, guess) => {
          const countOnly = toSkip() > 0;
          const skip = countOnly ? Number.POSITIVE_INFINITY : 0;
          const done = await encode(given.bytes, given.isFinal, guess, skip, false);
          return { bytes: done.bytes, guess: { state: guess, countOnly, result: done.result } };
        },
      );
    }

    for (;;) {
      const slot = await abortable(feeder.take(), signal);
      const { bytes: block, guess } = await abortable(slot.attempt, signal);
      const skip = toSkip();
      const isRight =
        guess !== undefined &&
        leftover.length === 0 &&
        sameState(guess.state, state) &&
        (guess.countOnly ? guess.result.records <= skip : skip === 0);
      const { result, bytes } = isRight
        ? { result: guess.result, bytes: block }
        : await abortable(encode(joined(leftover, block), slot.isFinal, state, skip, true), signal);
      result.release = () => pool.recycle(result.bytes.buffer as ArrayBuffer);
      yield result;
      if (slot.failure !== undefined) throw slot.failure.error;
      if (slot.isFinal) return;

      ({ state } = result);
      leftover = bytes.slice(result.consumed);
      if (leftover.length === 0) cutter.recycle(bytes);
      feeder.makeRoom();
    }
  } finally {
    feeder?.stop();
    await pool.close();
  }
}

const isBetweenRecords = (state: DocumentState): boolean =>
  state.inside === undefined && (state.phase === 'root' || state.phase === 'rootless');

const joined = (one: Uint8Array, other: Uint8Array): Uint8Array => {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
};

/** Reads ahead and hands blocks out, as many as there is room for. */
class Feeder {
  readonly #cutter: BlockCutter;
  readonly #tryOut: (block: CutBlock, guess: DocumentState) => Promise<Attempt>;
  readonly #slots: Slot[] = [];
  #guess: DocumentState | undefined;
  #room: number;
  #stopped = false;
  #reading = false;
  #onSlot: (() => void) | undefined;

  constructor(
    cutter: BlockCutter,
    state: DocumentState,
    room: number,
    tryOut: (block: CutBlock, guess: DocumentState) => Promise<Attempt>,
  ) {
    this.#cutter = cutter;
    this.#guess = state;
    this.#room = room;
    this.#tryOut = tryOut;
    void this.#feed();
  }

  /** The next block in document order. */
  async take(): Promise<Slot> {
    for (;;) {
      const slot = this.#slots.shift();
      if (slot !== undefined) return slot;
      await new Promise<void>((resolve) => {
        this.#onSlot = resolve;
      });
    }
  }

  /** A block is done with. */
  makeRoom(): void {
    this.#room++;
    void this.#feed();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #feed(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#room > 0 && !this.#stopped) {
      // Errors of the source come as part of the block.
      const block = await this.#cutter.next();
      if (this.#stopped) return;
      this.#room--;
      const { bytes, isFinal, failure } = block;
      const guess = this.#guess;
      this.#guess = block.nextState;
      const attempt = guess === undefined ? Promise.resolve({ bytes, guess: undefined }) : this.#tryOut(block, guess);
      // Whoever takes the slot hears of a failure; until then it is nobody's unhandled rejection.
      attempt.catch(() => {});
      this.#slots.push({ isFinal, failure, attempt });
      this.#onSlot?.();
      if (isFinal || failure !== undefined) return;
    }
    this.#reading = false;
  }
}
