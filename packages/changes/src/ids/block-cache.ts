import type { StoreDatabase } from '../database/store-database.js';
import { damagedError } from '../errors.js';
import { BLOCK_IDS, HEADER_BYTES, IdBlock, presentIn } from './id-block.js';

/** Blocks in memory: 1024 of 2 KiB are 2 MiB. More only while they are not written. */
const MAX_BLOCKS = 1024;

/** Blocks that are read at once where a dump is in the order of its ids. */
const READ_AHEAD_BLOCKS = 16;

/** Blocks that get their memory at once: 128 KiB. */
const BLOCKS_PER_ALLOCATION = 64;

/** Rows of a scan that are in memory at once. */
const SCAN_BLOCKS = 64;
const SCAN_HEADERS = 1024;

/** Which ids of a block are there. */
export interface BlockHeader {
  readonly key: number;
  readonly low: number;
  readonly high: number;
}

/** The blocks of a database, the last used of them in memory. */
export class BlockCache {
  readonly #database: StoreDatabase;
  readonly #blocks = new Map<number, IdBlock>();
  readonly #unused: IdBlock[] = [];
  #dirty: IdBlock[] = [];
  #last: IdBlock | undefined;
  #nextKey = 0;
  /** The database has no block past this key. */
  #maxKey: number;

  constructor(database: StoreDatabase) {
    this.#database = database;
    this.#maxKey = Number(database.get('SELECT max(key) AS key FROM block')?.['key'] ?? -1);
  }

  /** Blocks that differ from the database. */
  get dirtyCount(): number {
    return this.#dirty.length;
  }

  /** The block of an id; an empty one if the store has none of its ids. Valid until the next call. */
  blockOf(id: number): IdBlock {
    const key = Math.floor(id / BLOCK_IDS);
    if (this.#last?.key === key) return this.#last;
    const block = this.#blocks.get(key) ?? this.#read(key);
    this.#last = block;
    return block;
  }

  /** To be called after each change of a block. */
  noteChange(block: IdBlock): void {
    if (block.isDirty) return;
    block.isDirty = true;
    this.#dirty.push(block);
  }

  /** Writes what changed; to be called in a transaction. */
  flush(): void {
    // In the order of keys, which the pages of the database are in.
    for (const block of this.#dirty.sort((one, other) => one.key - other.key)) {
      if (block.count === 0) this.#database.run('DELETE FROM block WHERE key = ?', block.key);
      else this.#database.run('INSERT OR REPLACE INTO block VALUES (?, ?)', block.key, block.encode());
      block.isDirty = false;
      this.#maxKey = Math.max(this.#maxKey, block.key);
    }
    this.#dirty = [];
  }

  /**
   * All blocks in order, some at a time, as the database has them: call it only when nothing is dirty. They are valid
   * until the next ones are taken.
   */
  *scan(): Generator<IdBlock[], void, undefined> {
    const blocks = IdBlock.createSome(SCAN_BLOCKS);
    for (let last = -1; ; ) {
      const rows = this.#database.all(
        `SELECT key, data FROM block WHERE key > ? ORDER BY key LIMIT ${SCAN_BLOCKS}`,
        last,
      );
      if (rows.length === 0) return;
      for (const [at, { key, data }] of rows.entries()) this.#decode(blocks[at]!, Number(key), data);
      last = blocks[rows.length - 1]!.key;
      yield blocks.slice(0, rows.length);
    }
  }

  /**
   * Which ids there are, in order, some blocks at a time, as the database has them: call it only when nothing is dirty.
   * Their checksums are not compared, since the hashes are not read.
   */
  *scanHeaders(): Generator<BlockHeader[], void, undefined> {
    for (let last = -1; ; ) {
      const rows = this.#database.all(
        `SELECT key, substr(data, 1, ${HEADER_BYTES}) AS header FROM block WHERE key > ? ORDER BY key LIMIT ${SCAN_HEADERS}`,
        last,
      );
      if (rows.length === 0) return;
      const headers = rows.map(({ key, header }) => {
        const present = header instanceof Uint8Array ? presentIn(header) : undefined;
        return { key: Number(key), ...(present ?? this.#reject(Number(key))) };
      });
      last = headers.at(-1)!.key;
      yield headers;
    }
  }

  #read(key: number): IdBlock {
    this.#makeRoom();
    // Reading ahead pays only if the last miss was just before this one.
    const isNext = key === this.#nextKey;
    const count = isNext ? Math.max(1, Math.min(READ_AHEAD_BLOCKS, this.#maxKey - key + 1)) : 1;
    this.#nextKey = key + count;
    const rows =
      key > this.#maxKey
        ? []
        : this.#database.all('SELECT key, data FROM block WHERE key BETWEEN ? AND ?', key, key + count - 1);
    for (const { key: found, data } of rows) {
      if (!this.#blocks.has(Number(found))) this.#add(Number(found), data);
    }
    for (let at = key; at < key + count; at++) if (!this.#blocks.has(at)) this.#add(at);
    return this.#blocks.get(key)!;
  }

  /** Keeps a block in memory: what is stored, or an empty one. */
  #add(key: number, data?: unknown): void {
    if (this.#unused.length === 0) this.#unused.push(...IdBlock.createSome(BLOCKS_PER_ALLOCATION));
    const block = this.#unused.at(-1)!;
    if (data === undefined) block.clear(key);
    else this.#decode(block, key, data);
    this.#unused.pop();
    this.#blocks.set(key, block);
  }

  #decode(block: IdBlock, key: number, data: unknown): void {
    if (!(data instanceof Uint8Array && block.decode(key, data))) this.#reject(key);
  }

  #reject(key: number): never {
    throw damagedError(this.#database.path, `the hashes of ids from ${key * BLOCK_IDS} on are wrong`);
  }

  #makeRoom(): void {
    if (this.#blocks.size < MAX_BLOCKS) return;
    // The oldest half; what is not written yet stays.
    let surplus = this.#blocks.size - MAX_BLOCKS / 2;
    for (const [key, block] of this.#blocks) {
      if (surplus-- <= 0) break;
      if (block.isDirty) continue;
      this.#blocks.delete(key);
      this.#unused.push(block);
    }
  }
}
