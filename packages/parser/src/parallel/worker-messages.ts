import type { BlockRequest, BlockResult } from '../block/encode-block.js';
import type { TransformSource } from '../transform/load-transforms.js';
import type { TransformBlockRequest, TransformedBlock } from '../transform/transform-block.js';
import type { DecoderHandoff, SegmentResult, SegmentTask } from './inflate-segment.js';

/** To a worker. */
export type WorkerRequest = EngineRequest | TransformRequest | ForgetRequest;

/** What an engine does. */
export type EngineRequest = (EncodeRequest | SegmentRequest) & TaskRequest;

interface TaskRequest {
  task: number;
  engine: 'fast' | 'strict';
  /** Memory that the output may be written to. It is transferred. */
  memory?: ArrayBuffer | undefined;
}

/** A block to encode. The memory of its bytes is transferred. */
export interface EncodeRequest extends Omit<BlockRequest, 'bytes' | 'memory'> {
  kind: 'encode';
  bytes: Uint8Array;
}

/** A segment of a gzip stream. Its memory is shared, or small. */
export interface SegmentRequest extends SegmentTask {
  kind: 'inflate-segment';
}

/** A block to transform, whose memory is transferred; or, without it, transforms to load. */
export interface TransformRequest extends TaskRequest {
  kind: 'transform';
  /** Which transforms: those of one read. */
  read: number;
  /** With the read's first request to this worker. */
  sources?: readonly TransformSource[] | undefined;
  block: Omit<TransformBlockRequest, 'memory'> | undefined;
}

/** The transforms of a read are not needed any more. There is no response. */
export interface ForgetRequest {
  kind: 'forget-transforms';
  read: number;
}

/** From a worker. */
export type WorkerResponse =
  /** The result's memory is transferred, and the request's is given back. */
  | { kind: 'encoded'; task: number; result: BlockResult; bytes: Uint8Array }
  /** The segment was inflated; the next one can begin. */
  | { kind: 'handoff'; task: number; handoff: DecoderHandoff }
  | { kind: 'segment-done'; task: number; done: SegmentResult }
  /** The result's memory is transferred, and the request's is given back. Both are absent if transforms were loaded. */
  | { kind: 'transformed'; task: number; block: TransformedBlock | undefined; memory: ArrayBuffer | undefined }
  | { kind: 'transform-refused'; task: number; message: string; module: string | undefined; cause: unknown };

/** The memory of a message that is transferred instead of copied. */
export const transferableMemory = (...parts: (ArrayBufferLike | undefined)[]): ArrayBuffer[] => {
  const buffers = new Set<ArrayBuffer>();
  for (const part of parts) if (part !== undefined && part.byteLength > 0) buffers.add(part as ArrayBuffer);
  return [...buffers];
};
