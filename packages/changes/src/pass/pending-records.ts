import type { IdKey } from '../record-id.js';
import { copyHash, createHashes, HASH_WORDS, type Hashes, isSameHash } from '../sha256.js';

/** What was decided about a record. */
export const SETTLED = 0;
export const PUBLISHED = 1;
export const UNCHANGED = 2;

/** Hashes that a block has room for at first. */
const MIN_HASHES = 32;

/** Blocks whose memory is kept to be used again. */
const MAX_UNUSED = 32;

/** Counters of pending ids: ids in a row have one each. */
const COUNTERS = 2 ** 20;

/** A counter that stays at this value, since it does not say how many there are. */
const MAX_COUNT = 255;

const counterOf = (key: IdKey): number => {
  if (typeof key === 'number') return key % COUNTERS;
  let hash = 0;
  for (let index = 0; index < key.length; index++) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0;
  return (hash >>> 0) % COUNTERS;
};

/** The decided records of a block, and the changes among them: the records that the sink does not have like this. */
class PendingBlock {
  last = 0;
  count = 0;
  /** `SETTLED`, `PUBLISHED` or `UNCHANGED` for each record of the block. */
  kinds = new Uint8Array(0);
  /** The number of each record; `undefined` if they are consecutive and end with `last`. */
  numbers: Float64Array | undefined;
  /** The id of each change, its index in the block, and its hash. */
  readonly keys: IdKey[] = [];
  readonly indexes: number[] = [];
  hashes: Hashes = createHashes(MIN_HASHES);

  clear(last: number, count: number, numbers: Float64Array | undefined): void {
    this.last = last;
    this.count = count;
    this.numbers = numbers;
    this.keys.length = 0;
    this.indexes.length = 0;
    if (this.kinds.length < count) this.kinds = new Uint8Array(count);
    else this.kinds.fill(SETTLED, 0, count);
  }

  addHash(hashes: Hashes, at: number): void {
    const place = this.keys.length * HASH_WORDS;
    if (place === this.hashes.length) {
      const larger = new Int32Array(2 * place);
      larger.set(this.hashes);
      this.hashes = larger;
    }
    copyHash(hashes, at, this.hashes, place);
  }
}

/** What became of the records up to one of them. */
export interface Applied {
  /** All records to this one are settled now. */
  readonly record: number;
  readonly published: number;
  readonly unchanged: number;
}

/** The records that are decided and not confirmed, in order. */
export class PendingRecords {
  readonly #blocks: PendingBlock[] = [];
  readonly #unused: PendingBlock[] = [];
  /** How many changes are pending whose ids have this counter. Without one, an id needs no search. */
  readonly #counters = new Uint8Array(COUNTERS);
  /** Of the first block: the next record and the next change. */
  #index = 0;
  #change = 0;

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Begins a block; what is added belongs to it. */
  begin(last: number, count: number, numbers: Float64Array | undefined): PendingBlock {
    const block = this.#unused.pop() ?? new PendingBlock();
    block.clear(last, count, numbers);
    this.#blocks.push(block);
    return block;
  }

  /** Whether the latest pending hash of an id is this one; `undefined` if none is pending. */
  compare(key: IdKey, hashes: Hashes, at: number): boolean | undefined {
    if (this.#counters[counterOf(key)] === 0) return undefined;
    for (let back = this.#blocks.length - 1; back >= 0; back--) {
      const block = this.#blocks[back]!;
      const change = block.keys.lastIndexOf(key);
      if (change !== -1 && !(back === 0 && change < this.#change)) {
        return isSameHash(block.hashes, change * HASH_WORDS, hashes, at);
      }
    }
    return undefined;
  }

  /** Adds a change to the block that was begun last. */
  addChange(block: PendingBlock, index: number, key: IdKey, hashes: Hashes, at: number): void {
    block.addHash(hashes, at);
    block.keys.push(key);
    block.indexes.push(index);
    const counter = counterOf(key);
    if (this.#counters[counter]! < MAX_COUNT) this.#counters[counter]!++;
  }

  /** Takes a record back that was to be sent. Returns whether it was pending like this. */
  settle(record: number): boolean {
    const block = this.#blocks.find(({ last }) => last >= record);
    if (block === undefined) return false;
    const { kinds, numbers, last, count } = block;
    const index = numbers === undefined ? record - (last - count + 1) : numbers.indexOf(record);
    if (kinds[index] !== PUBLISHED) return false;
    kinds[index] = SETTLED;
    return true;
  }

  /**
   * Removes records up to `watermark`, of one block at most, and calls `onChange` with each new hash, in order.
   * Returns `undefined` if there are none.
   */
  apply(watermark: number, onChange: (key: IdKey, hashes: Hashes, at: number) => void): Applied | undefined {
    const block = this.#blocks[0];
    if (block === undefined) return undefined;
    const before = this.#index;
    const applied = this.#countUpTo(watermark, block);
    this.#applyChanges(block, onChange);
    if (block.last > watermark) return this.#index === before ? undefined : applied;
    this.#blocks.shift();
    if (this.#unused.length < MAX_UNUSED) this.#unused.push(block);
    this.#index = 0;
    this.#change = 0;
    return applied;
  }

  #countUpTo(watermark: number, { kinds, numbers, last, count }: PendingBlock): Applied {
    const first = last - count + 1;
    let published = 0;
    let unchanged = 0;
    for (; this.#index < count; this.#index++) {
      if (last > watermark && (numbers?.[this.#index] ?? first + this.#index) > watermark) break;
      const kind = kinds[this.#index];
      if (kind === PUBLISHED) published++;
      else if (kind === UNCHANGED) unchanged++;
    }
    return { record: Math.min(last, watermark), published, unchanged };
  }

  #applyChanges(
    { kinds, keys, indexes, hashes }: PendingBlock,
    onChange: (key: IdKey, hashes: Hashes, at: number) => void,
  ): void {
    for (; this.#change < keys.length && indexes[this.#change]! < this.#index; this.#change++) {
      const key = keys[this.#change]!;
      if (kinds[indexes[this.#change]!] !== SETTLED) onChange(key, hashes, this.#change * HASH_WORDS);
      const counter = counterOf(key);
      if (this.#counters[counter]! < MAX_COUNT) this.#counters[counter]!--;
    }
  }
}
