import { crc32 } from 'node:zlib';
import { bytesOf, copyHash, createHashes, HASH_BYTES, HASH_WORDS, type Hashes, isSameHash } from '../sha256.js';

/** Ids per block: those with the same `Math.floor(id / 64)`. */
export const BLOCK_IDS = 64;

/** Checksum, bitmap of the ids that are there, bitmap of the doubtful ones. */
export const HEADER_BYTES = 20;

/** What a store knows of an id, compared with a hash. */
export const ABSENT = 0;
export const SAME = 1;
export const DIFFERENT = 2;
export type Comparison = typeof ABSENT | typeof SAME | typeof DIFFERENT;

/** How many bits are set. */
export const popCount = (bits: number): number => {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

/** Where a block is encoded, until the next one is. Not a `Buffer`, whose views take several times as long to create. */
const encoded = new Uint8Array(HEADER_BYTES + BLOCK_IDS * HASH_BYTES);
const encodedView = new DataView(encoded.buffer);

const readInt32 = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);

/**
 * The hashes of up to 64 neighbouring ids, packed: 32 bytes for each id that is there and 20 for the block. Ids whose
 * hash at the sink is doubtful (a record may have arrived, or not, before a crash) are marked: they equal no hash.
 *
 * Blocks are used again for other ids, since their memory is outside of the JavaScript heap: it would be collected late.
 */
export class IdBlock {
  key = -1;
  /** Whether it differs from what the database holds. */
  isDirty = false;
  /** The hashes in the order of the ids, and room for those of all. */
  readonly #hashes: Hashes;
  readonly #bytes: Uint8Array;
  #presentLow = 0;
  #presentHigh = 0;
  #doubtfulLow = 0;
  #doubtfulHigh = 0;

  /** @param hashes - room for 64 */
  constructor(hashes: Hashes) {
    this.#hashes = hashes;
    this.#bytes = bytesOf(hashes);
  }

  /** Some blocks in one piece of memory. */
  static createSome(count: number): IdBlock[] {
    const hashes = createHashes(count * BLOCK_IDS);
    const words = BLOCK_IDS * HASH_WORDS;
    return Array.from({ length: count }, (_, at) => new IdBlock(hashes.subarray(at * words, (at + 1) * words)));
  }

  /** Makes it the empty block of a key. */
  clear(key: number): void {
    this.key = key;
    this.#presentLow = 0;
    this.#presentHigh = 0;
    this.#doubtfulLow = 0;
    this.#doubtfulHigh = 0;
  }

  /** Makes it what is stored under a key. Returns whether the data is what was stored. */
  decode(key: number, data: Uint8Array): boolean {
    if (data.length < HEADER_BYTES) return false;
    this.key = key;
    this.#presentLow = readInt32(data, 4);
    this.#presentHigh = readInt32(data, 8);
    this.#doubtfulLow = readInt32(data, 12);
    this.#doubtfulHigh = readInt32(data, 16);
    if (data.length !== HEADER_BYTES + this.count * HASH_BYTES) return false;
    this.#bytes.set(data.subarray(HEADER_BYTES));
    return readInt32(data, 0) === checksumOf(key, data);
  }

  /** Its data, which is valid until the next block is encoded. */
  encode(): Uint8Array {
    const length = this.count * HASH_BYTES;
    const bytes = encoded.subarray(0, HEADER_BYTES + length);
    encodedView.setInt32(4, this.#presentLow, true);
    encodedView.setInt32(8, this.#presentHigh, true);
    encodedView.setInt32(12, this.#doubtfulLow, true);
    encodedView.setInt32(16, this.#doubtfulHigh, true);
    bytes.set(this.#bytes.subarray(0, length), HEADER_BYTES);
    encodedView.setInt32(0, checksumOf(this.key, bytes), true);
    return bytes;
  }

  /** Number of ids. */
  get count(): number {
    return popCount(this.#presentLow) + popCount(this.#presentHigh);
  }

  has(slot: number): boolean {
    return isSet(this.#presentLow, this.#presentHigh, slot);
  }

  isDoubtful(slot: number): boolean {
    return isSet(this.#doubtfulLow, this.#doubtfulHigh, slot);
  }

  /** Compares the hash of an id with one of `hashes`. */
  compare(slot: number, hashes: Hashes, at: number): Comparison {
    if (!this.has(slot)) return ABSENT;
    if (this.isDoubtful(slot)) return DIFFERENT;
    return isSameHash(this.#hashes, this.#placeOf(slot), hashes, at) ? SAME : DIFFERENT;
  }

  /** A copy of the hash of an id that is there. */
  hashOf(slot: number): Hashes {
    const at = this.#placeOf(slot);
    return this.#hashes.slice(at, at + HASH_WORDS);
  }

  /** Returns whether the id is new. */
  set(slot: number, hashes: Hashes, at: number, isDoubtful: boolean): boolean {
    const isNew = !this.has(slot);
    const place = this.#placeOf(slot);
    if (isNew) {
      const end = this.count * HASH_WORDS;
      if (place < end) this.#hashes.copyWithin(place + HASH_WORDS, place, end);
      this.#mark(slot, true);
    }
    copyHash(hashes, at, this.#hashes, place);
    this.#markDoubtful(slot, isDoubtful);
    return isNew;
  }

  markAllDoubtful(): void {
    this.#doubtfulLow = this.#presentLow;
    this.#doubtfulHigh = this.#presentHigh;
  }

  delete(slot: number): void {
    const place = this.#placeOf(slot);
    this.#hashes.copyWithin(place, place + HASH_WORDS);
    this.#mark(slot, false);
    this.#markDoubtful(slot, false);
  }

  #markDoubtful(slot: number, isDoubtful: boolean): void {
    if (slot < 32) this.#doubtfulLow = withBit(this.#doubtfulLow, slot, isDoubtful);
    else this.#doubtfulHigh = withBit(this.#doubtfulHigh, slot - 32, isDoubtful);
  }

  #mark(slot: number, isPresent: boolean): void {
    if (slot < 32) this.#presentLow = withBit(this.#presentLow, slot, isPresent);
    else this.#presentHigh = withBit(this.#presentHigh, slot - 32, isPresent);
  }

  /** The word at which the hash of an id is, or would be. */
  #placeOf(slot: number): number {
    const before =
      slot < 32
        ? popCount(this.#presentLow & ~(-1 << slot))
        : popCount(this.#presentLow) + popCount(this.#presentHigh & ~(-1 << (slot - 32)));
    return before * HASH_WORDS;
  }
}

/** The ids that are there, as the header of a stored block says. */
export const presentIn = (header: Uint8Array): { low: number; high: number } | undefined =>
  header.length === HEADER_BYTES ? { low: readInt32(header, 4), high: readInt32(header, 8) } : undefined;

const isSet = (low: number, high: number, slot: number): boolean =>
  ((slot < 32 ? low >>> slot : high >>> (slot - 32)) & 1) === 1;

const withBit = (bits: number, at: number, value: boolean): number => (value ? bits | (1 << at) : bits & ~(1 << at));

/** Covers the key, so that a block in the place of another is noticed. */
const checksumOf = (key: number, bytes: Uint8Array): number => crc32(bytes.subarray(4), key % 2 ** 32) | 0;
