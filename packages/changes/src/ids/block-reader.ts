import { checks } from '../option-checks.js';
import { type IdKey, keyOf } from '../record-id.js';
import { bytesOf, createHashes, HASH_BYTES, type Hashes, writeHash } from '../sha256.js';

/** Ids and hashes of some records: what is read of a block. */
export interface ReadableBlock {
  readonly count: number;
  id(index: number): string;
  sha256(index: number): string;
  readNumericIds?(into: Float64Array): void;
  readHashes?(into: Uint8Array): void;
}

const MIN_RECORDS = 1024;

/** Reads the ids and hashes of one block after the other, in the same memory. */
export class BlockReader {
  /** The hashes of the block. */
  hashes: Hashes = createHashes(0);
  #bytes = bytesOf(this.hashes);
  /** The ids that are numbers; `NaN` for the others. */
  #numericIds = new Float64Array(0);
  #block: ReadableBlock | undefined;

  /** @throws ChangesError `INVALID_OPTIONS` */
  read(block: ReadableBlock): void {
    const { count } = block;
    if (count > this.#numericIds.length) {
      const capacity = Math.max(MIN_RECORDS, 2 * count);
      this.hashes = createHashes(capacity);
      this.#bytes = bytesOf(this.hashes);
      this.#numericIds = new Float64Array(capacity);
    }
    this.#block = block;
    if (block.readNumericIds !== undefined) block.readNumericIds(this.#numericIds.subarray(0, count));
    else this.#readIds(block);
    if (block.readHashes !== undefined) block.readHashes(this.#bytes.subarray(0, count * HASH_BYTES));
    else this.#readHashes(block);
  }

  keyAt(index: number): IdKey {
    const id = this.#numericIds[index]!;
    return Number.isNaN(id) ? this.#block!.id(index) : id;
  }

  #readIds(block: ReadableBlock): void {
    for (let index = 0; index < block.count; index++) {
      const key = keyOf(block.id(index));
      this.#numericIds[index] = typeof key === 'number' ? key : Number.NaN;
    }
  }

  #readHashes(block: ReadableBlock): void {
    for (let index = 0; index < block.count; index++) {
      const sha256 = block.sha256(index);
      if (writeHash(this.#bytes, index * HASH_BYTES, sha256)) continue;
      checks.fail('sha256', 'a SHA-256 of 64 hexadecimal digits', sha256);
    }
  }
}
