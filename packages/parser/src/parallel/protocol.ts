import type { BlockRequest, BlockResult } from '../block/encode-block.js';
import type { HandedOver, LegDone, LegTask } from './relay-leg.js';

/** To a worker. */
export type WorkerRequest = (EncodeRequest | LegRequest) & {
  engine: 'fast' | 'strict';
  task: number;
  /** Memory that the output may be written to. It moves. */
  memory?: ArrayBuffer | undefined;
};

/** A block to encode, whose bytes' memory goes with it. */
export interface EncodeRequest extends Omit<BlockRequest, 'bytes' | 'memory'> {
  kind: 'encode';
  bytes: Uint8Array;
}

/** A leg of a relay. Its memory is shared, or small. */
export interface LegRequest extends LegTask {
  kind: 'leg';
}

/** From a worker. */
export type WorkerResponse =
  /** The result's memory comes with it, and the request's comes back. */
  | { kind: 'encoded'; task: number; result: BlockResult; bytes: Uint8Array }
  /** The leg is under way, the next one can begin. */
  | { kind: 'handed-over'; task: number; handedOver: HandedOver }
  | { kind: 'leg-done'; task: number; done: LegDone };

/** The memory of a message that moves instead of being copied. */
export const movableMemory = (...parts: (ArrayBufferLike | undefined)[]): ArrayBuffer[] => {
  const buffers = new Set<ArrayBuffer>();
  for (const part of parts) if (part !== undefined && part.byteLength > 0) buffers.add(part as ArrayBuffer);
  return [...buffers];
};
