import type { BlockRequest, BlockResult } from '../block/encode-block.js';

/** What a worker is started with. */
export interface WorkerSetup {
  /** Its niceness, where it is not that of the process. */
  nice: number | undefined;
}

/** To a worker. The bytes' memory goes with it. */
export interface WorkerRequest extends Omit<BlockRequest, 'bytes'> {
  engine: 'fast' | 'strict';
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
export const movableMemory = (...parts: (ArrayBufferLike | undefined)[]): ArrayBuffer[] => {
  const buffers = new Set<ArrayBuffer>();
  for (const part of parts) if (part !== undefined && part.byteLength > 0) buffers.add(part as ArrayBuffer);
  return [...buffers];
};
