import { crc32 } from 'node:zlib';
import { HASH_BYTES, isSameHash } from '../sha256.js';

/** Ids per block: those with the same `Math.floor(id / 64)`. */
export const BLOCK_IDS = 64;

/** Checksum, bitmap of the ids that are there, bitmap of the doubtful ones. */
const HEADER_BYTES = 4 + 8 + 8;

/** What a store knows of an id, compared with a hash. */
export const ABSENT = 0;
export const SAME = 1;
export const DIFFERENT = 2;
export type Comparison = typeof ABSENT | typeof SAME | typeof DIFFERENT;

const popCount = (bits: number): number => {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

const NO_HASHES = new Uint8Array(0);

/**
 * The hashes of up to 64 neighbouring ids, packed: 32 bytes for each id that is there and 20 for the block. Ids whose
 * hash at the sink is doubtful (a record may have arrived, or not, before a crash) are marked: they equal no hash.
 */
export class IdBlock {
  readonly key: number;
  /** Whether it differs from what the database holds. */
  isDirty = false;
  /** The hashes in the order of the ids, and room for more. */
  #hashes: Uint8Array;
  #presentLow = 0;
  #presentHigh = 0;
  #doubtfulLow = 0;
  #doubtfulHigh = 0;

  constructor(key: number) {
    this.key = key;
    this.#hashes = NO_HASHES;
  }

  /** @returns `undefined` if the data is not what was stored under this key */
  static decode(key: number, data: Uint8Array): IdBlock | undefined {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.length < HEADER_BYTES) return undefined;
    const block = new IdBlock(key);
    block.#presentLow = bytes.readInt32LE(4);
    block.#presentHigh = bytes.readInt32LE(8);
    block.#doubtfulLow = bytes.readInt32LE(12);
    block.#doubtfulHigh = bytes.readInt32LE(16);
    block.#hashes = new Uint8Array(data.buffer, data.byteOffset + HEADER_BYTES, data.byteLength - HEADER_BYTES);
    const isWhole =
      block.#hashes.length === block.count * HASH_BYTES && bytes.readUInt32LE(0) === checksumOf(key, bytes);
    return isWhole ? block : undefined;
  }

  encode(): Buffer {
    const length = this.count * HASH_BYTES;
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + length);
    bytes.writeInt32LE(this.#presentLow, 4);
    bytes.writeInt32LE(this.#presentHigh, 8);
    bytes.writeInt32LE(this.#doubtfulLow, 12);
    bytes.writeInt32LE(this.#doubtfulHigh, 16);
    bytes.set(this.#hashes.subarray(0, length), HEADER_BYTES);
    bytes.writeUInt32LE(checksumOf(this.key, bytes), 0);
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

  /** Compares the hash of an id with 32 bytes of `hashes`. */
  compare(slot: number, hashes: Uint8Array, offset: number): Comparison {
    if (!this.has(slot)) return ABSENT;
    if (this.isDoubtful(slot)) return DIFFERENT;
    return isSameHash(this.#hashes, this.#offsetOf(slot), hashes, offset) ? SAME : DIFFERENT;
  }

  /** A copy of the hash of an id that is there. */
  hashOf(slot: number): Buffer {
    const at = this.#offsetOf(slot);
    return Buffer.from(this.#hashes.subarray(at, at + HASH_BYTES));
  }

  /** Returns whether the id is new. */
  set(slot: number, hashes: Uint8Array, offset: number, isDoubtful: boolean): boolean {
    const isNew = !this.has(slot);
    const at = this.#offsetOf(slot);
    if (isNew) {
      this.#makeRoom(at);
      this.#mark(slot, true);
    }
    for (let index = 0; index < HASH_BYTES; index++) this.#hashes[at + index] = hashes[offset + index]!;
    this.markDoubtful(slot, isDoubtful);
    return isNew;
  }

  markDoubtful(slot: number, isDoubtful: boolean): void {
    if (slot < 32) this.#doubtfulLow = withBit(this.#doubtfulLow, slot, isDoubtful);
    else this.#doubtfulHigh = withBit(this.#doubtfulHigh, slot - 32, isDoubtful);
    this.isDirty = true;
  }

  markAllDoubtful(): void {
    this.#doubtfulLow = this.#presentLow;
    this.#doubtfulHigh = this.#presentHigh;
    this.isDirty = true;
  }

  delete(slot: number): void {
    const at = this.#offsetOf(slot);
    this.#hashes.copyWithin(at, at + HASH_BYTES);
    this.#mark(slot, false);
    this.markDoubtful(slot, false);
  }

  /** Makes room for one more hash at a place. */
  #makeRoom(at: number): void {
    const length = this.count * HASH_BYTES;
    if (length === this.#hashes.length) {
      const larger = new Uint8Array(Math.min(BLOCK_IDS, Math.max(8, 2 * this.count)) * HASH_BYTES);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes.copyWithin(at + HASH_BYTES, at, length);
  }

  #mark(slot: number, isPresent: boolean): void {
    if (slot < 32) this.#presentLow = withBit(this.#presentLow, slot, isPresent);
    else this.#presentHigh = withBit(this.#presentHigh, slot - 32, isPresent);
  }

  #offsetOf(slot: number): number {
    const before =
      slot < 32
        ? popCount(this.#presentLow & (2 ** slot - 1))
        : popCount(this.#presentLow) + popCount(this.#presentHigh & (2 ** (slot - 32) - 1));
    return before * HASH_BYTES;
  }
}

const isSet = (low: number, high: number, slot: number): boolean =>
  ((slot < 32 ? low >>> slot : high >>> (slot - 32)) & 1) === 1;

const withBit = (bits: number, at: number, value: boolean): number => (value ? bits | (1 << at) : bits & ~(1 << at));

/** Covers the key, so that a block in the place of another is noticed. */
const checksumOf = (key: number, bytes: Buffer): number => crc32(bytes.subarray(4), key % 2 ** 32);
