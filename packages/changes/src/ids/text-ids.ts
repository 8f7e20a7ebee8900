import type { StoreDatabase } from '../database/store-database.js';
import { damagedError } from '../errors.js';
import { bytesOf, createHashes, HASH_BYTES, HASH_WORDS, type Hashes, isSameHash } from '../sha256.js';
import { ABSENT, type Comparison, DIFFERENT, SAME } from './id-block.js';

interface Entry {
  hash: Hashes;
  isDoubtful: boolean;
  /** The pass that saw the id last. */
  pass: number;
}

/** The ids that are no numbers: rare, so each is a row. */
export class TextIds {
  readonly #database: StoreDatabase;
  /** What differs from the database; `undefined` for a deleted id. */
  readonly #dirty = new Map<string, Entry | undefined>();

  constructor(database: StoreDatabase) {
    this.#database = database;
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  compare(id: string, hashes: Hashes, at: number): Comparison {
    const entry = this.#entryOf(id);
    if (entry === undefined) return ABSENT;
    if (entry.isDoubtful) return DIFFERENT;
    return isSameHash(entry.hash, 0, hashes, at) ? SAME : DIFFERENT;
  }

  has(id: string): boolean {
    return this.#entryOf(id) !== undefined;
  }

  hashOf(id: string): Hashes | undefined {
    return this.#entryOf(id)?.hash;
  }

  /** Returns whether the id is new. The pass that saw an id stays the same. */
  set(id: string, hashes: Hashes, at: number, isDoubtful: boolean): boolean {
    const before = this.#entryOf(id);
    const hash = hashes.slice(at, at + HASH_WORDS);
    this.#dirty.set(id, { hash, isDoubtful, pass: before?.pass ?? 0 });
    return before === undefined;
  }

  /** Returns whether the pass had not seen the id. The store must have it. */
  see(id: string, pass: number): boolean {
    const entry = this.#entryOf(id)!;
    if (entry.pass === pass) return false;
    this.#dirty.set(id, { ...entry, pass });
    return true;
  }

  delete(id: string): void {
    this.#dirty.set(id, undefined);
  }

  /** Writes what changed; to be called in a transaction. */
  flush(): void {
    for (const [id, entry] of this.#dirty) {
      if (entry === undefined) this.#database.run('DELETE FROM text WHERE id = ?', id);
      else {
        const { hash, isDoubtful, pass } = entry;
        this.#database.run(
          'INSERT OR REPLACE INTO text VALUES (?, ?, ?, ?)',
          id,
          bytesOf(hash),
          Number(isDoubtful),
          pass,
        );
      }
    }
    this.#dirty.clear();
  }

  /** All ids in order, some at a time, as the database has them: call it only when nothing is dirty. */
  *scan(afterId?: string): Generator<{ id: string; hash: Hashes; pass: number }[], void, undefined> {
    let last = afterId;
    for (;;) {
      const rows =
        last === undefined
          ? this.#database.all('SELECT id, hash, pass FROM text ORDER BY id LIMIT 256')
          : this.#database.all('SELECT id, hash, pass FROM text WHERE id > ? ORDER BY id LIMIT 256', last);
      if (rows.length === 0) return;
      const ids = rows.map(({ id, hash, pass }) => ({
        id: id as string,
        hash: this.#checked(id as string, hash),
        pass: Number(pass),
      }));
      last = ids.at(-1)!.id;
      yield ids;
    }
  }

  /** Marks all as doubtful; to be called in a transaction, when nothing is dirty. */
  markAllDoubtful(): void {
    this.#database.run('UPDATE text SET doubtful = 1');
  }

  #entryOf(id: string): Entry | undefined {
    if (this.#dirty.has(id)) return this.#dirty.get(id);
    const row = this.#database.get('SELECT hash, doubtful, pass FROM text WHERE id = ?', id);
    if (row === undefined) return undefined;
    const { hash, doubtful, pass } = row;
    return { hash: this.#checked(id, hash), isDoubtful: doubtful === 1, pass: Number(pass) };
  }

  #checked(id: string, data: unknown): Hashes {
    if (data instanceof Uint8Array && data.length === HASH_BYTES) {
      const hash = createHashes(1);
      bytesOf(hash).set(data);
      return hash;
    }
    throw damagedError(this.#database.path, `the hash of the id ${JSON.stringify(id)} is wrong`);
  }
}
