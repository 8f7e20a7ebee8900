import type { IdKey } from '../record-id.js';
import { HASH_BYTES, isSameHash } from '../sha256.js';

/** What was decided about a record. */
export const SETTLED = 0;
export const PUBLISHED = 1;
export const UNCHANGED = 2;

/** The records of a block that the sink does not have like this, in order. */
export interface Changes {
  readonly keys: readonly IdKey[];
  /** Index of each in the block. */
  readonly indexes: readonly number[];
  /** 32 bytes for each. */
  readonly hashes: Uint8Array;
}

/** The decided records of a block. */
export interface PendingBlock {
  readonly last: number;
  /** `SETTLED`, `PUBLISHED` or `UNCHANGED` for each record of the block. */
  readonly kinds: Uint8Array;
  /** The number of each record; `undefined` if they are consecutive and end with `last`. */
  readonly numbers: Float64Array | undefined;
  readonly changes: Changes;
}

/** What became of the records that a watermark passed. */
export interface Applied {
  published: number;
  unchanged: number;
}

/** Where the latest pending hash of an id is. */
interface Place {
  readonly hashes: Uint8Array;
  readonly offset: number;
}

/** The records that are decided and not confirmed, in order. */
export class PendingRecords {
  readonly #blocks: PendingBlock[] = [];
  readonly #latest = new Map<IdKey, Place>();
  #index = 0;
  #change = 0;

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Whether the latest pending hash of an id is this one; `undefined` if none is pending. */
  compare(key: IdKey, hashes: Uint8Array, offset: number): boolean | undefined {
    if (this.#latest.size === 0) return undefined;
    const place = this.#latest.get(key);
    return place && isSameHash(place.hashes, place.offset, hashes, offset);
  }

  /** Notes a hash that is about to be sent, where it stays; the block of its record is added afterwards. */
  setHash(key: IdKey, hashes: Uint8Array, offset: number): void {
    this.#latest.set(key, { hashes, offset });
  }

  add(block: PendingBlock): void {
    this.#blocks.push(block);
  }

  /** Takes a record back that was to be sent. Returns whether it was pending like this. */
  settle(record: number): boolean {
    const block = this.#blocks.find(({ last }) => last >= record);
    if (block === undefined) return false;
    const { kinds, numbers, last } = block;
    const index = numbers === undefined ? record - (last - kinds.length + 1) : numbers.indexOf(record);
    if (kinds[index] !== PUBLISHED) return false;
    kinds[index] = SETTLED;
    return true;
  }

  /** Removes the records up to `watermark` and calls `onChange` with each new hash, in order. */
  apply(watermark: number, onChange: (key: IdKey, hashes: Uint8Array, offset: number) => void): Applied {
    const applied: Applied = { published: 0, unchanged: 0 };
    while (this.#blocks.length > 0) {
      const block = this.#blocks[0]!;
      this.#countUpTo(watermark, block, applied);
      this.#applyChanges(block, onChange);
      if (block.last > watermark) break;
      this.#blocks.shift();
      this.#index = 0;
      this.#change = 0;
    }
    return applied;
  }

  #countUpTo(watermark: number, { kinds, numbers, last }: PendingBlock, applied: Applied): void {
    const first = last - kinds.length + 1;
    for (; this.#index < kinds.length; this.#index++) {
      if (last > watermark && (numbers?.[this.#index] ?? first + this.#index) > watermark) break;
      if (kinds[this.#index] === PUBLISHED) applied.published++;
      else if (kinds[this.#index] === UNCHANGED) applied.unchanged++;
    }
  }

  #applyChanges(
    { kinds, changes: { keys, indexes, hashes } }: PendingBlock,
    onChange: (key: IdKey, hashes: Uint8Array, offset: number) => void,
  ): void {
    for (; this.#change < keys.length && indexes[this.#change]! < this.#index; this.#change++) {
      const key = keys[this.#change]!;
      const offset = this.#change * HASH_BYTES;
      if (kinds[indexes[this.#change]!] !== SETTLED) onChange(key, hashes, offset);
      const latest = this.#latest.get(key);
      if (latest?.hashes === hashes && latest.offset === offset) this.#latest.delete(key);
    }
  }
}
