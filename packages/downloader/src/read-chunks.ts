import type { FileHandle } from 'node:fs/promises';

/** Size of a read: large enough that the cost per read does not matter. */
export const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a file from a position to its end. The next chunk is read while the caller processes the current one, so that
 * hashing and reading overlap. Two buffers alternate: a chunk is valid only until the next one is requested. The caller
 * keeps the handle, and no read is in progress once the loop has ended.
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
      // The next iteration throws its error; until then it must not count as unhandled.
      next.catch(() => undefined);
      yield chunk;
    }
  } finally {
    await next.catch(() => undefined);
  }
}
