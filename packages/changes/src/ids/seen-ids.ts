import type { StoreDatabase } from '../database/store-database.js';

/** Ids per page: a bitmap of 512 bytes. */
const PAGE_IDS = 4096;

/** Pages in memory: 8192 of 512 bytes are about 5 MB, enough for all ids up to 33 million. */
const MAX_PAGES = 8192;

interface Page {
  readonly key: number;
  readonly bits: Uint8Array;
  isDirty: boolean;
}

/** Which ids with a number the current pass has seen: bitmaps, so that a pass over unchanged records writes little. */
export class SeenIds {
  readonly #database: StoreDatabase;
  readonly #pages = new Map<number, Page>();
  readonly #dirty = new Set<Page>();
  #last: Page | undefined;

  constructor(database: StoreDatabase) {
    this.#database = database;
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  has(id: number): boolean {
    const slot = id % PAGE_IDS;
    return ((this.#pageOf(id).bits[slot >>> 3]! >>> (slot & 7)) & 1) === 1;
  }

  /** Returns whether the id had not been seen. */
  add(id: number): boolean {
    const page = this.#pageOf(id);
    const slot = id % PAGE_IDS;
    const before = page.bits[slot >>> 3]!;
    const after = before | (1 << (slot & 7));
    if (after === before) return false;
    page.bits[slot >>> 3] = after;
    this.#noteChange(page);
    return true;
  }

  /** Forgets all, for a new pass; to be called in a transaction. */
  clear(): void {
    this.#pages.clear();
    this.#dirty.clear();
    this.#last = undefined;
    this.#database.run('DELETE FROM seen');
  }

  /** Writes what changed; to be called in a transaction. */
  flush(): void {
    for (const page of [...this.#dirty].sort((one, other) => one.key - other.key)) {
      this.#database.run('INSERT OR REPLACE INTO seen VALUES (?, ?)', page.key, page.bits);
      page.isDirty = false;
    }
    this.#dirty.clear();
  }

  #noteChange(page: Page): void {
    page.isDirty = true;
    this.#dirty.add(page);
  }

  #pageOf(id: number): Page {
    const key = Math.floor(id / PAGE_IDS);
    if (this.#last?.key === key) return this.#last;
    const page = this.#pages.get(key) ?? this.#read(key);
    this.#last = page;
    return page;
  }

  #read(key: number): Page {
    if (this.#pages.size >= MAX_PAGES) {
      for (const [other, page] of this.#pages) if (!page.isDirty) this.#pages.delete(other);
    }
    const row = this.#database.get('SELECT data FROM seen WHERE key = ?', key);
    const bits = row === undefined ? new Uint8Array(PAGE_IDS / 8) : (row['data'] as Uint8Array);
    const page: Page = { key, bits, isDirty: false };
    this.#pages.set(key, page);
    return page;
  }
}
