import type { BlockRequest, BlockResult } from '../block/encode-block.js';
import type { HandedOver, LegDone, LegTask } from './relay-leg.js';

/** A block to encode. Its memory is gone from the calling thread until the block is done. */
export interface BlockTask extends Omit<BlockRequest, 'bytes'> {
  bytes: Uint8Array;
}

export interface BlockDone {
  result: BlockResult;
  /** The task's bytes, back again. */
  bytes: Uint8Array;
}

/** A leg of a relay under way. */
export interface LegUnderWay {
  /** Settles when the next leg can begin; never rejects where `done` does not. */
  readonly handedOver: Promise<HandedOver>;
  readonly done: Promise<LegDone>;
}

/** Whoever encodes blocks, several at a time. */
export interface BlockRunner {
  /** Encodes a block; `urgent` ones go before those that wait. */
  run(task: BlockTask, urgent?: boolean): Promise<BlockDone>;
  /** Gunzips a block, hands the stream over, and encodes the block. Missing where whoever runs cannot. */
  relay?(task: LegTask, urgent?: boolean): LegUnderWay;
  /** Takes memory that a result's bytes were in, to use it again. */
  recycle(memory: ArrayBuffer): void;
  /** Releases everything; what is under way never settles. Idempotent. */
  close(): Promise<void>;
}
