/** How much XML a chunk holds. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Free bytes before each chunk. What is left of the chunk before, mostly the beginning of a record, finds room there, so that both are
 * one piece without the chunk being copied.
 */
const HEADROOM_BYTES = 64 * 1024;

export const newChunkMemory = (): ArrayBuffer => new ArrayBuffer(HEADROOM_BYTES + CHUNK_BYTES);

/** An empty chunk in memory of {@link newChunkMemory}. */
export const newChunk = (memory: ArrayBuffer): Uint8Array<ArrayBuffer> => new Uint8Array(memory, HEADROOM_BYTES);

/** Whether memory is of that size, and not gone to another thread. */
export const isChunkMemory = (memory: ArrayBufferLike): memory is ArrayBuffer =>
  memory.byteLength === HEADROOM_BYTES + CHUNK_BYTES;
