import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { StoreDatabase } from './database/store-database.js';
import { ChangesError, damagedError } from './errors.js';
import { SAME } from './ids/id-block.js';
import { SinkIds } from './ids/sink-ids.js';
import { checks } from './option-checks.js';
import { Intents } from './pass/intents.js';
import { type Pass, type PassCounts, type PassMode, StorePass } from './pass/pass.js';
import {
  NO_PASS,
  type PassState,
  readPassState,
  readStateText,
  writePassState,
  writeStateText,
} from './pass/pass-state.js';

/** Whose records a store remembers, and where it lies. */
export interface ChangeStoreOptions {
  /** Folder of the stores; created if it is missing. Each store is a file in it, with a few others next to it. */
  readonly directory: string;
  /** The destination, as you describe it, without credentials: `null`, `amqp rabbit.example.com/records`. */
  readonly sink: string;
  /** The form of the records there: another form has other hashes. */
  readonly contract: string;
  /** Such as `releases`. */
  readonly dataType: string;
}

const CHANGE_STORE_OPTIONS: Record<keyof ChangeStoreOptions, true> = {
  directory: true,
  sink: true,
  contract: true,
  dataType: true,
};

/** Options of {@link ChangeStore.beginPass}. */
export interface BeginPassOptions {
  /** Version of the dump, such as `20260101`. */
  readonly version: string;
  /** Identifies the bytes of the dump's file, such as its SHA-256: another file of this version is another pass. */
  readonly source: string;
  /** Which records to send. @default 'changed' */
  readonly mode?: PassMode | undefined;
  /** Records of this file that you know to be confirmed, such as from a state marker. They are not sent again. @default 0 */
  readonly confirmed?: number | undefined;
  /** Begin from record 1, even if this file's pass was interrupted. @default false */
  readonly restart?: boolean | undefined;
  /**
   * With `restart`: begin after this record instead. The pass then knows nothing of the records before, and deletes
   * nothing. For records that were delivered without the store. @default 0
   */
  readonly startAfter?: number | undefined;
}

const BEGIN_PASS_OPTIONS: Record<keyof BeginPassOptions, true> = {
  version: true,
  source: true,
  mode: true,
  confirmed: true,
  restart: true,
  startAfter: true,
};

const PASS_MODES: readonly PassMode[] = ['changed', 'all', 'forced'];

/** The latest pass of a store. */
export interface LatestPass {
  readonly version: string;
  readonly source: string;
  readonly isEnded: boolean;
  readonly watermark: number;
  /** The record that it began after: 0, unless it was begun with that option. */
  readonly startAfter: number;
  readonly counts: PassCounts;
}

/** What one sink has of one data type: the id and the hash of each record. Open in one place at a time. */
export interface ChangeStore extends AsyncDisposable {
  /** The store's file. */
  readonly path: string;
  /** Whether this opening created it: the first pass then sends everything. */
  readonly isNew: boolean;
  /** How many ids the sink has. */
  readonly ids: number;
  /** The pass that began last; `undefined` in a store that has had none. */
  readonly latestPass: LatestPass | undefined;
  /** What {@link setNote} wrote last; `undefined` before that. */
  readonly note: string | undefined;
  /**
   * Keeps a text of yours next to the ids, through all passes, such as what proves that the sink still has its records.
   * Resolves when it is on the disk.
   */
  setNote(note: string): Promise<void>;
  /**
   * Begins a pass over a dump, or resumes it if the store's latest pass was over the same `version` and `source` and was
   * interrupted. A pass over another dump may begin at any time: what an interrupted one had sent without a confirmation
   * counts as doubtful, and is sent again or deleted. A pass that ended is returned as it is if `confirmed` is not 0;
   * otherwise its dump is passed over once more.
   *
   * @throws {@link ChangesError} `INVALID_OPTIONS`, `STORE_DAMAGED`, `STORE_CLOSED`, and errors of the file system
   */
  beginPass(options: BeginPassOptions): Promise<Pass>;
  /**
   * Notes that the sink may have lost records: every record is sent once more by the next passes, whatever its hash, and
   * ids that are missing in the dump are still deleted. The latest pass counts as ended.
   */
  distrust(): Promise<void>;
  /** Releases everything. What was confirmed after the last commit is forgotten, and is settled again. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the store of a sink, contract and data type; creates it if there is none.
 *
 * @throws {@link ChangesError} `INVALID_OPTIONS`, `STORE_LOCKED`, `STORE_DAMAGED`, `UNSUPPORTED_FORMAT`, `OTHER_STORE`,
 *   `NO_SPACE`, `PERMISSION_DENIED`, `IO_FAILED`
 */
export const openChangeStore = async (options: ChangeStoreOptions): Promise<ChangeStore> => {
  const path = changeStorePath(options);
  const identity = identityOf(options);
  const database = await StoreDatabase.open(path);
  try {
    const found = readStateText(database, 'identity');
    if (found === undefined && readStateText(database, 'pass') !== undefined)
      throw damagedError(path, 'it has no identity');
    if (found === undefined) database.transact(() => writeStateText(database, 'identity', identity));
    else if (found !== identity) {
      throw new ChangesError('OTHER_STORE', `The store ${path} belongs to ${found}. Remove the file or move it back`, {
        facts: { path },
      });
    }
    return new SqliteChangeStore(database);
  } catch (error) {
    await database.close().catch(() => {});
    throw error;
  }
};

/**
 * The path of a store's file, whether or not it is there. Its name can be read by people, and is that of no other store.
 *
 * @throws {@link ChangesError} `INVALID_OPTIONS`
 */
export const changeStorePath = (options: ChangeStoreOptions): string => {
  checks.object('', options, CHANGE_STORE_OPTIONS);
  for (const [name, value] of Object.entries(options)) {
    if (checks.text(name, value) === '') checks.fail(name, 'a text that is not empty', value);
  }
  const { directory, sink, contract, dataType } = options;
  const name = [sink, contract, dataType].map((part) => part.replaceAll(/[^A-Za-z0-9-]+/g, '-').slice(0, 40)).join('.');
  return join(directory, `${name}.${createHash('sha256').update(identityOf(options)).digest('hex').slice(0, 8)}.db`);
};

const identityOf = ({ sink, contract, dataType }: ChangeStoreOptions): string =>
  JSON.stringify({ sink, contract, dataType });

class SqliteChangeStore implements ChangeStore {
  readonly path: string;
  readonly isNew: boolean;
  readonly #database: StoreDatabase;
  readonly #ids: SinkIds;
  readonly #intents: Intents;
  #state: PassState;
  #note: string | undefined;
  #pass: StorePass | undefined;

  constructor(database: StoreDatabase) {
    this.path = database.path;
    this.isNew = database.isNew;
    this.#database = database;
    this.#intents = new Intents(database);
    this.#state = readPassState(database);
    this.#note = readStateText(database, 'note');
    this.#ids = new SinkIds(database);
    const { pass, ids, seen } = this.#state;
    Object.assign(this.#ids, { pass, ids, seen });
  }

  get ids(): number {
    return this.#ids.ids;
  }

  get latestPass(): LatestPass | undefined {
    if (this.#state.pass === 0) return undefined;
    const { version, source, isEnded, watermark, startAfter, published, unchanged, deleted } = this.#state;
    return { version, source, isEnded, watermark, startAfter, counts: { published, unchanged, deleted } };
  }

  get note(): string | undefined {
    return this.#note;
  }

  async setNote(note: string): Promise<void> {
    this.#database.assertUsable();
    const text = checks.text('note', note);
    this.#database.transact(() => writeStateText(this.#database, 'note', text));
    this.#note = text;
    await this.#database.sync();
  }

  async beginPass(options: BeginPassOptions): Promise<Pass> {
    this.#database.assertUsable();
    checks.object('', options, BEGIN_PASS_OPTIONS);
    const version = checks.text('version', options.version);
    const source = checks.text('source', options.source) || checks.fail('source', 'a text that is not empty', '');
    const mode = checks.oneOf('mode', options.mode ?? 'changed', PASS_MODES);
    const confirmed = checks.wholeNumber('confirmed', options.confirmed ?? 0, { min: 0 });
    const restart = checks.boolean('restart', options.restart ?? false);
    const startAfter = restart ? checks.wholeNumber('startAfter', options.startAfter ?? 0, { min: 0 }) : 0;
    const latest = this.#state;
    const isSame = latest.pass > 0 && latest.version === version && latest.source === source;
    const isResumed = isSame && !restart && (!latest.isEnded || confirmed > 0);
    if (latest.isDistrusted) await this.#doubtAll();
    if (!isResumed) await this.#startPass({ version, source, isForced: mode === 'forced', startAfter });
    const pass: StorePass = new StorePass({
      database: this.#database,
      ids: this.#ids,
      intents: this.#intents,
      state: this.#state,
      mode,
      // Of a pass that starts over, nothing is known to be confirmed.
      confirmed: restart ? 0 : confirmed,
      isResumed,
      isReplaced: () => this.#pass !== pass,
    });
    this.#pass = pass;
    return pass;
  }

  async distrust(): Promise<void> {
    this.#database.assertUsable();
    this.#pass = undefined;
    // If this is interrupted, the next pass completes it.
    this.#database.transact(() => {
      this.#doubtUnconfirmed();
      this.#writeState({ ...this.#state, isEnded: true, source: '', isDistrusted: true });
    });
    await this.#doubtAll();
    await this.#database.sync();
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #startPass(begun: Pick<PassState, 'version' | 'source' | 'isForced' | 'startAfter'>): Promise<void> {
    const { startAfter } = begun;
    const withheldBecause = startAfter > 0 ? `records 1 to ${startAfter} are not part of the pass` : '';
    this.#database.transact(() => {
      this.#doubtUnconfirmed();
      this.#ids.beginPass();
      this.#writeState({ ...NO_PASS, ...begun, watermark: startAfter, withheldBecause, isEnded: false });
    });
    await this.#database.sync();
  }

  async #doubtAll(): Promise<void> {
    await this.#ids.doubtAll();
    this.#database.transact(() => this.#writeState({ ...this.#state, isDistrusted: false }));
  }

  /** What another pass was about to send may have arrived or not. To be called in a transaction. */
  #doubtUnconfirmed(): void {
    for (const { key, hash, isDeletion } of this.#intents.unconfirmed()) {
      // Of a block that is confirmed in part, the sink has these. What was sent after them has an intent of its own.
      if (!isDeletion && this.#ids.compare(key, hash, 0) === SAME) continue;
      this.#ids.doubt(key, hash);
      if (this.#ids.isFull) this.#ids.flush();
    }
    this.#intents.clear();
  }

  /** Writes the ids and a state; to be called in a transaction. */
  #writeState(state: PassState): void {
    this.#ids.flush();
    const { pass, ids, seen } = this.#ids;
    this.#state = { ...state, pass, ids, seen };
    writePassState(this.#database, this.#state);
  }
}
