import type { BlockRequest, BlockResult } from '../block/encode-block.js';

/** What a worker is started with. */
export interface WorkerSetup {
  engine: 'fast' | 'strict';
  maxDepth: number;
  maxRecordBytes: number;
}

/** To a worker. The bytes' memory goes with it. */
export interface WorkerRequest extends Omit<BlockRequest, 'bytes'> {
  task: number;
  bytes: Uint8Array;
}

/** From a worker. The result's memory comes with it, and the request's comes back. */
export interface WorkerResponse {
  task: number;
  result: BlockResult;
  bytes: Uint8Array;
}

/** The memory of a message that moves instead of being copied. */
export const movableMemory = (...views: Uint8Array[]): ArrayBuffer[] => {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer } of views) if (buffer.byteLength > 0) buffers.add(buffer as ArrayBuffer);
  return [...buffers];
};
