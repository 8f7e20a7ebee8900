import { describe, expect, it } from 'vitest';
import type { DataType } from '../src/config/data-type.js';
import type { RunEvent } from '../src/events/run-events.js';
import type { ServiceEvent } from '../src/events/service-events.js';
import { fractionOf, secondsLeft } from '../src/status/progress.js';
import { reduce } from '../src/status/reduce.js';
import { newServiceState, type ServiceState } from '../src/status/service-state.js';
import { SAMPLE_INTERVAL_MS, Throughput } from '../src/status/throughput.js';
import { dumpFile } from './kit/dumps.js';

const VERSION = '20260101';
const FILE = dumpFile(VERSION, 'artists');

/** What the state is after these events, a second between one and the next. */
const after = (events: readonly ServiceEvent[], from = newServiceState(0)): ServiceState =>
  events.reduce((state, event, index) => reduce(state, event, (index + 1) * 1000), from);

const passStarted = (...types: readonly DataType[]): RunEvent => ({
  type: 'dump-chosen',
  version: VERSION,
  decision: 'start',
  reason: 'there is no state marker',
  files: types.map((dataType) => ({ file: dumpFile(VERSION, dataType), dataType, bytes: 1000, known: undefined })),
});
const STARTED: readonly ServiceEvent[] = [{ type: 'run-started', cause: 'start' }, passStarted('artists')];
const progress = (
  type: 'file-started' | 'file-progress',
  records: number,
  confirmed: number,
  irregularities: Readonly<Record<string, number>> = {},
): RunEvent => {
  const at = { file: FILE, dataType: 'artists', records, confirmed, bytesRead: records, bytesTotal: 1000 } as const;
  const whole = { ...at, bytesDelivered: confirmed, xmlBytes: 10 * records, irregularities, missing: 0 };
  return type === 'file-started'
    ? { type, ...whole, malformed: 0, resumedAfter: records, reason: '' }
    : { type, ...whole };
};
/** What all events of a file's download have. */
const DOWNLOAD = { file: FILE, dataType: 'artists', version: VERSION } as const;
const download = (phase: 'verify' | 'download', bytes: number): RunEvent => ({
  type: 'download-progress',
  ...DOWNLOAD,
  phase,
  bytes,
  bytesTotal: 1000,
  bytesPerSecond: 0,
});
const ended = (outcome: 'completed' | 'failed' | 'stopped', error?: Error): ServiceEvent => ({
  type: 'run-ended',
  outcome,
  seconds: 1,
  error,
});
const scheduled: ServiceEvent = { type: 'run-scheduled', at: new Date(99_000) };
const artists = (state: ServiceState) => state.totals.byType.artists;

describe('extraction_complete', () => {
  it('is known until another delivery of the dump begins', () => {
    const withheldBecause = ['labels were not delivered'];
    const withheld = after([...STARTED, { type: 'extraction-complete', version: VERSION, withheldBecause }]);
    expect(withheld.extractionComplete).toEqual({ at: 3000, withheldBecause });
    const skipped = { ...passStarted('artists'), decision: 'skip' } as RunEvent;
    expect(after([STARTED[0]!, skipped], withheld).extractionComplete).toEqual(withheld.extractionComplete);
    expect(after(STARTED, withheld).extractionComplete).toBeUndefined();
  });
});

describe('totals', () => {
  it('count the work of this process, not that of earlier ones', () => {
    const state = after([
      ...STARTED,
      progress('file-started', 100, 100),
      progress('file-progress', 130, 110, { 'bare-ampersand': 2 }),
      progress('file-progress', 150, 150, { 'bare-ampersand': 3, 'unknown-entity': 1 }),
    ]);
    expect(artists(state)).toMatchObject({
      recordsRead: 50,
      recordsConfirmed: 50,
      dumpBytesRead: 50,
      xmlBytesRead: 500,
      irregularities: { 'bare-ampersand': 3, 'unknown-entity': 1 },
    });
    expect(state.files[0]).toMatchObject({ records: 150, confirmed: 150 });
  });

  it('count a malformed record once for its file, though it is read again after an interruption', () => {
    const reported = {
      file: FILE,
      dataType: 'artists',
      kind: 'not-well-formed',
      byteOffset: 1,
      reason: '',
      keptIn: '',
    };
    const attempt = [progress('file-started', 0, 0), { type: 'record-malformed', ...reported } as const] as RunEvent[];
    const reason = 'the queue is there again';
    const interrupted = { type: 'file-interrupted', file: FILE, dataType: 'artists', records: 0, reason } as const;
    expect(after([...STARTED, ...attempt, interrupted, ...attempt]).files[0]).toMatchObject({ malformed: 1 });
  });

  it('continue through the runs', () => {
    const pass = [...STARTED, progress('file-started', 0, 0), progress('file-progress', 7, 7), ended('completed')];
    expect(artists(after([...pass, scheduled, ...pass])).recordsConfirmed).toBe(14);
  });

  it('count transferred bytes, repeated ones included, but not those that were present already', () => {
    const downloaded = (...events: readonly RunEvent[]): number =>
      artists(after([...STARTED, ...events])).bytesDownloaded;
    expect(downloaded(download('verify', 1000))).toBe(0);
    expect(downloaded(download('download', 400), download('download', 1000))).toBe(1000);
    // Resumed after 300 bytes that an earlier run downloaded.
    expect(downloaded(download('verify', 300), download('download', 1000))).toBe(700);
    // Started over, since the server honours no ranges.
    expect(downloaded(download('download', 600), download('download', 200), download('download', 1000))).toBe(1600);
  });
});

describe('phase and status', () => {
  const statuses = (events: readonly ServiceEvent[]): string[] =>
    events.map((_, index) => after(events.slice(0, index + 1))).map(({ phase, status }) => `${phase} ${status}`);

  it('follow a run to the next one', () => {
    const downloaded: RunEvent = {
      type: 'download-finished',
      ...DOWNLOAD,
      bytes: 1000,
      path: FILE,
      sha256: '',
      verified: true,
      reused: false,
    };
    expect(
      statuses([
        ...STARTED,
        download('download', 1),
        downloaded,
        progress('file-started', 0, 0),
        ended('completed'),
        scheduled,
      ]),
    ).toEqual([
      'checking running',
      'checking running',
      'downloading running',
      'processing running',
      'processing running',
      'processing completed',
      'waiting waiting',
    ]);
  });

  it('stay failed until the retry begins', () => {
    expect(statuses([...STARTED, ended('failed', new Error('no')), scheduled, STARTED[0]!]).slice(2)).toEqual([
      'checking failed',
      'waiting failed',
      'checking running',
    ]);
  });

  it('stay with stopping, whatever event follows', () => {
    const state = after([
      ...STARTED,
      progress('file-started', 0, 0),
      { type: 'stopping' },
      progress('file-progress', 1, 1),
      ended('stopped'),
    ]);
    expect(state).toMatchObject({ phase: 'stopping', status: 'idle', run: undefined, failures: 0 });
    expect(state.files[0]).toMatchObject({ state: 'stopped' });
  });
});

describe('failures and problems', () => {
  const failing: readonly ServiceEvent[] = [...STARTED, ended('failed', new Error('no')), scheduled];

  it('count failures in a row', () => {
    const state = after([...failing, ...failing]);
    expect(state).toMatchObject({ failures: 2, totals: { runs: { failed: 2 }, errors: { UNKNOWN: 2 } } });
    expect(after([...STARTED, ended('completed')], state)).toMatchObject({ failures: 0, problems: [{}, {}] });
  });

  it('count an error that ends a download and its run once', () => {
    const error = new Error('cut');
    const state = after([...STARTED, { type: 'download-failed', ...DOWNLOAD, error }, ended('failed', error)]);
    expect(state.problems).toEqual([{ at: 3000, code: 'UNKNOWN', message: 'cut', file: FILE }]);
    expect(state.errorsOfRun).toBe(1);
  });

  it('keep only the latest ones', () => {
    const many = Array.from({ length: 60 }, () => failing).flat();
    expect(after(many).problems).toHaveLength(20);
  });
});

describe('the time of the last progress', () => {
  it('is not changed by events without progress', () => {
    const state = after([...STARTED, progress('file-started', 0, 0), progress('file-progress', 5, 5)]);
    const later = reduce(state, progress('file-progress', 5, 5), 500_000);
    expect(later.files[0]!.lastProgressAt).toBe(4000);
    expect(reduce(later, progress('file-progress', 5, 6), 600_000).files[0]!.lastProgressAt).toBe(600_000);
  });
});

describe('time left and progress', () => {
  const rates = (type: DataType) => ({
    recordsPerSecond: 0,
    dumpBytesPerSecond: type === 'artists' ? 100 : 50,
    downloadedBytesPerSecond: 10,
  });
  const left = (...events: readonly RunEvent[]): number | undefined =>
    secondsLeft(after([...STARTED.slice(0, 1), passStarted('artists', 'labels', 'masters'), ...events]), { rates });
  const downloaded = (type: DataType): RunEvent => ({
    type: 'download-finished',
    ...{
      file: dumpFile(VERSION, type),
      dataType: type,
      version: VERSION,
      bytes: 1000,
      path: '',
      sha256: '',
      reused: true,
      verified: true,
    },
  });
  const all = [downloaded('artists'), downloaded('labels'), downloaded('masters')];

  it('count files that wait', () => {
    expect(left()).toBeUndefined();
    // Two files of 1000 bytes wait, and 600 bytes of the one in progress are left.
    expect(left(...all, progress('file-started', 0, 0), progress('file-progress', 400, 400))).toBe(26);
    // The download counts alone: how fast the extraction will be is not known.
    const started: RunEvent = { type: 'download-started', ...DOWNLOAD, bytesTotal: 1000 };
    expect(left(started, download('download', 500))).toBe(250);
  });

  it('are by what is confirmed, and not complete before everything is', () => {
    const state = after([
      ...STARTED,
      downloaded('artists'),
      progress('file-started', 0, 0),
      progress('file-progress', 1000, 800),
    ]);
    expect(state.files[0]).toMatchObject({ read: 1000, delivered: 800 });
    expect(fractionOf(800, 1000, false)).toBe(0.8);
    expect(fractionOf(1000, 1000, false)).toBeLessThan(1);
    expect(fractionOf(1000, 1000, true)).toBe(1);
  });
});

describe('Throughput', () => {
  const totalsOf = (recordsConfirmed: number): ServiceState['totals'] => {
    const { totals } = newServiceState(0);
    return { ...totals, byType: { ...totals.byType, artists: { ...totals.byType.artists, recordsConfirmed } } };
  };
  const throughputOf = (samples: number): Throughput => {
    const throughput = new Throughput();
    for (let index = 0; index < samples; index++)
      throughput.addSample(totalsOf(index * 20), index * SAMPLE_INTERVAL_MS);
    return throughput;
  };

  it('returns the rates of at most ten minutes', () => {
    expect(throughputOf(4).series().records).toEqual([10, 10, 10]);
    expect(throughputOf(1000).series().records).toHaveLength(300);
  });

  it('computes the rate since the work began', () => {
    expect(throughputOf(10).rates('artists', 0).recordsPerSecond).toBe(10);
    expect(throughputOf(10).rates('labels', 0).recordsPerSecond).toBe(0);
    // It began after the last sample: there is no rate yet.
    expect(throughputOf(10).rates('artists', 10 * SAMPLE_INTERVAL_MS).recordsPerSecond).toBe(0);
  });
});
