import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { expect } from 'vitest';
import type { Contract } from '../../src/config/contract-settings.js';
import { DATA_TYPES, type DataType } from '../../src/config/data-type.js';
import { type CliResult, type RunningCli, runCli, startCli } from './cli.js';
import { type Destination, ndjson, rabbitmq } from './destinations.js';
import { dumpFile } from './dumps.js';
import { type MarkerFile, readMarker } from './markers.js';

const VERSION = '20260101';

/** Small enough for many windows in one delivery, large enough to keep the broker busy. */
const QUEUE_SIZE = 300;
const BATCH_SIZE = 100;

type Counts = Readonly<Record<DataType, number>>;

/** How much of the matrix is run: kills per signal, and records of the dump. */
export interface MatrixSize {
  readonly signals: readonly ('SIGKILL' | 'SIGTERM')[];
  readonly kills: number;
  /** Times per signal that the place of the records changes between a kill and the next run. */
  readonly changes: number;
  readonly rabbitmq: Counts;
  /** Enough releases for the ndjson sink to confirm some of them long before the last one. */
  readonly ndjson: Counts;
}

/** For `npm test`, where run-amqp.test.ts and run-ndjson.test.ts resume what a signal stopped. */
export const SHORT_MATRIX: MatrixSize = {
  signals: ['SIGKILL'],
  kills: 3,
  changes: 1,
  rabbitmq: { artists: 300, labels: 300, masters: 300, releases: 2000 },
  ndjson: { artists: 300, labels: 300, masters: 300, releases: 8000 },
};

/** For `npm run test:chaos`. */
export const LONG_MATRIX: MatrixSize = {
  signals: ['SIGKILL', 'SIGTERM'],
  kills: Number(process.env['KILLS'] ?? 50),
  changes: Number(process.env['KILLS'] ?? 50) / 5,
  rabbitmq: { artists: 6000, labels: 6000, masters: 6000, releases: 6000 },
  ndjson: { artists: 2000, labels: 2000, masters: 2000, releases: 30_000 },
};

/** The same kills in every run, unless another seed is given. How far the process is by then differs nevertheless. */
export const KILL_SEED = Number(process.env['KILL_SEED'] ?? 20_260_101);

/** A matrix gives up after this many times its kills if none of them came while a file was in progress. */
const MAX_KILLS_FACTOR = 5;

/** The promised bound of a stop, in milliseconds. */
const MAX_STOP_MS = 5000;

/** Marsaglia's xorshift: numbers from 0 up to 1. */
const random = (seed: number): (() => number) => {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

/** A dump and its expected output: the message bodies of each type, in order. */
interface Reference extends AsyncDisposable {
  readonly dumps: string;
  readonly records: Counts;
  readonly bodies: Readonly<Record<DataType, readonly string[]>>;
  /** For the output of the runs; removed with the rest. */
  readonly folder: string;
}

const createReference = async (records: Counts, contract: Contract = 'topic'): Promise<Reference> => {
  const folder = await mkdtemp(join(tmpdir(), 'kill-matrix-'));
  const dumps = join(folder, 'dumps');
  await generateDump({ directory: dumps, version: VERSION, seed: 5, records, level: 1 });
  const files = DATA_TYPES.map((type) => join(dumps, dumpFile(VERSION, type)));
  const { status, stdout } = await runCli(['parse', '--contract', contract, ...files]);
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const bodies = {} as Record<DataType, readonly string[]>;
  for (const type of DATA_TYPES) bodies[type] = lines.splice(0, records[type]);
  expect(bodies.releases).toHaveLength(records.releases);
  expect(lines).toEqual([]);
  return { dumps, records, bodies, folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
};

const expectExactMarker = (marker: MarkerFile | undefined, records: Counts): void => {
  const total = Object.values(records).reduce((sum, count) => sum + count, 0);
  const batches = total / BATCH_SIZE;
  expect(marker).toMatchObject({
    download_phase: { status: 'completed', files_downloaded: 4, files_total: 4, errors: [] },
    processing_phase: {
      status: 'completed',
      files_processed: 4,
      files_total: 4,
      records_extracted: total,
      current_file: null,
      errors: [],
      progress_by_file: Object.fromEntries(
        DATA_TYPES.map((type) => [
          dumpFile(VERSION, type),
          {
            status: 'completed',
            records_extracted: records[type],
            messages_published: records[type],
            batches_sent: records[type] / BATCH_SIZE,
          },
        ]),
      ),
    },
    publishing_phase: { status: 'completed', messages_published: total, batches_sent: batches, errors: [] },
    summary: {
      overall_status: 'completed',
      files_by_type: Object.fromEntries(DATA_TYPES.map((type) => [type, 'completed'])),
    },
  });
};

/** The watermark of each file never goes back, except for a reason. */
const expectNoStepBack = (
  before: MarkerFile | undefined,
  after: MarkerFile | undefined,
  lost: ReadonlySet<DataType>,
): void => {
  if (!before) return;
  expect(after, 'a marker does not vanish').toBeDefined();
  const lostFiles = [...lost].map((type) => dumpFile(VERSION, type));
  for (const [file, { messages_published }] of Object.entries(before.processing_phase.progress_by_file)) {
    if (lostFiles.includes(file)) continue;
    const now = after!.processing_phase.progress_by_file[file];
    expect(now?.messages_published, file).toBeGreaterThanOrEqual(messages_published);
  }
};

/** Checks what arrived in one place: every record, in order except for repetitions, and `file_complete` after them. */
const checkArrivals = (place: string, expected: readonly string[], bodies: readonly string[]): number => {
  const numbers = new Map(expected.map((body, index) => [body, index]));
  const isFileComplete = (body: string): boolean => body.startsWith('{"type":"file_complete"');
  const end = bodies.findIndex(isFileComplete);
  expect(end, `file_complete in ${place}`).toBeGreaterThan(0);
  expect(
    bodies.slice(end).filter((body) => !isFileComplete(body)),
    `after file_complete in ${place}`,
  ).toEqual([]);
  for (const body of bodies.slice(end)) expect(JSON.parse(body)).toMatchObject({ total_processed: expected.length });

  const arrived = bodies.slice(0, end);
  expect(
    arrived.filter((body) => !numbers.has(body)),
    `unknown in ${place}`,
  ).toEqual([]);
  const firsts = [...new Set(arrived)].map((body) => numbers.get(body)!);
  expect(firsts.length, `records in ${place}`).toBe(expected.length);
  expect(
    firsts.findIndex((number, index) => number !== index),
    `first record out of order in ${place}`,
  ).toBe(-1);
  return arrived.length - expected.length;
};

/** Checks what arrived of a file that was begun again: every record, and `file_complete` at the end. */
const checkAllArrived = (place: string, expected: readonly string[], bodies: readonly string[]): number => {
  const arrived = new Set(bodies);
  expect(
    expected.filter((body) => !arrived.has(body)),
    `missing in ${place}`,
  ).toEqual([]);
  expect(JSON.parse(bodies.at(-1)!)).toMatchObject({ type: 'file_complete', total_processed: expected.length });
  return 0;
};

/** The result of a matrix, for the report. */
interface MatrixResult {
  readonly deliveries: number;
  readonly kills: number;
  /** Kills after which the marker had a file in progress. */
  readonly killsInProgress: number;
  /** Changes of the place of the records. */
  readonly changes: number;
  /** Repeated records, in the place with the most of them, over all deliveries. */
  readonly repeats: number;
  /** Longest time from a signal to the end of the process, in milliseconds. */
  readonly maxStopMs: number;
}

/** A dump, its destination, and how long an uninterrupted delivery takes on this machine. */
interface MeasuredDelivery {
  readonly reference: Reference;
  readonly destination: Destination;
  readonly durationMs: number;
  /** What it found in the files, as the data folder has it. */
  readonly inventories: readonly unknown[];
}

/** The inventories of all types. The order of the paths in them depends on where a run resumed. */
const readInventories = (data: string): Promise<unknown[]> =>
  Promise.all(
    DATA_TYPES.map(async (type) => {
      const text = await readFile(join(data, 'inventory', VERSION, `${type}.json`), 'utf8');
      return JSON.parse(text) as unknown;
    }),
  );

const measureDelivery = async (reference: Reference, destination: Destination): Promise<MeasuredDelivery> => {
  const startedAt = performance.now();
  expectDone(await startRun(reference, destination).ended);
  const durationMs = performance.now() - startedAt;
  return { reference, destination, durationMs, inventories: await readInventories(dataFolder(reference)) };
};

const dataFolder = ({ folder }: Reference): string => join(folder, 'data');

const startRun = (reference: Reference, { args, env }: Pick<Destination, 'args' | 'env'>): RunningCli =>
  startCli(['run', '--once', '--source', reference.dumps, ...args], {
    env: {
      ...env,
      DISCOGS_ROOT: dataFolder(reference),
      QUEUE_SIZE: String(QUEUE_SIZE),
      BATCH_SIZE: String(BATCH_SIZE),
      STATE_SAVE_INTERVAL: '500',
      MAX_WORKERS: '2',
    },
  });

/** A run to another place is refused and changes nothing; then a part of what was delivered is removed, if possible. */
const changePlace = async (reference: Reference, destination: Destination, file: string): Promise<DataType> => {
  const before = await readMarker(dataFolder(reference), VERSION);
  const refused = await startRun(reference, destination.elsewhere).ended;
  expect(refused.status, refused.stdout).toBe(1);
  expect(refused.stdout).toContain('DESTINATION_CHANGED');
  expect(await readMarker(dataFolder(reference), VERSION)).toEqual(before);
  const type = DATA_TYPES.find((each) => dumpFile(VERSION, each) === file)!;
  await destination.lose?.(type);
  return type;
};

/**
 * Delivers the dump until the process was killed `kills` times at random moments; starts it again after each kill until
 * everything is delivered, then checks everything that arrived, and the marker.
 */
const killMatrix = async (
  { reference, destination, durationMs, inventories }: MeasuredDelivery,
  signal: 'SIGKILL' | 'SIGTERM',
  { kills, changes: wantedChanges }: Pick<MatrixSize, 'kills' | 'changes'>,
): Promise<MatrixResult> => {
  const { records, bodies } = reference;
  const data = dataFolder(reference);
  const next = random(KILL_SEED);
  /** A third of the kills come at any time, even before the first record; the others during the last, largest file. */
  const moment = async (run: RunningCli): Promise<undefined> => {
    const isAnyTime = next() < 1 / 3;
    const wait = next() * durationMs * destination.killsWithin;
    if (!isAnyTime) await run.says('"data_type":"releases","resumed_after"').catch(() => new Promise(() => {}));
    await sleep(wait);
  };
  let deliveries = 0;
  let done = 0;
  let killsInProgress = 0;
  let changes = 0;
  let repeats = 0;
  let maxStopMs = 0;
  // Kills that all came too early, before a watermark was saved, would prove nothing.
  const isEnough = (): boolean => done >= kills && (killsInProgress > 0 || done >= MAX_KILLS_FACTOR * kills);
  while (!isEnough()) {
    await rm(data, { recursive: true, force: true });
    await destination.reset();
    deliveries++;
    let here = 0;
    const lost = new Set<DataType>();
    for (let isDone = false; !isDone; ) {
      const before = await readMarker(data, VERSION);
      const run = startRun(reference, destination);
      const outcome = isEnough() ? await run.ended : await Promise.race([run.ended, moment(run)]);
      if (outcome) {
        expectDone(outcome);
        isDone = true;
      } else {
        const killedAt = performance.now();
        run.process.kill(signal);
        const result = await run.ended;
        maxStopMs = Math.max(maxStopMs, performance.now() - killedAt);
        done++;
        here++;
        expectStopped(result, signal);
        const { progress_by_file: files = {} } = (await readMarker(data, VERSION))?.processing_phase ?? {};
        const [inProgress] =
          Object.entries(files).find(([, file]) => file.status === 'in_progress' && file.messages_published > 0) ?? [];
        if (inProgress !== undefined) {
          killsInProgress++;
          if (changes < wantedChanges) {
            changes++;
            const type = await changePlace(reference, destination, inProgress);
            if (destination.lose) lost.add(type);
          }
        }
      }
      expectNoStepBack(before, await readMarker(data, VERSION), lost);
    }

    expectExactMarker(await readMarker(data, VERSION), records);
    expect(await readInventories(data)).toEqual(inventories);
    const found = await destination.collect();
    const counts = found.map(({ place, type, bodies: arrived }) =>
      (lost.has(type) ? checkAllArrived : checkArrivals)(place, bodies[type], arrived),
    );
    expect(Math.max(...counts)).toBeLessThanOrEqual(destination.repeatsAfter(here));
    repeats += Math.max(...counts);
  }
  if (signal === 'SIGTERM') expect(maxStopMs).toBeLessThan(MAX_STOP_MS);
  return { deliveries, kills: done, killsInProgress, changes, repeats, maxStopMs };
};

const expectDone = (result: CliResult): void => {
  expect(result, result.stdout).toMatchObject({ status: 0, stderr: '' });
};

const expectStopped = (result: CliResult, signal: 'SIGKILL' | 'SIGTERM'): void => {
  // Before the first line of the program, SIGTERM ends Node itself.
  const isTooEarly = result.signal === 'SIGTERM' && result.stdout === '';
  // During its shutdown, Node handles no signals any more: then the work is complete, as the last line says.
  const isTooLate = result.signal === 'SIGTERM' && /🎉[^\n]*\n$/.test(result.stdout);
  const endedAsExpected =
    signal === 'SIGKILL'
      ? result.signal === 'SIGKILL' || result.status === 0
      : result.status === 0 || isTooEarly || isTooLate;
  expect(endedAsExpected, JSON.stringify({ ...result, stdout: result.stdout.slice(-2000) })).toBe(true);
};

type Annotate = (message: string) => unknown;

const runMatrix = async (
  reference: Reference,
  destination: Destination,
  size: MatrixSize,
  annotate: Annotate,
): Promise<void> => {
  const { kills, signals } = size;
  const delivery = await measureDelivery(reference, destination);
  for (const signal of signals) {
    const result = await killMatrix(delivery, signal, size);
    await annotate(`${signal} ${JSON.stringify(result)}`);
    expect(result.kills).toBeGreaterThanOrEqual(kills);
    expect(result.killsInProgress).toBeGreaterThan(0);
    expect(result.changes).toBeGreaterThan(0);
  }
};

export const runRabbitmqMatrix = async (
  size: MatrixSize,
  annotate: Annotate,
  contract: Contract = 'topic',
): Promise<void> => {
  await using reference = await createReference(size.rabbitmq, contract);
  await using destination = await rabbitmq(QUEUE_SIZE, contract);
  await runMatrix(reference, destination, size, annotate);
};

export const runNdjsonMatrix = async (size: MatrixSize, annotate: Annotate): Promise<void> => {
  await using reference = await createReference(size.ndjson);
  await using destination = ndjson(reference.folder, VERSION);
  await runMatrix(reference, destination, size, annotate);
};
