import type { BlockResult } from '../block/encode-block.js';
import type { DocumentState } from '../document/state.js';
import type { RecordRange } from '../record/record-range.js';

/** A block, and what came of encoding it speculatively. */
export interface SpeculativeBlock {
  readonly isFinal: boolean;
  /** The error that ended the input early, after this block. */
  readonly failure: { readonly error: unknown } | undefined;
  /** `undefined` if there was no state to start from, so that the block was not encoded. */
  readonly speculation: SpeculativeResult | undefined;
  /** The block's bytes, which become the caller's. */
  bytes(): Promise<Uint8Array>;
}

/** The result of encoding a block from a state that was only assumed. */
export interface SpeculativeResult {
  /** The assumed state. */
  readonly state: DocumentState;
  /** The assumed range. */
  readonly range: RecordRange;
  readonly result: BlockResult;
  /** The part of the block that the result did not consume; it becomes the caller's. */
  leftover(): Uint8Array;
}

/** Cuts a document into blocks ahead of the reader and has them encoded speculatively, a limited number at a time. */
export interface BlockSource {
  /**
   * The next block in document order, once it was encoded. Not to be called after a block that is final or has a
   * failure.
   */
  take(): Promise<SpeculativeBlock>;
  /** Reports that the block taken last is no longer needed: another one may start. */
  done(): void;
  stop(): void;
}
