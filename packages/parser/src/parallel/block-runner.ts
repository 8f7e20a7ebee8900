import type { BlockRequest, BlockResult } from '../block/encode-block.js';
import type { DecoderHandoff, SegmentResult, SegmentTask } from './inflate-segment.js';

/** A block to encode. Its memory is not available to the calling thread until the block is done. */
export interface BlockTask extends Omit<BlockRequest, 'bytes'> {
  bytes: Uint8Array;
}

export interface EncodedBytes {
  result: BlockResult;
  /** The task's bytes, given back. */
  bytes: Uint8Array;
}

/** A segment that is being inflated and encoded. */
export interface RunningSegment {
  /** Settles when the next segment can begin; rejects only if `done` does. */
  readonly handoff: Promise<DecoderHandoff>;
  readonly done: Promise<SegmentResult>;
}

/** Encodes blocks, several at a time. */
export interface BlockRunner {
  /** Whether other reads use the threads as well, at this moment. */
  isShared(): boolean;
  /** Encodes a block; `urgent` ones go before those that wait. */
  encode(task: BlockTask, urgent?: boolean): Promise<EncodedBytes>;
  /** Inflates a segment of a gzip stream, hands the stream over, and encodes the segment's block. */
  inflateSegment(task: SegmentTask, urgent?: boolean): RunningSegment;
  /** Takes memory that a result's bytes were in, to reuse it. */
  recycle(memory: ArrayBuffer): void;
  /** Releases everything; work in progress never settles. Idempotent. */
  close(): Promise<void>;
}
