import type { StoreDatabase } from '../database/store-database.js';
import { damagedError } from '../errors.js';
import type { IdKey } from '../record-id.js';
import type { Hashes } from '../sha256.js';
import { BlockCache } from './block-cache.js';
import { ABSENT, BLOCK_IDS, type Comparison, popCount } from './id-block.js';
import { SeenIds } from './seen-ids.js';
import { TextIds } from './text-ids.js';

/** An id that the sink has, with the hash of its record there. */
export interface StoredId {
  readonly key: IdKey;
  readonly hash: Hashes;
}

/** Changes in memory after which they should be written. */
const MAX_DIRTY = 512;

/** The ids that a sink has: id → hash, and which of them the current pass has seen. */
export class SinkIds {
  /** How many ids there are, and how many of them the pass has seen. */
  ids = 0;
  seen = 0;
  /** Number of the current pass. */
  pass = 0;
  readonly #database: StoreDatabase;
  readonly #blocks: BlockCache;
  readonly #seenIds: SeenIds;
  readonly #texts: TextIds;

  constructor(database: StoreDatabase) {
    this.#database = database;
    this.#blocks = new BlockCache(database);
    this.#seenIds = new SeenIds(database);
    this.#texts = new TextIds(database);
  }

  /** Whether so much has changed that it should be written, to bound the memory. */
  get isFull(): boolean {
    return (
      this.#blocks.dirtyCount > MAX_DIRTY || this.#texts.dirtyCount > MAX_DIRTY || this.#seenIds.dirtyCount > MAX_DIRTY
    );
  }

  /** Compares the hash that the sink has with one of `hashes`. */
  compare(key: IdKey, hashes: Hashes, at: number): Comparison {
    if (typeof key === 'string') return this.#texts.compare(key, hashes, at);
    return this.#blocks.blockOf(key).compare(key % BLOCK_IDS, hashes, at);
  }

  /** Compares as well, and notes that the dump of this pass has the id. */
  compareAndSee(key: IdKey, hashes: Hashes, at: number): Comparison {
    const comparison = this.compare(key, hashes, at);
    if (comparison !== ABSENT) this.#seeStored(key);
    return comparison;
  }

  hashOf(key: IdKey): Hashes | undefined {
    if (typeof key === 'string') return this.#texts.hashOf(key);
    const block = this.#blocks.blockOf(key);
    return block.has(key % BLOCK_IDS) ? block.hashOf(key % BLOCK_IDS) : undefined;
  }

  /**
   * Notes the hash that the sink has: one of `hashes`.
   * @param isDoubtful - whether it is not known if the sink has this hash or another
   */
  set(key: IdKey, hashes: Hashes, at: number, isDoubtful = false): void {
    if (typeof key === 'string') {
      if (this.#texts.set(key, hashes, at, isDoubtful)) this.ids++;
      return;
    }
    const block = this.#blocks.blockOf(key);
    if (block.set(key % BLOCK_IDS, hashes, at, isDoubtful)) this.ids++;
    this.#blocks.noteChange(block);
  }

  /** Notes the hash that the sink has, and that the dump of this pass has the id. */
  setAndSee(key: IdKey, hashes: Hashes, at: number): void {
    this.set(key, hashes, at);
    this.#seeStored(key);
  }

  /** Marks that it is not known what the sink has. If it may have nothing of this id, it counts as having `hash`. */
  doubt(key: IdKey, hash: Hashes): void {
    this.set(key, this.hashOf(key) ?? hash, 0, true);
  }

  /** Notes that the dump of this pass has an id. Does nothing for an id that the sink has not. */
  see(key: IdKey): void {
    const isStored = typeof key === 'string' ? this.#texts.has(key) : this.#blocks.blockOf(key).has(key % BLOCK_IDS);
    if (isStored) this.#seeStored(key);
  }

  /** Removes an id that the pass has not seen. */
  delete(key: IdKey): void {
    if (typeof key === 'string') this.#texts.delete(key);
    else {
      const block = this.#blocks.blockOf(key);
      block.delete(key % BLOCK_IDS);
      this.#blocks.noteChange(block);
    }
    this.ids--;
  }

  /** Begins a pass that has seen nothing; to be called in a transaction. */
  beginPass(): void {
    this.pass++;
    this.seen = 0;
    this.#seenIds.clear();
  }

  /** Writes what changed; to be called in a transaction. */
  flush(): void {
    this.#blocks.flush();
    this.#seenIds.flush();
    this.#texts.flush();
  }

  /** The ids in order, numbers first, some at a time. Call it only after a flush. */
  *scan(): Generator<StoredId[], void, undefined> {
    for (const blocks of this.#blocks.scan()) {
      const found: StoredId[] = [];
      for (const block of blocks) {
        for (let slot = 0; slot < BLOCK_IDS; slot++) {
          if (block.has(slot)) found.push({ key: block.key * BLOCK_IDS + slot, hash: block.hashOf(slot) });
        }
      }
      yield found;
    }
    for (const texts of this.#texts.scan()) yield texts.map(({ id, hash }) => ({ key: id, hash }));
  }

  /** The ids that the pass has not seen, in the order of {@link scan}. Call it only after a flush. */
  *scanUnseen(): Generator<StoredId[], void, undefined> {
    for (const headers of this.#blocks.scanHeaders()) {
      const found: StoredId[] = [];
      for (const { key, low, high } of headers) {
        const first = key * BLOCK_IDS;
        const unseenLow = low & ~this.#seenIds.bitsFrom(first);
        const unseenHigh = high & ~this.#seenIds.bitsFrom(first + 32);
        if ((unseenLow | unseenHigh) === 0) continue;
        // Compares its checksum.
        const block = this.#blocks.blockOf(first);
        for (let slot = 0; slot < BLOCK_IDS; slot++) {
          const isUnseen = (((slot < 32 ? unseenLow : unseenHigh) >>> (slot & 31)) & 1) === 1;
          if (isUnseen) found.push({ key: first + slot, hash: block.hashOf(slot) });
        }
      }
      yield found;
    }
    for (const texts of this.#texts.scan()) {
      yield texts.filter(({ pass }) => pass !== this.pass).map(({ id, hash }) => ({ key: id, hash }));
    }
  }

  /**
   * Compares the ids of the whole store with the counts, and gives other work a turn in between. Hashes are compared with
   * their checksums whenever they are read. Call it only after a flush.
   *
   * @throws ChangesError `STORE_DAMAGED`
   */
  async verify(): Promise<void> {
    let ids = 0;
    let seen = 0;
    for (const headers of this.#blocks.scanHeaders()) {
      for (const { key, low, high } of headers) {
        const first = key * BLOCK_IDS;
        ids += popCount(low) + popCount(high);
        seen += popCount(low & this.#seenIds.bitsFrom(first)) + popCount(high & this.#seenIds.bitsFrom(first + 32));
      }
      await new Promise(setImmediate);
    }
    for (const texts of this.#texts.scan()) {
      ids += texts.length;
      seen += texts.filter(({ pass }) => pass === this.pass).length;
      await new Promise(setImmediate);
    }
    if (ids !== this.ids || seen !== this.seen) {
      const detail = `it has ${ids} ids, ${seen} of them seen, instead of ${this.ids} and ${this.seen}`;
      throw damagedError(this.#database.path, detail);
    }
  }

  /** Marks all ids as doubtful, in a transaction for each part. Call it only after a flush. */
  async doubtAll(): Promise<void> {
    for (const headers of this.#blocks.scanHeaders()) {
      for (const { key } of headers) {
        const block = this.#blocks.blockOf(key * BLOCK_IDS);
        block.markAllDoubtful();
        this.#blocks.noteChange(block);
      }
      this.#database.transact(() => this.#blocks.flush());
      await new Promise(setImmediate);
    }
    this.#database.transact(() => this.#texts.markAllDoubtful());
  }

  /** Notes that the dump of this pass has an id that is in the store. */
  #seeStored(key: IdKey): void {
    const isFirst = typeof key === 'string' ? this.#texts.see(key, this.pass) : this.#seenIds.add(key);
    if (isFirst) this.seen++;
  }
}
