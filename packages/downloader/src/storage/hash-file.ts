import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { readChunks } from '../read-chunks.js';

/**
 * Hashes a file.
 *
 * @param onBytes - called with the number of bytes hashed so far
 * @returns SHA-256 in lower-case hex
 */
export const hashFile = async (
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<string> => {
  const handle = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of readChunks(handle, 0, signal)) {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(bytes);
    }
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
};
