/**
 * MurmurHash3, x86, 32 bits: an unsigned number. The published test vectors hold for it
 * (https://en.wikipedia.org/wiki/MurmurHash).
 */
export const murmur3 = (bytes: Uint8Array, seed: number): number => {
  const { length } = bytes;
  const at = (index: number): number => bytes[index] as number;
  const mix = (block: number): number => Math.imul(rotate(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
  let hash = seed;
  const end = length - (length % 4);
  for (let index = 0; index < end; index += 4) {
    const block = at(index) | (at(index + 1) << 8) | (at(index + 2) << 16) | (at(index + 3) << 24);
    hash = (Math.imul(rotate(hash ^ mix(block), 13), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let index = length - 1; index >= end; index--) rest = (rest << 8) | at(index);
  if (end < length) hash ^= mix(rest);
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
