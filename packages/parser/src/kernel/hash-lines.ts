import { TABLE_WIDTH } from '../record/message-layout.js';
import { sha256 } from '../record/sha256.js';
import type { WrittenLines } from './kernel.js';

/** A string for each hash would grow the thread's heap by megabytes: they are joined in runs. */
const HASHES_PER_STRING = 64;

/** The hashes of lines of canonical JSON, as `LineOutput` takes them. */
export const hashLines = ({ output, table, records }: WrittenLines): string[] => {
  const hashes: string[] = [];
  const { buffer, byteOffset } = output;
  let run = '';
  for (let index = 0; index < records; index++) {
    const row = index * TABLE_WIDTH;
    const start = table[row]!;
    run += sha256(new Uint8Array(buffer, byteOffset + start, table[row + 1]! - start));
    if (index % HASHES_PER_STRING === HASHES_PER_STRING - 1) {
      hashes.push(run);
      run = '';
    }
  }
  if (run !== '') hashes.push(run);
  return hashes;
};
