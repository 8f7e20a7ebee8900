import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import type { Database, SQLiteValue, Statement } from 'node-sqlite3-wasm';
import { ChangesError, damagedError } from '../errors.js';
import { storeIoError, toStoreError } from './database-errors.js';
import { sqlite } from './load-sqlite.js';
import { lockStore } from './store-lock.js';

/** `dcch`: marks the files of this package. */
const APPLICATION_ID = 0x64636368;

/** The format of the tables and of what is in them. */
export const FORMAT = 1;

/** Seven blocks of 64 ids fill a page to 89 %; pages of 4 KiB hold one each. */
const PAGE_BYTES = 16 * 1024;

/** Pages of the write-ahead log after which SQLite copies them to the database: 4 MiB. */
const MAX_LOG_PAGES = 256;

/** Memory of SQLite's page cache, in KiB. */
const CACHE_KIB = 2048;

const TABLES = `
  CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE block (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
  CREATE TABLE seen (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
  CREATE TABLE text (id TEXT PRIMARY KEY, hash BLOB NOT NULL, doubtful INTEGER NOT NULL, pass INTEGER NOT NULL)
    WITHOUT ROWID;
  CREATE TABLE intent (deletion INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL);
`;

/** A row as SQLite returns it. */
export type Row = Record<string, SQLiteValue>;

/** A store's SQLite file: one connection, which no other process can have, and durable commits. */
export class StoreDatabase {
  readonly path: string;
  /** Whether the file was created by this opening. */
  readonly isNew: boolean;
  readonly #database: Database;
  readonly #lock: FileHandle;
  readonly #statements = new Map<string, Statement>();
  #log: FileHandle | undefined;
  #syncing: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;
  #failure: ChangesError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(path: string, database: Database, lock: FileHandle, isNew: boolean) {
    this.path = path;
    this.isNew = isNew;
    this.#database = database;
    this.#lock = lock;
  }

  /** @throws ChangesError */
  static async open(path: string): Promise<StoreDatabase> {
    const lock = await makeDirectory(dirname(path))
      .then(() => lockStore(path))
      .catch((error: unknown) => {
        throw error instanceof ChangesError ? error : storeIoError(path, error);
      });
    let database: Database | undefined;
    try {
      await removeStaleLock(path);
      database = new sqlite.Database(path);
      const isNew = prepareFile(path, database);
      return new StoreDatabase(path, database, lock, isNew);
    } catch (error) {
      const failure = toStoreError(path, error);
      closeQuietly(database);
      await removeStaleLock(path).catch(() => {});
      await lock.close();
      throw failure;
    }
  }

  /** @throws ChangesError `STORE_CLOSED`, or the error that made the store unusable */
  assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new ChangesError('STORE_CLOSED', `The store ${this.path} is closed`);
  }

  get(sql: string, ...values: SQLiteValue[]): Row | undefined {
    // Its `get` would leave the statement at the row: an open read, which keeps the write-ahead log from being emptied.
    return this.all(sql, ...values)[0];
  }

  all(sql: string, ...values: SQLiteValue[]): Row[] {
    return this.#use(() => this.#prepare(sql).all(values) as Row[]);
  }

  run(sql: string, ...values: SQLiteValue[]): void {
    this.#use(() => this.#prepare(sql).run(values));
  }

  /**
   * Runs changes as one transaction, all or nothing. It survives the end of the process when this returns, and a loss
   * of power after {@link sync}.
   */
  transact(changes: () => void): void {
    this.#use(() => {
      this.#prepare('BEGIN IMMEDIATE').run();
      changes();
      this.#prepare('COMMIT').run();
    });
  }

  /**
   * Resolves when every transaction before this call survives a loss of power. The write-ahead log is synced on another
   * thread, since SQLite itself would block this one meanwhile. Calls that wait at the same time share a sync.
   */
  sync(): Promise<void> {
    if (this.#syncing === undefined) {
      this.#syncing = this.#syncLog().finally(() => {
        this.#syncing = undefined;
      });
      return this.#syncing;
    }
    this.#nextSync ??= this.#syncing
      .catch(() => {})
      .then(() => {
        this.#nextSync = undefined;
        return this.sync();
      });
    return this.#nextSync;
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #syncLog(): Promise<void> {
    this.assertUsable();
    try {
      this.#log ??= await open(`${this.path}-wal`, 'r+');
      await this.#log.datasync();
    } catch (error) {
      throw this.#fail(storeIoError(this.path, error));
    }
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** After an error the state in memory is ahead of the file, so the store has to be opened again. */
  #use<T>(action: () => T): T {
    this.assertUsable();
    try {
      return action();
    } catch (error) {
      throw this.#fail(toStoreError(this.path, error));
    }
  }

  #fail(failure: ChangesError): ChangesError {
    this.#failure ??= failure;
    return failure;
  }

  async #close(): Promise<void> {
    await Promise.allSettled([this.#syncing, this.#nextSync]);
    await this.#log?.close();
    try {
      for (const statement of this.#statements.values()) statement.finalize();
      // Copies the write-ahead log to the database, and removes it.
      this.#database.close();
    } catch (error) {
      // What was committed stays in the log, where the next opening finds it.
      throw this.#failure ?? toStoreError(this.path, error);
    } finally {
      await removeStaleLock(this.path);
      await this.#lock.close();
    }
  }
}

/** The folder that SQLite locks with, from a process that was killed. Only the owner of the store removes it. */
const removeStaleLock = (path: string): Promise<void> => rm(`${path}.lock`, { recursive: true, force: true });

const closeQuietly = (database: Database | undefined): void => {
  try {
    database?.close();
  } catch {
    // The error that is reported already is the reason.
  }
};

/** Checks whose file it is, and creates the tables in a new one. Returns whether it is new. */
const prepareFile = (path: string, database: Database): boolean => {
  // Before the first access: without shared memory, SQLite reads a write-ahead log in this mode only.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  const number = (sql: string): number => Number(Object.values(database.get(sql) as Row)[0]);
  const tables = number('SELECT count(*) FROM sqlite_schema');
  const isNew = tables === 0;
  const format = number('PRAGMA user_version');
  if (!isNew) {
    if (number('PRAGMA application_id') !== APPLICATION_ID) throw damagedError(path, 'it is not a store of changes');
    if (format > FORMAT) {
      throw new ChangesError(
        'UNSUPPORTED_FORMAT',
        `The store ${path} has format ${format}, and this version reads up to ${FORMAT}. Use the version that wrote it, ` +
          'or remove the file: every record is then sent once more',
        { facts: { path, format } },
      );
    }
  }
  if (isNew) database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB};`);
  database.exec(`PRAGMA wal_autocheckpoint = ${MAX_LOG_PAGES}; PRAGMA temp_store = MEMORY;`);
  if (isNew) {
    database.exec(
      `BEGIN; ${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT}; COMMIT;`,
    );
  }
  return isNew;
};
