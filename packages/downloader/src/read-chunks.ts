import type { FileHandle } from 'node:fs/promises';

/** One read each this many bytes: large enough that the cost per read vanishes. */
export const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a file from a position to its end. The next read is under way while a chunk is worked on, so hashing and
 * reading overlap. Two buffers take turns: a chunk is good until the next one is asked for. The handle stays the caller's,
 * and no read is under way any more when the loop has ended.
 */
export async function* readChunks(
  handle: FileHandle,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  let position = from;
  let buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let other = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const read = async (): Promise<Buffer> => {
    [buffer, other] = [other, buffer];
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, position);
    position += bytesRead;
    return buffer.subarray(0, bytesRead);
  };
  let next = read();
  try {
    for (;;) {
      const chunk = await next;
      signal?.throwIfAborted();
      if (chunk.length === 0) return;
      next = read();
      // Its error is thrown when its turn comes; until then it must not count as unhandled.
      next.catch(() => undefined);
      yield chunk;
    }
  } finally {
    await next.catch(() => undefined);
  }
}
