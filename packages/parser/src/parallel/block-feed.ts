import type { BlockResult } from '../block/encode-block.js';
import type { DocumentState } from '../document/state.js';

/** A block, and what was made of it by guess. */
export interface Attempt {
  readonly isFinal: boolean;
  /** What ended the source before its time, after this block. */
  readonly failure: { readonly error: unknown } | undefined;
  /** `undefined` where there was nothing to guess from, so that nobody was set to work. */
  readonly guess: Guess | undefined;
  /** The block's bytes; they are the caller's. */
  bytes(): Promise<Uint8Array>;
}

/** What a block was taken for, and what came of it. */
export interface Guess {
  readonly state: DocumentState;
  readonly countOnly: boolean;
  readonly result: BlockResult;
  /** What the result left of the block's bytes: the caller's. */
  leftover(): Uint8Array;
}

/** Cuts a document into blocks, ahead of who takes them, and has them encoded by guess, as many at a time as there is room for. */
export interface BlockFeed {
  /** The next block in document order, once it was tried. None is to be taken after one that is final, or with a failure. */
  take(): Promise<Attempt>;
  /** The block that was taken last is done with: there is room for another. */
  done(): void;
  stop(): void;
}
