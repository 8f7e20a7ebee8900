import type { StoreDatabase } from '../database/store-database.js';
import { damagedError } from '../errors.js';
import type { IdKey } from '../record-id.js';
import { BlockCache } from './block-cache.js';
import { BLOCK_IDS, type Comparison } from './id-block.js';
import { SeenIds } from './seen-ids.js';
import { TextIds } from './text-ids.js';

/** An id that the sink has, with the hash of its record there. */
export interface StoredId {
  readonly key: IdKey;
  readonly hash: Buffer;
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

  /** Compares the hash that the sink has with 32 bytes of `hashes`. */
  compare(key: IdKey, hashes: Uint8Array, offset: number): Comparison {
    if (typeof key === 'string') return this.#texts.compare(key, hashes, offset);
    return this.#blocks.blockOf(key).compare(key % BLOCK_IDS, hashes, offset);
  }

  hashOf(key: IdKey): Buffer | undefined {
    if (typeof key === 'string') return this.#texts.hashOf(key);
    const block = this.#blocks.blockOf(key);
    return block.has(key % BLOCK_IDS) ? block.hashOf(key % BLOCK_IDS) : undefined;
  }

  /**
   * Notes the hash that the sink has: 32 bytes of `hashes`.
   * @param isDoubtful - whether it is not known if the sink has this hash or another
   */
  set(key: IdKey, hashes: Uint8Array, offset: number, isDoubtful = false): void {
    if (typeof key === 'string') {
      if (this.#texts.set(key, hashes, offset, isDoubtful)) this.ids++;
      return;
    }
    const block = this.#blocks.blockOf(key);
    if (block.set(key % BLOCK_IDS, hashes, offset, isDoubtful)) this.ids++;
    this.#blocks.noteChange(block);
  }

  /** Marks that it is not known what the sink has. If it may have nothing of this id, it counts as having `hash`. */
  doubt(key: IdKey, hash: Buffer): void {
    this.set(key, this.hashOf(key) ?? hash, 0, true);
  }

  /** Notes that the dump of this pass has an id. Does nothing for an id that the sink has not. */
  see(key: IdKey): void {
    const isFirst =
      typeof key === 'string'
        ? this.#texts.has(key) && this.#texts.see(key, this.pass)
        : this.#blocks.blockOf(key).has(key % BLOCK_IDS) && this.#seenIds.add(key);
    if (isFirst) this.seen++;
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
    for (const blocks of this.#blocks.scan()) {
      const found: StoredId[] = [];
      for (const block of blocks) {
        for (let slot = 0; slot < BLOCK_IDS; slot++) {
          const id = block.key * BLOCK_IDS + slot;
          if (block.has(slot) && !this.#seenIds.has(id)) found.push({ key: id, hash: block.hashOf(slot) });
        }
      }
      yield found;
    }
    for (const texts of this.#texts.scan()) {
      yield texts.filter(({ pass }) => pass !== this.pass).map(({ id, hash }) => ({ key: id, hash }));
    }
  }

  /**
   * Reads everything, compares it with the counts, and gives other work a turn in between. Call it only after a flush.
   *
   * @throws ChangesError `STORE_DAMAGED`
   */
  async verify(): Promise<void> {
    let ids = 0;
    let seen = 0;
    for (const blocks of this.#blocks.scan()) {
      for (const block of blocks) {
        ids += block.count;
        for (let slot = 0; slot < BLOCK_IDS; slot++) {
          if (block.has(slot) && this.#seenIds.has(block.key * BLOCK_IDS + slot)) seen++;
        }
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
    for (const blocks of this.#blocks.scan()) {
      for (const { key } of blocks) {
        const block = this.#blocks.blockOf(key * BLOCK_IDS);
        block.markAllDoubtful();
        this.#blocks.noteChange(block);
      }
      this.#database.transact(() => this.#blocks.flush());
      await new Promise(setImmediate);
    }
    this.#database.transact(() => this.#texts.markAllDoubtful());
  }
}
