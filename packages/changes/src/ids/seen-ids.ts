import type { StoreDatabase } from '../database/store-database.js';

/** Ids per page: a bitmap of 512 bytes. */
const PAGE_IDS = 4096;
const PAGE_BYTES = PAGE_IDS / 8;

/** Pages in memory: 4096 of 512 bytes are 2 MiB, enough for all ids up to 16 million. */
const MAX_PAGES = 4096;

interface Page {
  readonly key: number;
  readonly bits: Uint8Array;
  isDirty: boolean;
}

/** Which ids with a number the current pass has seen: bitmaps, so that a pass over unchanged records writes little. */
export class SeenIds {
  readonly #database: StoreDatabase;
  readonly #pages = new Map<number, Page>();
  #dirty: Page[] = [];
  #last: Page | undefined;

  constructor(database: StoreDatabase) {
    this.#database = database;
  }

  get dirtyCount(): number {
    return this.#dirty.length;
  }

  /** Of 32 ids, from a multiple of 32 on, a bit for each that was seen, the first one lowest. */
  bitsFrom(id: number): number {
    const { bits } = this.#pageOf(id);
    const at = (id % PAGE_IDS) >>> 3;
    return bits[at]! | (bits[at + 1]! << 8) | (bits[at + 2]! << 16) | (bits[at + 3]! << 24);
  }

  /** Returns whether the id had not been seen. */
  add(id: number): boolean {
    const page = this.#pageOf(id);
    const slot = id % PAGE_IDS;
    const before = page.bits[slot >>> 3]!;
    const after = before | (1 << (slot & 7));
    if (after === before) return false;
    page.bits[slot >>> 3] = after;
    if (!page.isDirty) {
      page.isDirty = true;
      this.#dirty.push(page);
    }
    return true;
  }

  /** Forgets all, for a new pass; to be called in a transaction. */
  clear(): void {
    this.#pages.clear();
    this.#dirty = [];
    this.#last = undefined;
    this.#database.run('DELETE FROM seen');
  }

  /** Writes what changed; to be called in a transaction. */
  flush(): void {
    for (const page of this.#dirty.sort((one, other) => one.key - other.key)) {
      this.#database.run('INSERT OR REPLACE INTO seen VALUES (?, ?)', page.key, page.bits);
      page.isDirty = false;
    }
    this.#dirty = [];
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
    const data = this.#database.get('SELECT data FROM seen WHERE key = ?', key)?.['data'];
    const bits = data instanceof Uint8Array && data.length === PAGE_BYTES ? data : new Uint8Array(PAGE_BYTES);
    const page: Page = { key, bits, isDirty: false };
    this.#pages.set(key, page);
    return page;
  }
}
