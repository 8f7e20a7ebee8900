import { crc32 } from 'node:zlib';
import type { StoreDatabase } from '../database/store-database.js';
import { damagedError } from '../errors.js';
import type { StoredId } from '../ids/sink-ids.js';
import type { IdKey } from '../record-id.js';
import { bytesOf, createHashes, HASH_BYTES, HASH_WORDS, type Hashes } from '../sha256.js';

/** An id that may have been sent, with its new hash, or with the last one if it is deleted. */
export interface Intent extends StoredId {
  readonly isDeletion: boolean;
}

/** What a row is about, in its column `deletion`. */
const RECORDS = 0;
const DELETIONS = 1;
const REFUSAL = 2;

/**
 * What is about to be sent, written before it is: ids with the new hash, or with the last one for deletions. After a
 * crash it is not known whether the sink got it. The same pass sends it again; another pass treats it as doubtful.
 *
 * And which of these records the sink refused: a program that resumes after its own watermark cannot know that any more.
 */
export class Intents {
  readonly #database: StoreDatabase;
  #isEmpty: boolean;
  /** Where intents are encoded. */
  #encoded = Buffer.alloc(0);

  constructor(database: StoreDatabase) {
    this.#database = database;
    this.#isEmpty = database.get('SELECT 1 FROM intent LIMIT 1') === undefined;
  }

  /**
   * Writes some, as a transaction of its own.
   * @param last - the number of the last record, or of the last deletion of the pass
   * @param hashes - a hash for each key, from word `at` on
   */
  add(kind: 'records' | 'deletions', last: number, keys: readonly IdKey[], hashes: Hashes, at = 0): void {
    this.#isEmpty = false;
    this.#database.run(
      'INSERT INTO intent VALUES (?, ?, ?)',
      kind === 'deletions' ? DELETIONS : RECORDS,
      last,
      this.#encode(keys, hashes, at),
    );
  }

  /** Writes that the sink does not take a record, as a transaction of its own. */
  addRefusal(record: number): void {
    this.#isEmpty = false;
    this.#database.run('INSERT INTO intent VALUES (?, ?, ?)', REFUSAL, record, new Uint8Array(0));
  }

  /** The numbers of the records that the sink does not take, among those that are not confirmed. */
  refusals(): Set<number> {
    const rows = this.#database.all('SELECT last FROM intent WHERE deletion = ?', REFUSAL);
    return new Set(rows.map(({ last }) => Number(last)));
  }

  /** Removes what is confirmed; to be called in a transaction. */
  removeConfirmed(watermark: number, deleted: number): void {
    if (this.#isEmpty) return;
    const query = 'DELETE FROM intent WHERE last <= CASE deletion WHEN ? THEN ? ELSE ? END';
    this.#database.run(query, DELETIONS, deleted, watermark);
    this.#isEmpty = this.#database.get('SELECT 1 FROM intent LIMIT 1') === undefined;
  }

  /** Removes those of records after this one; to be called in a transaction. */
  removeAfter(record: number): void {
    this.#database.run('DELETE FROM intent WHERE deletion = ? AND last > ?', RECORDS, record);
  }

  /** What is not confirmed, or was written down together with it. */
  *unconfirmed(): Generator<Intent, void, undefined> {
    let last = 0;
    for (;;) {
      const query = 'SELECT rowid, deletion, data FROM intent WHERE rowid > ? AND deletion <> ? ORDER BY rowid LIMIT 1';
      const row = this.#database.get(query, last, REFUSAL);
      if (row === undefined) return;
      last = Number(row['rowid']);
      const isDeletion = row['deletion'] === DELETIONS;
      for (const id of decode(this.#database.path, row['data'] as Uint8Array)) yield { ...id, isDeletion };
    }
  }

  /** To be called in a transaction. */
  clear(): void {
    this.#database.run('DELETE FROM intent');
    this.#isEmpty = true;
  }

  /** Valid until the next call. */
  #encode(keys: readonly IdKey[], hashes: Hashes, wordsBefore: number): Uint8Array {
    let length = 4 + keys.length * (8 + HASH_BYTES);
    for (const key of keys) if (typeof key === 'string') length += 4 + Buffer.byteLength(key);
    if (this.#encoded.length < length) this.#encoded = Buffer.allocUnsafeSlow(2 * length);
    const bytes = this.#encoded.subarray(0, length);
    let at = 4;
    for (const key of keys) {
      if (typeof key === 'number') at = bytes.writeDoubleLE(key, at);
      else {
        at = bytes.writeDoubleLE(TEXT, at);
        const written = bytes.write(key, at + 4);
        at = bytes.writeUInt32LE(written, at) + written;
      }
    }
    bytes.set(bytesOf(hashes.subarray(wordsBefore, wordsBefore + keys.length * HASH_WORDS)), at);
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    return bytes;
  }
}

/** In place of a number: a text of the following length in bytes. */
const TEXT = -1;

const decode = (path: string, data: Uint8Array): StoredId[] => {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < 4 || bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) {
    throw damagedError(path, 'what was about to be sent cannot be read');
  }
  const keys: IdKey[] = [];
  let at = 4;
  // The hashes follow all ids.
  while (bytes.length - at > keys.length * HASH_BYTES) {
    const number = bytes.readDoubleLE(at);
    at += 8;
    if (number !== TEXT) keys.push(number);
    else {
      const length = bytes.readUInt32LE(at);
      keys.push(bytes.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    }
  }
  return keys.map((key, index) => {
    const start = at + index * HASH_BYTES;
    const hash = createHashes(1);
    bytesOf(hash).set(bytes.subarray(start, start + HASH_BYTES));
    return { key, hash };
  });
};
