import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { readChunks } from '../read-chunks.js';

/**
 * Hashes an open file.
 *
 * @param onBytes - called with the number of bytes hashed so far
 * @returns SHA-256 in lower-case hex
 */
export const hashFile = async (
  handle: FileHandle,
  signal?: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<string> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readChunks(handle, 0, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
    onBytes(bytes);
  }
  return hash.digest('hex');
};
