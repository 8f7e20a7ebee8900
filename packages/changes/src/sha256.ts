/** A SHA-256 in bytes, and in words of 32 bits. */
export const HASH_BYTES = 32;
export const HASH_WORDS = 8;

/** Hashes one after the other. Their bytes are taken as words of the machine, which are compared and copied fastest. */
export type Hashes = Int32Array;

/** Room for some hashes. */
export const createHashes = (count: number): Hashes => new Int32Array(count * HASH_WORDS);

/** The bytes of hashes, in the same memory. */
export const bytesOf = (hashes: Hashes): Uint8Array =>
  new Uint8Array(hashes.buffer, hashes.byteOffset, hashes.byteLength);

/** The first hash in lower-case hexadecimal. */
export const hexOf = (hashes: Hashes): string =>
  Buffer.from(hashes.buffer, hashes.byteOffset, HASH_BYTES).toString('hex');

const INVALID = 0x80;

/** The values of hexadecimal digits by character code. */
const DIGITS = new Uint8Array(128).fill(INVALID);
for (const digits of ['0123456789abcdef', '0123456789ABCDEF']) {
  for (const [value, digit] of [...digits].entries()) DIGITS[digit.charCodeAt(0)] = value;
}

const digitAt = (hex: string, at: number): number => DIGITS[hex.charCodeAt(at)] ?? INVALID;

/** Writes 64 hexadecimal digits as bytes. Returns whether they are a SHA-256. A third of the time of `Buffer.write`. */
export const writeHash = (into: Uint8Array, offset: number, hex: string): boolean => {
  if (hex.length !== 2 * HASH_BYTES) return false;
  let invalid = 0;
  for (let index = 0; index < HASH_BYTES; index++) {
    const high = digitAt(hex, 2 * index);
    const low = digitAt(hex, 2 * index + 1);
    invalid |= high | low;
    into[offset + index] = (high << 4) | low;
  }
  return (invalid & INVALID) === 0;
};

/** Whether two hashes are the same; they begin at these words. */
export const isSameHash = (one: Hashes, oneAt: number, other: Hashes, otherAt: number): boolean => {
  for (let word = 0; word < HASH_WORDS; word++) {
    if (one[oneAt + word] !== other[otherAt + word]) return false;
  }
  return true;
};

/** Copies a hash. For one of them, faster than `set` with a subarray. */
export const copyHash = (from: Hashes, fromAt: number, into: Hashes, intoAt: number): void => {
  for (let word = 0; word < HASH_WORDS; word++) into[intoAt + word] = from[fromAt + word]!;
};
