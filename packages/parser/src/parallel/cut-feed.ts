import { AsyncSignal } from '@discogs-extractor/internal/async-signal';
import type { BlockRequest } from '../block/encode-block.js';
import type { DocumentState } from '../document/state.js';
import type { BlockCutter, CutBlock } from './block-cutter.js';
import type { Attempt, BlockFeed } from './block-feed.js';
import type { BlockRunner } from './block-runner.js';

/** What of a request is the same for all blocks. */
export type BlockTerms = Pick<BlockRequest, 'output' | 'maxDepth' | 'maxRecordBytes'>;

export interface CutFeedOptions {
  readonly cutter: BlockCutter;
  readonly pool: BlockRunner;
  /** The state in which the next block begins, as its cut implies. */
  readonly state: DocumentState;
  readonly terms: BlockTerms;
  /** How many blocks may be under way. */
  readonly room: number;
  /** How many records are to be passed over yet. */
  readonly toSkip: () => number;
}

/** Blocks that are cut from XML here, on this thread, and moved to the workers. */
export class CutFeed implements BlockFeed {
  readonly #options: CutFeedOptions;
  readonly #attempts: Promise<Attempt>[] = [];
  readonly #news = new AsyncSignal();
  #guess: DocumentState | undefined;
  #room: number;
  #stopped = false;
  #reading = false;
  /** The memory of the block that was taken last, where nobody else wants it. */
  #taken: Uint8Array | undefined;

  constructor(options: CutFeedOptions) {
    this.#options = options;
    this.#guess = options.state;
    this.#room = options.room;
    void this.#feed();
  }

  async take(): Promise<Attempt> {
    for (;;) {
      const attempt = this.#attempts.shift();
      if (attempt !== undefined) return attempt;
      await this.#news.wait();
    }
  }

  done(): void {
    if (this.#taken !== undefined) this.#options.cutter.recycle(this.#taken);
    this.#taken = undefined;
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
      const block = await this.#options.cutter.next();
      if (this.#stopped) return;
      this.#room--;
      const attempt = this.#tryOut(block, this.#guess);
      this.#guess = block.nextState;
      // Whoever takes it hears of a failure; until then it is nobody's unhandled rejection.
      attempt.catch(() => {});
      this.#attempts.push(attempt);
      this.#news.notify();
      if (block.isFinal || block.failure !== undefined) return;
    }
    this.#reading = false;
  }

  async #tryOut({ bytes, isFinal, failure }: CutBlock, state: DocumentState | undefined): Promise<Attempt> {
    if (state === undefined) return { isFinal, failure, guess: undefined, bytes: async () => bytes };
    const { pool, terms, toSkip } = this.#options;
    const countOnly = toSkip() > 0;
    const skip = countOnly ? Number.POSITIVE_INFINITY : 0;
    const done = await pool.run({ ...terms, bytes, isFinal, state, skip });
    const { result } = done;
    return {
      isFinal,
      failure,
      guess: {
        state,
        countOnly,
        result,
        leftover: () => {
          this.#taken = done.bytes;
          return done.bytes.slice(result.consumed);
        },
      },
      bytes: async () => done.bytes,
    };
  }
}
