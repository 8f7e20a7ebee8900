import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { expect } from 'vitest';
import { DATA_TYPES, type DataType } from '../../src/config/data-type.js';
import { type CliResult, type RunningCli, startCli } from './cli.js';
import { writeDump } from './dumps.js';
import { contentOf, fileXml, type MonthContent, type MonthFile, nextMonth } from './month-dumps.js';
import type { MonthMessage, MonthSink } from './month-sinks.js';

/** Small, so that a kill leaves a part of a file unconfirmed. */
const QUEUE_SIZE = 60;
const STATE_SAVE_INTERVAL = 40;

/** Deletions that are allowed whatever the limit says. */
const FREE_DELETIONS = 10;

/** Runs that are shown if something is wrong. */
const MAX_SHOWN_RUNS = 8;

export interface MonthsSize {
  readonly months: number;
  /** SIGKILLs, at random moments. */
  readonly kills: number;
  /** About how many records the files have. */
  readonly records: Readonly<Record<DataType, number>>;
}

/** For `npm test`. */
export const SHORT_MONTHS: MonthsSize = {
  months: 2,
  kills: 2,
  records: { artists: 60, labels: 60, masters: 60, releases: 300 },
};

/** For `npm run test:chaos`. */
export const LONG_MONTHS: MonthsSize = {
  months: 10,
  kills: 20,
  records: { artists: 400, labels: 200, masters: 200, releases: 1500 },
};

/** What happened, for the report. */
export interface MonthsResult {
  runs: number;
  kills: number;
  /** Kills after which a file was neither untouched nor completed. */
  killsInDelivery: number;
  completedFiles: number;
  records: number;
  tombstones: number;
  /** Messages that told the consumer what it had, all of them after a kill. */
  repeats: number;
  /** Most of them that one file had between two of its `file_complete`. */
  maxRepeats: number;
  replaced: number;
  abandoned: number;
  damaged: number;
  refusedDeletions: number;
  removedStores: number;
}

type Mode = 'all' | 'changed' | 'forced';

/** The dump as it is at the source now. */
interface Dump {
  readonly version: string;
  /** What identifies each file: another if its version is the same and its bytes are not. */
  readonly keys: Readonly<Record<DataType, string>>;
  readonly content: Readonly<Record<DataType, MonthContent>>;
  /** The file that is cut, or has too few records. */
  readonly damaged: DataType | undefined;
}

interface Run {
  readonly dump: Dump;
  readonly mode: Mode;
  readonly types: readonly DataType[];
}

/** A run that was started. */
interface StartedRun extends Run {
  /** Types that have a store at its end: a run with `all` does not create one. */
  readonly stored: ReadonlySet<DataType>;
}

/** What the messages of a type since the beginning of a pass were. */
interface PassSeen {
  readonly key: string;
  published: number;
  deleted: number;
  kills: number;
  /** Whether it may have begun before, or after, what was counted: a forced run or one with `all` was killed. */
  mayBeOlder?: boolean;
}

/** A consumer of one type: a dictionary that applies the messages in order, and knows which of them are right. */
class Consumer {
  readonly content = new Map<string, string>();
  /** Ids that it has and the extractor cannot know of, since its store was removed. */
  readonly unknownToStore = new Set<string>();
  /** Repeats that kills since the last completed pass allow. */
  allowedRepeats = 0;
  readonly repeated: string[] = [];
  pass: PassSeen = { key: '', published: 0, deleted: 0, kills: 0 };
  /** Whether a run with `changed` has delivered since there is a store: no line of the output is written again then. */
  isFollowed = false;
  /** Files whose `file_complete` came. */
  readonly ended = new Set<string>();
  /** Versions of which a forced run has not completed this file: what is left of it is forced as well. */
  readonly forced = new Set<string>();

  constructor(
    readonly type: DataType,
    private readonly result: MonthsResult,
    /** Whether it sees every message, so that repeats and counts can be compared. */
    private readonly seesAll: boolean,
    private readonly maxRepeatsOfKill: number,
    /** Whether the sink writes the output of a version again that is published again with `all` before any `changed`. */
    private readonly rewrites: boolean,
  ) {}

  begin(key: string): void {
    if (this.pass.key !== key) this.pass = { key, published: 0, deleted: 0, kills: 0 };
  }

  /** The extractor was killed while it delivered this type. */
  onKill(mode: Mode): void {
    if (mode === 'forced') this.pass.mayBeOlder = true;
    // It may have been writing the output of this version again from the first record: all is sent once more then.
    if (mode === 'all' && this.rewrites && !this.isFollowed) this.allowedRepeats = Number.POSITIVE_INFINITY;
    this.allowedRepeats += this.maxRepeatsOfKill;
    this.pass.kills++;
  }

  /** Deletions that a dump needs. */
  deletionsFor(content: MonthContent): number {
    if (content.hasUnknownMalformed) return 0;
    return [...this.content.keys()].filter(
      (id) => !content.hashes.has(id) && !content.malformed.has(id) && !this.unknownToStore.has(id),
    ).length;
  }

  receive({ body, messageId, routingKey }: MonthMessage, run: StartedRun, where: string): void {
    const { version, content: contents, damaged } = run.dump;
    const content = contents[this.type];
    const id = String(body['id']);
    switch (body['type']) {
      case 'data': {
        const sha256 = String(body['sha256']);
        expect(content.all.has(`${id} ${sha256}`), `${where}: record ${id} is in the dump`).toBe(true);
        if (messageId !== undefined) {
          expect(routingKey, where).toBe(this.type);
          if (id.length < 100) expect(messageId, where).toBe(`${version}:${this.type}:${id}:${sha256}`);
        }
        const isKnown = id !== 'unknown' && this.content.get(id) === sha256 && !this.unknownToStore.has(id);
        if (isKnown && run.mode === 'changed' && !this.forced.has(version)) this.#repeat(`${where} ${id}`);
        if (id !== 'unknown') this.content.set(id, sha256);
        if (run.stored.has(this.type)) this.unknownToStore.delete(id);
        else this.unknownToStore.add(id);
        this.pass.published++;
        if (this.seesAll) this.result.records++;
        break;
      }
      case 'deleted': {
        const last = this.content.get(id);
        expect(body, where).toEqual({
          ...{ type: 'deleted', data_type: this.type, id, version },
          last_sha256: last === undefined || this.allowedRepeats > 0 ? expect.stringMatching(/^[0-9a-f]{64}$/) : last,
        });
        expect(Object.keys(body), where).toEqual(['type', 'data_type', 'id', 'last_sha256', 'version']);
        if (messageId !== undefined) {
          expect(routingKey, where).toBe(`${this.type}.deleted`);
          if (id.length < 100) expect(messageId, where).toBe(`${version}:${this.type}:${id}:deleted`);
        }
        expect(
          {
            mode: this.seesAll && run.mode === 'all',
            damaged,
            withheld: content.hasUnknownMalformed,
            id,
            inDump: this.#isInDump(id, content),
          },
          `${where}: tombstone`,
        ).toEqual({
          mode: false,
          damaged: damaged === this.type ? 'none' : damaged,
          withheld: false,
          id,
          inDump: false,
        });
        if (last === undefined) this.#repeat(`${where} ${id} deleted`);
        this.content.delete(id);
        this.pass.deleted++;
        if (this.seesAll) this.result.tombstones++;
        break;
      }
      default:
        expect(body['type'], where).toBe('file_complete');
        this.#complete(body, run, where);
    }
  }

  #isInDump(id: string, { hashes, malformed }: MonthContent): boolean {
    return hashes.has(id) || malformed.has(id);
  }

  #repeat(what: string): void {
    if (!this.seesAll) return;
    this.repeated.push(what);
    this.result.repeats++;
    this.result.maxRepeats = Math.max(this.result.maxRepeats, this.repeated.length);
  }

  /** @throws if there are more repeats than kills explain */
  checkRepeats(): void {
    const { repeated, allowedRepeats: allowed } = this;
    if (repeated.length > allowed) throw new Error(`${repeated.length} of ${allowed} repeats: ${repeated.join(', ')}`);
  }

  /** After `file_complete`, the dictionary is the dump. */
  #complete(body: MonthMessage['body'], { mode, dump }: Run, where: string): void {
    const content = dump.content[this.type];
    expect(dump.damaged, `${where}: file_complete`).not.toBe(this.type);
    expect(body['total_processed'], where).toBe(content.records);
    const wrong: string[] = [];
    for (const [id, sha256] of content.hashes)
      if (this.content.get(id) !== sha256) wrong.push(`${id} is not as in the dump`);
    const { published, unchanged, deleted } = body as Partial<Record<string, number>>;
    if (published !== undefined && !content.hasUnknownMalformed) {
      for (const id of this.content.keys()) {
        if (!this.#isInDump(id, content) && !this.unknownToStore.has(id)) wrong.push(`${id} is not deleted`);
      }
    }
    expect(wrong, `${where}: after file_complete`).toEqual([]);
    this.ended.add(dump.keys[this.type]);
    // A late reader does not know the mode of the run that sent this, nor every message.
    if (!this.seesAll) return;
    this.result.completedFiles++;
    if (mode === 'all') {
      expect([published, unchanged, deleted], where).toEqual([undefined, undefined, undefined]);
      return;
    }
    expect(published! + unchanged!, `${where}: ${JSON.stringify(body)}`).toBe(content.records);
    this.#checkCounts(published!, deleted!, where);
    this.checkRepeats();
    // An id that is neither in the dump nor deleted stays as doubtful as it is.
    if (content.hasUnknownMalformed || content.malformed.size > 0) return;
    this.allowedRepeats = 0;
    this.repeated.length = 0;
  }

  #checkCounts(published: number, deleted: number, where: string): void {
    if (this.pass.mayBeOlder) return;
    const maxRepeats = this.pass.kills * this.maxRepeatsOfKill;
    expect(published, `${where}: published of the pass`).toBeLessThanOrEqual(this.pass.published);
    expect(published, `${where}: published of the pass`).toBeGreaterThanOrEqual(this.pass.published - maxRepeats);
    expect(deleted, `${where}: deleted of the pass`).toBeLessThanOrEqual(this.pass.deleted);
    expect(deleted, `${where}: deleted of the pass`).toBeGreaterThanOrEqual(this.pass.deleted - maxRepeats);
  }
}

type Consumers = Readonly<Record<DataType, Consumer>>;

const createConsumers = (...[result, seesAll, ...of]: [MonthsResult, boolean, number, boolean]): Consumers =>
  Object.fromEntries(
    DATA_TYPES.map((type) => [type, new Consumer(type, result, seesAll, ...of)]),
  ) as unknown as Consumers;

/**
 * Delivers months of random dumps with the built command line, which is killed at random moments, and compares a
 * consumer with each dump that was delivered to its end.
 *
 * @throws what is wrong, with the run in which it happened
 */
export const checkMonths = async (
  seed: number,
  size: MonthsSize,
  sink: (folder: string) => Promise<MonthSink>,
): Promise<MonthsResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'months-'));
  try {
    await using place = await sink(join(folder, 'output'));
    return await new Months(seed, size, place, folder).check();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

class Months {
  readonly #random: () => number;
  readonly #result: MonthsResult = {
    ...{
      runs: 0,
      kills: 0,
      killsInDelivery: 0,
      completedFiles: 0,
      records: 0,
      tombstones: 0,
      repeats: 0,
      maxRepeats: 0,
    },
    ...{ replaced: 0, abandoned: 0, damaged: 0, refusedDeletions: 0, removedStores: 0 },
  };
  readonly #consumers: Consumers;
  /** One that reads only what is there at the end of a dump, if the sink's output can be read twice. */
  readonly #late: Consumers;
  readonly #read: () => Promise<MonthMessage[]>;
  readonly #readLate: (() => Promise<MonthMessage[]>) | undefined;
  #files = Object.fromEntries(DATA_TYPES.map((type) => [type, []])) as unknown as Record<DataType, MonthFile>;
  #dumps = 0;
  /** The last run of each type. */
  #latest: Partial<Record<DataType, StartedRun>> = {};
  #latestDump: Dump | undefined;
  /** What the source had last, by version and type. */
  readonly #written = new Map<string, { readonly xml: string; readonly key: string }>();
  /** Dumps of earlier months that were not delivered to their end. */
  readonly #abandoned: { dump: Dump; remaining: readonly DataType[] }[] = [];
  #durationMs = 1000;
  /** What each run was, and what it logged. */
  readonly #history: string[] = [];

  constructor(
    private readonly seed: number,
    private readonly size: MonthsSize,
    private readonly sink: MonthSink,
    private readonly folder: string,
  ) {
    this.#random = randomFrom(seed);
    const rewrites = sink.args.includes('ndjson');
    this.#consumers = createConsumers(this.#result, true, QUEUE_SIZE, rewrites);
    this.#late = createConsumers(this.#result, false, QUEUE_SIZE, rewrites);
    this.#read = sink.createReader();
    this.#readLate = sink.args.includes('ndjson') ? sink.createReader() : undefined;
  }

  /** @throws what is wrong, with the latest runs */
  async check(): Promise<MonthsResult> {
    try {
      return await this.#check();
    } catch (error) {
      throw new Error(`${describe(error)}\n\n${this.#history.slice(-MAX_SHOWN_RUNS).join('\n')}`, { cause: error });
    }
  }

  async #check(): Promise<MonthsResult> {
    const { months, kills } = this.size;
    for (let month = 1; month <= months || (this.#result.kills < kills && month <= 3 * months); month++) {
      this.#edit();
      if (month > 1 && this.#random() < 0.15) this.#edit();
      const current = `${2025 + Math.ceil(month / 12)}${String(((month - 1) % 12) + 1).padStart(2, '0')}01`;
      // An older version that was never there.
      const isOutOfOrder = month > 1 && this.#random() < 0.15;
      await this.#deliverMonth(
        isOutOfOrder ? `${Number(current.slice(0, 4)) - 10}${current.slice(4)}` : current,
        Math.ceil((kills * month) / months),
      );
      if (this.#random() < 0.1) await this.#removeStore();
      const abandoned = this.#abandoned.at(-1);
      if (abandoned && this.#random() < 0.4) {
        this.#abandoned.pop();
        const { dump, remaining } = abandoned;
        await this.#run({ dump, mode: 'changed', types: remaining });
      }
    }
    return this.#result;
  }

  /** Makes the next month's files. */
  #edit(): void {
    for (const type of DATA_TYPES)
      this.#files[type] = nextMonth(this.#files[type], this.#random, this.size.records[type]);
  }

  async #writeDump(version: string, damage?: { type: DataType; kind: 'cut' | 'short' }): Promise<Dump> {
    const files = { ...this.#files };
    if (damage?.kind === 'short') files[damage.type] = files[damage.type].slice(0, files[damage.type].length * 0.3);
    const contents = Object.fromEntries(DATA_TYPES.map((type) => [type, fileXml(type, files[type])])) as Record<
      DataType,
      string
    >;
    if (damage?.kind === 'cut')
      contents[damage.type] = contents[damage.type].slice(0, contents[damage.type].length * 0.6);
    await writeDump(join(this.folder, 'dumps'), version, contents);
    const content = {} as Record<DataType, MonthContent>;
    for (const type of DATA_TYPES) content[type] = await contentOf(type, files[type]);
    const keys = {} as Record<DataType, string>;
    this.#dumps++;
    for (const type of DATA_TYPES) {
      const name = `${version} ${type}`;
      const before = this.#written.get(name);
      keys[type] = before?.xml === contents[type] ? before.key : `${version}#${this.#dumps}`;
      this.#written.set(name, { xml: contents[type], key: keys[type] });
    }
    return { version, keys, content, damaged: damage?.type };
  }

  /** Delivers a version, with kills until there were `kills` of them in all. */
  async #deliverMonth(version: string, kills: number): Promise<void> {
    let dump = await this.#deliverDamaged(version);
    let remaining: readonly DataType[] = DATA_TYPES;
    for (let attempt = 1; remaining.length > 0; attempt++) {
      const types = this.#random() < 0.75 ? remaining : remaining.filter(() => this.#random() < 0.6);
      if (types.length === 0) continue;
      const draw = this.#random();
      const mode: Mode = draw < 0.75 ? 'changed' : draw < 0.9 ? 'all' : 'forced';
      const mayKill = this.#result.kills < kills && attempt < 12;
      if (mode === 'changed' && this.#random() < 0.25) await this.#runWithLowLimit({ dump, mode, types });
      const isDone = await this.#run({ dump, mode, types }, { kill: mayKill });
      if (isDone) {
        remaining = remaining.filter((type) => !types.includes(type));
        if (remaining.length > 0 && this.#random() < 0.4) return;
        if (remaining.length > 0 || this.#random() > 0.15) continue;
      } else {
        const next = this.#random();
        if (next < 0.1) {
          this.#result.abandoned++;
          this.#abandoned.push({ dump, remaining });
          return;
        }
        if (next < 0.15) await this.#removeStore();
        if (next > 0.3) continue;
      }
      // The dump is replaced.
      this.#result.replaced++;
      this.#edit();
      dump = await this.#writeDump(version);
      remaining = DATA_TYPES;
    }
  }

  /** Sometimes delivers a dump with a damaged file first. Resolves with the dump as it should be. */
  async #deliverDamaged(version: string): Promise<Dump> {
    const type = DATA_TYPES[Math.floor(this.#random() * DATA_TYPES.length)]!;
    const kind = this.#random() < 0.5 ? 'cut' : 'short';
    // Too few records are noticed if the latest dump was delivered.
    const isPossible = kind === 'cut' || this.#consumers[type].ended.size > 0;
    if (this.#random() < 0.2 && isPossible) {
      this.#result.damaged++;
      const damaged = await this.#writeDump(version, { type, kind });
      const types = this.#random() < 0.5 ? DATA_TYPES : [type];
      await this.#run({ dump: damaged, mode: this.#random() < 0.8 ? 'changed' : 'forced', types }, { fails: [type] });
    }
    return this.#writeDump(version);
  }

  /** Runs with a limit of deletions, and knows exactly which files exceed it. */
  async #runWithLowLimit(run: Run): Promise<void> {
    const limit = [0, 1, 5][Math.floor(this.#random() * 3)]!;
    const { dump, types } = run;
    if (
      types.some((type) => this.#consumers[type].allowedRepeats > 0 || this.#consumers[type].ended.has(dump.keys[type]))
    )
      return;
    const exceeding = types.filter((type) => {
      const consumer = this.#consumers[type];
      const content = dump.content[type];
      const deletions = consumer.deletionsFor(content);
      const known = [...consumer.content.keys()].filter((id) => !consumer.unknownToStore.has(id));
      const ids = new Set([...known, ...content.hashes.keys()]).size;
      return deletions > FREE_DELETIONS && deletions * 100 > ids * limit;
    });
    if (exceeding.length === 0) return;
    this.#result.refusedDeletions++;
    await this.#run(run, { limit, fails: exceeding });
    // The next run sends no record.
    const before = this.#result.records;
    await this.#run({ ...run, types: exceeding });
    expect(this.#result.records - before, 'records after a run that refused deletions').toBe(0);
  }

  async #removeStore(): Promise<void> {
    this.#result.removedStores++;
    await this.#apply(this.#late, this.#readLate, 'late, before the store is removed');
    await rm(join(this.folder, 'data', 'changes'), { recursive: true, force: true });
    for (const consumer of [...Object.values(this.#consumers), ...Object.values(this.#late)]) {
      for (const id of consumer.content.keys()) consumer.unknownToStore.add(id);
      consumer.pass = { key: '', published: 0, deleted: 0, kills: 0 };
      consumer.isFollowed = false;
    }
  }

  /** The types that have a store. */
  async #findStores(): Promise<Set<DataType>> {
    const names = await readdir(join(this.folder, 'data', 'changes')).catch(() => []);
    return new Set(
      DATA_TYPES.filter((type) => names.some((name) => name.includes(`.${type}.`) && name.endsWith('.db'))),
    );
  }

  /** Runs the command line. Resolves with whether it was done before it was killed. */
  async #run(
    run: Run,
    { kill = false, limit = 100, fails = [] }: { kill?: boolean; limit?: number; fails?: readonly DataType[] } = {},
  ): Promise<boolean> {
    const { dump, mode, types } = run;
    const where = `MONTHS_SEED=${this.seed} run ${++this.#result.runs} (${dump.version}, ${mode}, ${types})`;
    if (this.#latestDump !== dump) await this.#apply(this.#late, this.#readLate, `${where}: late`);
    this.#latestDump = dump;
    for (const type of types) {
      for (const consumers of [this.#consumers, this.#late]) {
        const consumer = consumers[type];
        if (mode === 'forced') {
          consumer.pass = { key: '', published: 0, deleted: 0, kills: 0 };
          consumer.forced.add(dump.version);
        }
        consumer.begin(dump.keys[type]);
        // If unchanged records were not sent, it begins another pass over the same dump.
        if (mode === 'all') consumer.pass.mayBeOlder = true;
      }
    }
    const startedAt = performance.now();
    const cli = startCli(
      [
        ...['run', '--once', '--source', join(this.folder, 'dumps'), '--dump-version', dump.version],
        ...['--types', types.join(), '--publish', mode === 'all' ? 'all' : 'changed', ...this.sink.args],
        ...['--max-deleted-percent', String(limit), ...(mode === 'forced' ? ['--force-reprocess'] : [])],
      ],
      {
        env: {
          ...this.sink.env,
          DISCOGS_ROOT: join(this.folder, 'data'),
          QUEUE_SIZE: String(QUEUE_SIZE),
          STATE_SAVE_INTERVAL: String(STATE_SAVE_INTERVAL),
          MAX_WORKERS: '1',
          FORMAT_DRIFT: 'off',
        },
      },
    );
    if (kill) await this.#killAtRandom(cli, run);
    const result = await cli.ended;
    const isKilled = result.signal === 'SIGKILL';
    this.#history.push(`${where}: ${isKilled ? 'killed' : result.status}\n${logOf(result)}`);
    const started: StartedRun = { ...run, stored: await this.#findStores() };
    for (const type of types) this.#latest[type] = started;
    const seen = await this.#apply(this.#consumers, this.#read, where);
    if (mode !== 'all') for (const type of seen) this.#consumers[type].isFollowed = true;
    if (isKilled) {
      this.#result.kills++;
      if (types.some((type) => seen.has(type) && !this.#consumers[type].ended.has(dump.keys[type])))
        this.#result.killsInDelivery++;
      for (const type of types) this.#consumers[type].onKill(mode);
      return false;
    }
    this.#durationMs = performance.now() - startedAt;
    // Malformed records make it exit with 1 as well, also those of types that were delivered before.
    const hasMalformed = Object.values(dump.content).some((one) => one.hasUnknownMalformed || one.malformed.size > 0);
    const status = fails.length > 0 ? 1 : hasMalformed ? expect.toBeOneOf([0, 1]) : 0;
    expect(result, where).toMatchObject({ status, stderr: '' });
    await this.#apply(this.#late, this.#readLate, `${where}: late`);
    for (const type of types) {
      for (const consumers of this.#readLate ? [this.#consumers, this.#late] : [this.#consumers]) {
        const isComplete = consumers[type].ended.has(dump.keys[type]);
        // Before its end, a run may not have noted that what was forced is done.
        if (isComplete) consumers[type].forced.delete(dump.version);
        expect([type, isComplete], `${where}: completed`).toEqual([type, !fails.includes(type)]);
      }
    }
    return true;
  }

  /** Kills a process at any moment, while a file is delivered, or at the first tombstones; unless it ends before. */
  async #killAtRandom(cli: RunningCli, { dump, types }: Run): Promise<void> {
    const [kind, wait, at] = [this.#random() * 3, this.#random() ** 2, this.#random()];
    const over = new AbortController();
    const moment = async (): Promise<void> => {
      if (kind < 1) return sleep(wait * this.#durationMs);
      if (kind < 2) {
        await cli.says(`Extracting ${types[Math.floor(at * types.length)]}`);
        return sleep(wait * this.#durationMs * 0.3);
      }
      await this.sink.untilTombstone(dump.version, over.signal);
      return sleep(wait * 30);
    };
    const isNow = await Promise.race([
      cli.ended.then(() => false),
      moment().then(
        () => true,
        () => false,
      ),
    ]);
    over.abort();
    if (isNow) cli.process.kill('SIGKILL');
  }

  /** Gives the consumers what came. Resolves with the types of which something came. */
  async #apply(
    consumers: Consumers,
    read: (() => Promise<MonthMessage[]>) | undefined,
    where: string,
  ): Promise<Set<DataType>> {
    const messages = (await read?.()) ?? [];
    for (const message of messages) {
      const run = this.#latest[message.dataType];
      expect(run?.dump, `${where}: dump of the latest ${message.dataType}`).toBe(this.#latestDump);
      consumers[message.dataType].receive(message, run!, `${where}: ${message.dataType}`);
    }
    for (const consumer of Object.values(consumers)) consumer.checkRepeats();
    return new Set(messages.map(({ dataType }) => dataType));
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What a run logged, without what is the same in all of them. */
const logOf = ({ stdout }: CliResult): string =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .map(({ message, reason = '', error = '' }) => `    ${message} ${reason} ${error}`)
    .join('\n');
