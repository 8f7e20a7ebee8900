import type { StoreDatabase } from '../database/store-database.js';
import { damagedError } from '../errors.js';
import { BLOCK_IDS, IdBlock } from './id-block.js';

/** Blocks in memory: 1024 of up to 2 KiB are about 2.5 MB. */
const MAX_BLOCKS = 1024;

/** Blocks that are read at once where a dump is in the order of its ids. */
const READ_AHEAD_BLOCKS = 16;

/** The blocks of a database, the last used of them in memory. */
export class BlockCache {
  readonly #database: StoreDatabase;
  readonly #blocks = new Map<number, IdBlock>();
  readonly #dirty = new Set<IdBlock>();
  #last: IdBlock | undefined;
  #nextKey = 0;

  constructor(database: StoreDatabase) {
    this.#database = database;
  }

  /** Blocks that differ from the database. */
  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** The block of an id; an empty one if the store has none of its ids. */
  blockOf(id: number): IdBlock {
    const key = Math.floor(id / BLOCK_IDS);
    if (this.#last?.key === key) return this.#last;
    const block = this.#blocks.get(key) ?? this.#read(key);
    this.#last = block;
    return block;
  }

  /** To be called after each change of a block. */
  noteChange(block: IdBlock): void {
    this.#dirty.add(block);
  }

  /** Writes what changed; to be called in a transaction. */
  flush(): void {
    // In the order of keys, which the pages of the database are in.
    const dirty = [...this.#dirty].sort((one, other) => one.key - other.key);
    for (const block of dirty) {
      if (block.count === 0) this.#database.run('DELETE FROM block WHERE key = ?', block.key);
      else this.#database.run('INSERT OR REPLACE INTO block VALUES (?, ?)', block.key, block.encode());
      block.isDirty = false;
    }
    this.#dirty.clear();
  }

  /** The blocks after a key, in order, as the database has them: call it only when nothing is dirty. */
  *scan(afterKey = -1): Generator<IdBlock[], void, undefined> {
    let last = afterKey;
    for (;;) {
      const rows = this.#database.all('SELECT key, data FROM block WHERE key > ? ORDER BY key LIMIT 256', last);
      if (rows.length === 0) return;
      const blocks = rows.map(({ key, data }) => this.#decode(Number(key), data as Uint8Array));
      last = blocks.at(-1)!.key;
      yield blocks;
    }
  }

  #read(key: number): IdBlock {
    this.#makeRoom();
    // Reading ahead pays only if the last miss was just before this one.
    const count = key === this.#nextKey ? READ_AHEAD_BLOCKS : 1;
    this.#nextKey = key + count;
    const rows = this.#database.all('SELECT key, data FROM block WHERE key BETWEEN ? AND ?', key, key + count - 1);
    for (const row of rows) {
      const found = Number(row['key']);
      if (!this.#blocks.has(found)) this.#blocks.set(found, this.#decode(found, row['data'] as Uint8Array));
    }
    for (let at = key; at < key + count; at++) {
      if (!this.#blocks.has(at)) this.#blocks.set(at, new IdBlock(at));
    }
    return this.#blocks.get(key)!;
  }

  #decode(key: number, data: Uint8Array): IdBlock {
    const block = IdBlock.decode(key, data);
    if (block === undefined)
      throw damagedError(this.#database.path, `the hashes of ids from ${key * BLOCK_IDS} on are wrong`);
    return block;
  }

  #makeRoom(): void {
    if (this.#blocks.size < MAX_BLOCKS) return;
    // The oldest half; what is not written yet stays.
    let surplus = this.#blocks.size - MAX_BLOCKS / 2;
    for (const [key, block] of this.#blocks) {
      if (surplus-- <= 0) break;
      if (!block.isDirty) this.#blocks.delete(key);
    }
  }
}
