import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeIoError } from '../database/database-errors.js';
import { StoreDatabase } from '../database/store-database.js';
import { BlockReader } from '../ids/block-reader.js';
import { ABSENT, SAME } from '../ids/id-block.js';
import { SinkIds, type StoredId } from '../ids/sink-ids.js';
import { checks } from '../option-checks.js';
import { type IdKey, UNKNOWN_ID } from '../record-id.js';
import { HASH_WORDS, type Hashes, hexOf, isSameHash } from '../sha256.js';

/** Some records of a dump. The parser's `EncodedBlock` is one. */
export interface ComparableBlock {
  readonly count: number;
  /** The id, the SHA-256 (64 hexadecimal digits) and the JSON of record `index`, counted from 0. */
  id(index: number): string;
  sha256(index: number): string;
  message(index: number): Uint8Array;
  /** Optional, and faster than a call for each record: see {@link RecordBlock}. */
  readNumericIds?(into: Float64Array): void;
  readHashes?(into: Uint8Array): void;
  /** Called when the block is no longer in use. */
  release?(): void;
}

/** Returns the records of a dump, from its first one. Called again to read the dump again. */
export type ReadDump = () => AsyncIterable<ComparableBlock>;

/** Options of {@link compareDumps}. */
export interface CompareDumpsOptions {
  /** The older dump. Read twice if any record changed. */
  readonly before: ReadDump;
  /** The newer dump. */
  readonly after: ReadDump;
  /** Folder in which a temporary folder is made for the hashes of both. @default the system's */
  readonly temporaryDirectory?: string | undefined;
  /** Ends the comparison, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const COMPARE_DUMPS_OPTIONS: Record<keyof CompareDumpsOptions, true> = {
  before: true,
  after: true,
  temporaryDirectory: true,
  signal: true,
};

/** A difference between two dumps. Hashes are 64 lower-case hexadecimal digits. */
export type DumpChange =
  | { readonly type: 'added'; readonly id: string; readonly sha256: string }
  | {
      readonly type: 'changed';
      readonly id: string;
      readonly sha256: string;
      readonly lastSha256: string;
      /** Top-level members that were added, removed or changed, in alphabetical order; without the hash itself. */
      readonly members: readonly string[];
    }
  | { readonly type: 'deleted'; readonly id: string; readonly lastSha256: string };

/** The counts of a comparison. Of repeated ids, the last record stands. */
export interface ComparisonSummary {
  /** Records that were read. */
  before: number;
  after: number;
  added: number;
  changed: number;
  deleted: number;
  unchanged: number;
  /** Records without an id, which cannot be compared. */
  withoutIdBefore: number;
  withoutIdAfter: number;
}

/** The changes in the order of ids, numbers first. Iterate it once. */
export interface DumpComparison extends AsyncIterable<DumpChange> {
  /** Complete when the iteration has ended. */
  readonly summary: Readonly<ComparisonSummary>;
}

/**
 * Compares two dumps, whatever the order of their records. Memory does not depend on their size.
 *
 * @throws {@link ChangesError} `INVALID_OPTIONS`; while iterating `NO_SPACE`, `PERMISSION_DENIED`, `IO_FAILED` for the
 *   temporary folder, whatever reading the dumps throws, and the signal's reason
 */
export const compareDumps = (options: CompareDumpsOptions): DumpComparison => {
  checks.object('', options, COMPARE_DUMPS_OPTIONS);
  for (const name of ['before', 'after'] as const) {
    if (typeof options[name] !== 'function')
      checks.fail(name, 'a function that returns the blocks of a dump', options[name]);
  }
  checks.optionalSignal('signal', options.signal);
  if (options.temporaryDirectory !== undefined) checks.text('temporaryDirectory', options.temporaryDirectory);
  const summary: ComparisonSummary = {
    before: 0,
    after: 0,
    added: 0,
    changed: 0,
    deleted: 0,
    unchanged: 0,
    withoutIdBefore: 0,
    withoutIdAfter: 0,
  };
  return { summary, [Symbol.asyncIterator]: () => compare(options, summary) };
};

async function* compare(
  { before, after, temporaryDirectory = tmpdir(), signal }: CompareDumpsOptions,
  summary: ComparisonSummary,
): AsyncGenerator<DumpChange, void, undefined> {
  signal?.throwIfAborted();
  const folder = await mkdtemp(join(temporaryDirectory, 'compare-dumps-')).catch((error: unknown) => {
    throw storeIoError(temporaryDirectory, error);
  });
  const opened: HashTable[] = [];
  const openTable = async (name: string): Promise<HashTable> => {
    const table = new HashTable(await StoreDatabase.open(join(folder, `${name}.db`)));
    opened.push(table);
    return table;
  };
  try {
    const older = await openTable('before');
    for await (const { key, hashes, at } of readRecords(before, signal)) {
      summary.before++;
      if (key === UNKNOWN_ID) summary.withoutIdBefore++;
      else older.set(key, hashes, at);
    }
    const newer = await openTable('after');
    let hasChanges = false;
    for await (const { key, hashes, at, message } of readRecords(after, signal)) {
      summary.after++;
      if (key === UNKNOWN_ID) summary.withoutIdAfter++;
      else {
        newer.set(key, hashes, at);
        const comparison = older.ids.compare(key, hashes, at);
        if (comparison === SAME || comparison === ABSENT) continue;
        hasChanges = true;
        newer.setMembers(key, digestMembers(message()));
      }
    }
    if (hasChanges) {
      for await (const { key, hashes, at, message } of readRecords(before, signal)) {
        // Of repeated ids, only the last record counts.
        if (key === UNKNOWN_ID || older.ids.compare(key, hashes, at) !== SAME) continue;
        const comparison = newer.ids.compare(key, hashes, at);
        if (comparison !== SAME && comparison !== ABSENT) newer.setMembers(key, digestMembers(message()), 'before');
      }
    }
    for (const [id, old, recent] of merge(older.scan(), newer.scan())) {
      signal?.throwIfAborted();
      const change = changeOf(id, old, recent, newer);
      summary[change?.type ?? 'unchanged']++;
      if (change !== undefined) yield change;
    }
  } finally {
    for (const table of opened) await table.database.close().catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
}

interface ReadRecord {
  readonly key: IdKey;
  /** Where its hash is, until the next block. */
  readonly hashes: Hashes;
  readonly at: number;
  readonly message: () => Uint8Array;
}

async function* readRecords(
  read: ReadDump,
  signal: AbortSignal | undefined,
): AsyncGenerator<ReadRecord, void, undefined> {
  const reader = new BlockReader();
  for await (const block of read()) {
    signal?.throwIfAborted();
    reader.read(block);
    for (let index = 0; index < block.count; index++) {
      const message = () => block.message(index);
      yield { key: reader.keyAt(index), hashes: reader.hashes, at: index * HASH_WORDS, message };
    }
    block.release?.();
  }
}

/** The digests of a record's members by name. */
type MemberDigests = Readonly<Record<string, string>>;

/** Bytes of a digest: enough to tell two values of one member apart. */
const DIGEST_CHARACTERS = 16;

const digestMembers = (message: Uint8Array): MemberDigests => {
  const record = JSON.parse(Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString()) as object;
  const digest = (value: unknown): string =>
    createHash('sha256').update(JSON.stringify(value)).digest('base64').slice(0, DIGEST_CHARACTERS);
  const members = Object.entries(record).filter(([name]) => name !== 'sha256');
  return Object.fromEntries(members.map(([name, value]) => [name, digest(value)]));
};

/** The ids and hashes of a dump, in a temporary database, with the members of records that changed. */
class HashTable {
  readonly database: StoreDatabase;
  readonly ids: SinkIds;

  constructor(database: StoreDatabase) {
    this.database = database;
    this.ids = new SinkIds(database);
    // Nothing in it outlives this process.
    database.run('PRAGMA synchronous = OFF');
    database.run('CREATE TABLE member (id TEXT, dump TEXT, digests TEXT, PRIMARY KEY (id, dump)) WITHOUT ROWID');
  }

  set(key: IdKey, hashes: Hashes, at: number): void {
    this.ids.set(key, hashes, at);
    if (this.ids.isFull) this.flush();
  }

  setMembers(key: IdKey, digests: MemberDigests, dump: 'before' | 'after' = 'after'): void {
    this.database.run('INSERT OR REPLACE INTO member VALUES (?, ?, ?)', String(key), dump, JSON.stringify(digests));
  }

  /** Names of the members that differ. */
  changedMembers(key: IdKey): string[] {
    const [after = {}, before = {}] = this.database
      .all('SELECT digests FROM member WHERE id = ? ORDER BY dump', String(key))
      .map(({ digests }) => JSON.parse(String(digests)) as MemberDigests);
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].filter((name) => before[name] !== after[name]).sort();
  }

  flush(): void {
    this.database.transact(() => this.ids.flush());
  }

  *scan(): Generator<StoredId, void, undefined> {
    this.flush();
    for (const some of this.ids.scan()) yield* some;
  }
}

const changeOf = (
  key: IdKey,
  old: Hashes | undefined,
  recent: Hashes | undefined,
  newer: HashTable,
): DumpChange | undefined => {
  const id = String(key);
  if (old === undefined) return { type: 'added', id, sha256: hexOf(recent!) };
  const lastSha256 = hexOf(old);
  if (recent === undefined) return { type: 'deleted', id, lastSha256 };
  if (isSameHash(old, 0, recent, 0)) return undefined;
  return { type: 'changed', id, sha256: hexOf(recent), lastSha256, members: newer.changedMembers(key) };
};

/** The order that the tables are scanned in: numbers, then texts by their bytes. */
const compareKeys = (one: IdKey, other: IdKey): number => {
  if (typeof one === 'number') return typeof other === 'number' ? one - other : -1;
  return typeof other === 'number' ? 1 : Buffer.compare(Buffer.from(one), Buffer.from(other));
};

/** All ids of two tables in order, with the hash in each. */
function* merge(
  older: Generator<StoredId, void>,
  newer: Generator<StoredId, void>,
): Generator<[IdKey, Hashes | undefined, Hashes | undefined], void, undefined> {
  let old = older.next().value;
  let recent = newer.next().value;
  while (old || recent) {
    const order = !old ? 1 : !recent ? -1 : compareKeys(old.key, recent.key);
    const key = order <= 0 ? old!.key : recent!.key;
    yield [key, order <= 0 ? old!.hash : undefined, order >= 0 ? recent!.hash : undefined];
    if (order <= 0) old = older.next().value;
    if (order >= 0) recent = newer.next().value;
  }
}
