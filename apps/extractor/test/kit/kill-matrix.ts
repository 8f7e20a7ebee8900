import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { expect } from 'vitest';
import { DATA_TYPES, type DataType } from '../../src/config/data-type.js';
import { type CliResult, type RunningCli, runCli, startCli } from './cli.js';
import { type Destination, ndjson, rabbitmq } from './destinations.js';
import { dumpFile } from './dumps.js';
import { type MarkerFile, readMarker } from './markers.js';

const VERSION = '20260101';

/** Small enough that a matrix sees many windows, large enough to keep the broker busy. */
const WINDOW = 300;
const BATCH = 100;

type Counts = Readonly<Record<DataType, number>>;

/** Tens of thousands of records. */
const FOR_RABBITMQ: Counts = { artists: 6000, labels: 6000, masters: 6000, releases: 6000 };
/** Releases enough for the `ndjson` sink to confirm some of them long before the last one. */
const FOR_NDJSON: Counts = { artists: 2000, labels: 2000, masters: 2000, releases: 30_000 };

/** Same kills in every run; another seed may be given. What the process has come to by then differs all the same. */
export const KILL_SEED = Number(process.env['KILL_SEED'] ?? 20_260_101);

/** A process that is sent a signal must be gone in this time, in milliseconds. */
const STOP_MS = 5000;

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

/** A dump, and what must come out of it: the message bodies of each type, in order. */
interface Reference extends AsyncDisposable {
  readonly dumps: string;
  readonly records: Counts;
  readonly bodies: Readonly<Record<DataType, readonly string[]>>;
  /** For what the runs write; removed with the rest. */
  readonly folder: string;
}

const createReference = async (records: Counts): Promise<Reference> => {
  const folder = await mkdtemp(join(tmpdir(), 'kill-matrix-'));
  const dumps = join(folder, 'dumps');
  await generateDump({ directory: dumps, version: VERSION, seed: 5, records });
  const bodies = {} as Record<DataType, readonly string[]>;
  for (const type of DATA_TYPES) {
    const { status, stdout } = await runCli(['parse', join(dumps, dumpFile(VERSION, type))]);
    expect(status).toBe(0);
    bodies[type] = stdout.trimEnd().split('\n');
    expect(bodies[type]).toHaveLength(records[type]);
  }
  return { dumps, records, bodies, folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
};

const expectExactMarker = (marker: MarkerFile | undefined, records: Counts): void => {
  const total = Object.values(records).reduce((sum, count) => sum + count, 0);
  const batches = total / BATCH;
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
            batches_sent: records[type] / BATCH,
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

/** The watermark of each file never goes back, whatever happens to the process. */
const expectNoStepBack = (before: MarkerFile | undefined, after: MarkerFile | undefined): void => {
  if (!before) return;
  expect(after, 'a marker does not vanish').toBeDefined();
  for (const [file, { messages_published }] of Object.entries(before.processing_phase.progress_by_file)) {
    const now = after!.processing_phase.progress_by_file[file];
    expect(now?.messages_published, file).toBeGreaterThanOrEqual(messages_published);
  }
};

/** What arrived in one place: every record, in order but for what was sent again, and `file_complete` behind them all. */
const checkArrivals = (place: string, expected: readonly string[], bodies: readonly string[]): number => {
  const numbers = new Map(expected.map((body, index) => [body, index]));
  const isAnnouncement = (body: string): boolean => body.startsWith('{"type":"file_complete"');
  const end = bodies.findIndex(isAnnouncement);
  expect(end, `file_complete in ${place}`).toBeGreaterThan(0);
  expect(
    bodies.slice(end).filter((body) => !isAnnouncement(body)),
    `behind file_complete in ${place}`,
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

/** What a matrix went through, for a report. */
interface MatrixResult {
  readonly deliveries: number;
  readonly kills: number;
  /** Kills after which the marker said that a file was in progress. */
  readonly inTheMidst: number;
  /** Records that came more than once, in the place where most did, over all deliveries. */
  readonly repeats: number;
  /** Longest time from a signal to the end of the process, in milliseconds. */
  readonly slowestStop: number;
}

/** A dump and where it goes, and how long a delivery takes on this machine when nothing interrupts it. */
interface Course {
  readonly reference: Reference;
  readonly destination: Destination;
  /** Milliseconds. */
  readonly duration: number;
}

const createCourse = async (reference: Reference, destination: Destination): Promise<Course> => {
  const startedAt = performance.now();
  expectDone(await startRun(reference, destination).ended);
  return { reference, destination, duration: performance.now() - startedAt };
};

const dataFolder = ({ folder }: Reference): string => join(folder, 'data');

const startRun = (reference: Reference, { args, env }: Destination): RunningCli =>
  startCli(['run', '--once', '--source', reference.dumps, ...args], {
    env: {
      ...env,
      DISCOGS_ROOT: dataFolder(reference),
      QUEUE_SIZE: String(WINDOW),
      BATCH_SIZE: String(BATCH),
      STATE_SAVE_INTERVAL: '500',
      MAX_WORKERS: '2',
    },
  });

/**
 * Delivers the dump as often as it takes to kill the process so many times at random moments, starting it again each time until all is
 * delivered; then checks all that arrived, and the marker.
 */
const killMatrix = async (
  { reference, destination, duration }: Course,
  signal: 'SIGKILL' | 'SIGTERM',
  kills: number,
): Promise<MatrixResult> => {
  const { records, bodies } = reference;
  const data = dataFolder(reference);
  const next = random(KILL_SEED);
  /** A third of the kills come at any time, which may be before the first record; the others while records flow. */
  const moment = async (run: RunningCli): Promise<undefined> => {
    const isAnyTime = next() < 1 / 3;
    const wait = next() * duration * destination.killsWithin;
    if (!isAnyTime) await run.says('"resumed_after"').catch(() => new Promise(() => {}));
    await sleep(wait);
  };
  let deliveries = 0;
  let done = 0;
  let inTheMidst = 0;
  let repeats = 0;
  let slowestStop = 0;
  while (done < kills) {
    await rm(data, { recursive: true, force: true });
    await destination.reset();
    deliveries++;
    let here = 0;
    for (let isDone = false; !isDone; ) {
      const before = await readMarker(data, VERSION);
      const run = startRun(reference, destination);
      const outcome = done < kills ? await Promise.race([run.ended, moment(run)]) : await run.ended;
      if (outcome) {
        expectDone(outcome);
        isDone = true;
      } else {
        const killedAt = performance.now();
        run.process.kill(signal);
        const result = await run.ended;
        slowestStop = Math.max(slowestStop, performance.now() - killedAt);
        done++;
        here++;
        expectStopped(result, signal);
        const { progress_by_file: files = {} } = (await readMarker(data, VERSION))?.processing_phase ?? {};
        if (
          Object.values(files).some(
            ({ status, messages_published }) => status === 'in_progress' && messages_published > 0,
          )
        )
          inTheMidst++;
      }
      expectNoStepBack(before, await readMarker(data, VERSION));
    }

    expectExactMarker(await readMarker(data, VERSION), records);
    const found = await destination.collect();
    const counts = found.map(({ place, type, bodies: arrived }) => checkArrivals(place, bodies[type], arrived));
    expect(Math.max(...counts)).toBeLessThanOrEqual(destination.repeatsAfter(here));
    repeats += Math.max(...counts);
  }
  if (signal === 'SIGTERM') expect(slowestStop).toBeLessThan(STOP_MS);
  return { deliveries, kills: done, inTheMidst, repeats, slowestStop };
};

const expectDone = (result: CliResult): void => {
  expect(result, result.stdout).toMatchObject({ status: 0, stderr: '' });
};

const expectStopped = (result: CliResult, signal: 'SIGKILL' | 'SIGTERM'): void => {
  // Before the program's first line is run, SIGTERM ends Node itself; one that ended just before has the status of success.
  const isTooEarly = result.signal === 'SIGTERM' && result.stdout === '';
  // Nor does Node listen any more once it takes itself apart: then all is done, and the last line said so.
  const isTooLate = result.signal === 'SIGTERM' && /🎉[^\n]*\n$/.test(result.stdout);
  const fine =
    signal === 'SIGKILL'
      ? result.signal === 'SIGKILL' || result.status === 0
      : result.status === 0 || isTooEarly || isTooLate;
  expect(fine, JSON.stringify({ ...result, stdout: result.stdout.slice(-2000) })).toBe(true);
};

type Tell = (message: string) => unknown;

const survive = async (reference: Reference, destination: Destination, kills: number, tell: Tell): Promise<void> => {
  const course = await createCourse(reference, destination);
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const result = await killMatrix(course, signal, kills);
    await tell(`${signal} ${JSON.stringify(result)}`);
    expect(result.kills).toBe(kills);
    // Or the kills came all too early, and proved nothing.
    expect(result.inTheMidst).toBeGreaterThan(0);
  }
};

export const surviveRabbitmq = async (kills: number, tell: Tell): Promise<void> => {
  await using reference = await createReference(FOR_RABBITMQ);
  await using destination = await rabbitmq(WINDOW);
  await survive(reference, destination, kills, tell);
};

export const surviveNdjson = async (kills: number, tell: Tell): Promise<void> => {
  await using reference = await createReference(FOR_NDJSON);
  await using destination = ndjson(reference.folder, VERSION);
  await survive(reference, destination, kills, tell);
};
