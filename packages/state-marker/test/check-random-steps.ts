import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  advanceFile,
  advanceFileDownload,
  completeDownload,
  completeFile,
  completeFileDownload,
  completeProcessing,
  completeRun,
  decide,
  failDownload,
  failFile,
  failFileDownload,
  failProcessing,
  failPublishing,
  invalidateFile,
  parseMarker,
  planFile,
  recordHeartbeat,
  restartFile,
  type StateMarker,
  StateMarkerError,
  serializeMarker,
  startDownload,
  startFile,
  startFileDownload,
  startProcessing,
} from '../src/index.js';
import { at, newMarker } from './sample-markers.js';

const FILES = ['artists', 'labels', 'masters', 'releases'].map((type) => `discogs_20260101_${type}.xml.gz`);

type Step = (marker: StateMarker, now: Date) => StateMarker;

const file = fc.constantFrom(...FILES);
const files = fc.oneof(fc.constant(FILES), fc.subarray(FILES, { minLength: 1 }));
const source = fc.record({
  checksum: fc.constantFrom('aa', 'bb', undefined),
  destination: fc.constantFrom({ sink: 'here' }, { sink: 'here', queues: ['q'] }, undefined),
});
const small = fc.nat({ max: 20 });

/** All steps of a run that succeeds, from any marker. */
const finish: Step = (before, now) => {
  let marker = startDownload(before, FILES, now);
  for (const name of FILES) marker = completeFileDownload(marker, name, { bytes: 1, checksum: 'aa' }, now);
  marker = startProcessing(completeDownload(marker, now), FILES, now);
  for (const name of FILES) {
    const plan = planFile(marker, name, 'aa');
    if (plan.action === 'skip') continue;
    marker = (plan.action === 'restart' ? restartFile : startFile)(
      marker,
      name,
      { checksum: 'aa', destination: { sink: 'here' } },
      now,
    );
    const progress = { recordsExtracted: 50, messagesPublished: 50, batchesSent: 50 };
    marker = completeFile(marker, name, progress, now);
  }
  return completeRun(completeProcessing(marker, now), now);
};

/** Any step with any arguments, legal or not; steps that make progress are more frequent. */
const step: fc.Arbitrary<[string, Step]> = fc.oneof(
  fc.tuple(
    fc.constant('startDownload'),
    files.map(
      (list): Step =>
        (m, now) =>
          startDownload(m, list, now),
    ),
  ),
  fc.tuple(
    fc.constant('startFileDownload'),
    file.map(
      (name): Step =>
        (m, now) =>
          startFileDownload(m, name, now),
    ),
  ),
  fc.tuple(
    fc.constant('advanceFileDownload'),
    fc.tuple(file, small).map(
      ([name, bytes]): Step =>
        (m, now) =>
          advanceFileDownload(m, name, bytes, now),
    ),
  ),
  fc.tuple(
    fc.constant('completeFileDownload'),
    fc.tuple(file, small).map(
      ([name, bytes]): Step =>
        (m, now) =>
          completeFileDownload(m, name, { bytes, checksum: 'aa' }, now),
    ),
  ),
  fc.tuple(
    fc.constant('failFileDownload'),
    file.map(
      (name): Step =>
        (m, now) =>
          failFileDownload(m, name, 'x', now),
    ),
  ),
  fc.constant<[string, Step]>([
    'downloadAll',
    (m, now) =>
      completeDownload(
        Object.keys(m.download_phase.downloads_by_file).reduce(
          (all, name) => completeFileDownload(all, name, { bytes: 1, checksum: 'aa' }, now),
          m,
        ),
        now,
      ),
  ]),
  fc.constant<[string, Step]>(['failDownload', (m, now) => failDownload(m, 'x', now)]),
  fc.tuple(
    fc.constant('startProcessing'),
    files.map(
      (list): Step =>
        (m, now) =>
          startProcessing(m, list, now),
    ),
  ),
  ...[1, 2].map(() =>
    fc.tuple(
      fc.constant('startFile'),
      fc.tuple(file, source).map(
        ([name, from]): Step =>
          (m, now) =>
            startFile(m, name, from, now),
      ),
    ),
  ),
  fc.tuple(
    fc.constant('restartFile'),
    fc.tuple(file, source).map(
      ([name, from]): Step =>
        (m, now) =>
          restartFile(m, name, from, now),
    ),
  ),
  ...[1, 2, 3].map(() =>
    fc.tuple(
      fc.constant('advanceFile'),
      fc.tuple(file, small, small, small).map(
        ([name, records, messages, batches]): Step =>
          (m, now) => {
            const progress = { recordsExtracted: records, messagesPublished: messages, batchesSent: batches };
            return advanceFile(m, name, progress, now);
          },
      ),
    ),
  ),
  ...[1, 2].map(() =>
    fc.tuple(
      fc.constant('completeFile'),
      fc.tuple(file, fc.nat({ max: 40 })).map(
        ([name, records]): Step =>
          (m, now) => {
            const progress = { recordsExtracted: records, messagesPublished: records, batchesSent: 20 };
            return completeFile(m, name, progress, now);
          },
      ),
    ),
  ),
  fc.constant<[string, Step]>(['finish', finish]),
  fc.tuple(
    fc.constant('failFile'),
    file.map(
      (name): Step =>
        (m, now) =>
          failFile(m, name, 'x', now),
    ),
  ),
  fc.tuple(
    fc.constant('invalidateFile'),
    file.map(
      (name): Step =>
        (m, now) =>
          invalidateFile(m, name, 'x', now),
    ),
  ),
  fc.constant<[string, Step]>(['completeProcessing', completeProcessing]),
  fc.constant<[string, Step]>(['failProcessing', (m, now) => failProcessing(m, 'x', now)]),
  fc.constant<[string, Step]>(['recordHeartbeat', recordHeartbeat]),
  fc.constant<[string, Step]>(['failPublishing', (m, now) => failPublishing(m, 'x', now)]),
  fc.constant<[string, Step]>(['completeRun', completeRun]),
  fc.constant<[string, Step]>(['save and load', (m) => parseMarker(serializeMarker(m))]),
);

/** A marker with an unknown first and last field in every object, the files' entries included. */
const withUnknownFields = (marker: StateMarker): StateMarker => {
  const value = startProcessing(startDownload(marker, FILES, at(0)), FILES, at(0));
  const isNamed = (key: string) => ['downloads_by_file', 'progress_by_file', 'files_by_type'].includes(key);
  const visit = (inner: unknown, key: string): unknown => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner).map(([name, each]) => [name, visit(each, name)] as const);
    return Object.fromEntries(isNamed(key) ? entries : [['x_first', key], ...entries, ['x_last', [key]]]);
  };
  return visit(value, 'root') as StateMarker;
};

const total = (marker: StateMarker, field: 'records_extracted' | 'messages_published' | 'batches_sent'): number =>
  Object.values(marker.processing_phase.progress_by_file).reduce((sum, entry) => sum + entry[field], 0);

const checkTotals = (marker: StateMarker): void => {
  const { download_phase: download, processing_phase: processing, publishing_phase: publishing } = marker;
  const downloads = Object.values(download.downloads_by_file);
  const progress = Object.entries(processing.progress_by_file);
  expect(download.bytes_downloaded).toBe(downloads.reduce((sum, entry) => sum + entry.bytes_downloaded, 0));
  expect(download.files_downloaded).toBe(downloads.filter((entry) => entry.status === 'completed').length);
  expect(processing.files_processed).toBe(progress.filter(([, entry]) => entry.status === 'completed').length);
  expect(processing.records_extracted).toBe(total(marker, 'records_extracted'));
  expect(publishing.messages_published).toBe(total(marker, 'messages_published'));
  expect(publishing.batches_sent).toBe(total(marker, 'batches_sent'));
  for (const [, entry] of progress) expect(entry.messages_published).toBeLessThanOrEqual(entry.records_extracted);
  const running = progress.filter(([, entry]) => entry.status === 'in_progress').map(([name]) => name);
  expect([...running, ...(running.length === 0 ? [null] : [])]).toContain(processing.current_file);
  for (const [name, entry] of progress) {
    expect(marker.summary.files_by_type[/_([a-z]+)\.xml/.exec(name)?.[1] ?? '']).toBe(entry.status);
  }
};

const checkCompletion = (marker: StateMarker): void => {
  const { download_phase: download, processing_phase: processing, summary } = marker;
  const isDone = (entry: { status: string }) => entry.status === 'completed';
  if (download.status === 'completed') {
    expect(Object.values(download.downloads_by_file).every(isDone)).toBe(true);
    expect(download.completed_at).not.toBeNull();
  }
  if (processing.status === 'completed') {
    expect(Object.values(processing.progress_by_file).every(isDone)).toBe(true);
  }
  if (summary.overall_status === 'completed') {
    expect(processing.status).toBe('completed');
    expect(Object.values(summary.files_by_type).every((status) => status === 'completed')).toBe(true);
    expect(decide({ status: 'found', marker }).action).toBe('skip');
  } else {
    expect(summary.total_duration_seconds).toBeNull();
    expect(decide({ status: 'found', marker }).action).not.toBe('skip');
  }
  for (const entry of Object.values(processing.progress_by_file)) {
    if (isDone(entry)) expect(entry.messages_published).toBe(entry.records_extracted);
  }
};

/** Within one source and place, confirmed records stay confirmed, unless a step says that they were lost. */
const checkWatermarks = (before: StateMarker, after: StateMarker): void => {
  for (const [name, old] of Object.entries(before.processing_phase.progress_by_file)) {
    const entry = after.processing_phase.progress_by_file[name];
    if (old.source_checksum === null || entry?.source_checksum !== old.source_checksum) continue;
    if (old.destination === undefined || (entry.messages_published === 0 && entry.restart_reason !== undefined))
      continue;
    expect(entry.messages_published).toBeGreaterThanOrEqual(old.messages_published);
    expect(entry.batches_sent).toBeGreaterThanOrEqual(old.batches_sent);
  }
};

const checkUnknownFields = (marker: StateMarker): void => {
  const own = (value: object) => Object.keys(value).filter((key) => key.startsWith('x_'));
  const { download_phase, processing_phase, publishing_phase, summary } = marker;
  for (const part of [marker, download_phase, processing_phase, publishing_phase, summary]) {
    const names = Object.keys(part).filter((name) => name !== 'delivered_before');
    expect(names[0]).toBe('x_first');
    expect(names.at(-1)).toBe('x_last');
  }
  // An entry that was dropped and added again has none.
  for (const entry of Object.values(processing_phase.progress_by_file)) expect([0, 2]).toContain(own(entry).length);
};

/** A plan can be carried out: its step is legal, and the file resumes after the record that it names. */
const checkPlans = (marker: StateMarker, now: Date): void => {
  if (marker.processing_phase.status !== 'in_progress') return;
  for (const name of FILES) {
    for (const checksum of ['aa', 'bb', undefined]) {
      const plan = planFile(marker, name, checksum);
      if (plan.action === 'skip') continue;
      const step = plan.action === 'restart' ? restartFile : startFile;
      const entry = step(marker, name, { checksum, destination: { sink: 'here' } }, now).processing_phase
        .progress_by_file[name];
      expect(entry).toMatchObject({ status: 'in_progress', messages_published: plan.afterRecord });
    }
  }
};

/** Applies random steps to a marker, `runs` times, and checks its invariants after each step. */
export const checkRandomSteps = (runs: number, seed: number): void => {
  const taken = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
      let marker = withUnknownFields(newMarker());
      let seconds = 0;
      for (const [name, apply] of steps) {
        seconds += 1;
        const text = JSON.stringify(marker);
        let next: StateMarker;
        try {
          next = apply(marker, at(seconds));
        } catch (error) {
          if (!(error instanceof StateMarkerError) || error.code !== 'ILLEGAL_TRANSITION') throw error;
          expect(JSON.stringify(marker)).toBe(text);
          continue;
        }
        expect(JSON.stringify(marker), 'the old marker is unchanged').toBe(text);
        taken.set(name, (taken.get(name) ?? 0) + 1);
        checkTotals(next);
        checkCompletion(next);
        checkUnknownFields(next);
        checkWatermarks(marker, next);
        checkPlans(next, at(seconds));
        const loaded = parseMarker(serializeMarker(next));
        expect(JSON.stringify(loaded)).toBe(JSON.stringify(next));
        expect(isDeepStrictEqual(loaded, next), 'no field is present and undefined').toBe(true);
        marker = next;
      }
      // From every marker, a run can still succeed.
      const done = finish(marker, at(seconds + 1));
      checkTotals(done);
      checkCompletion(done);
      checkWatermarks(marker, done);
    }),
    { seed, numRuns: runs },
  );
  // A property that never reaches the important steps proves nothing.
  for (const name of ['completeFile', 'restartFile', 'invalidateFile', 'failProcessing', 'failPublishing', 'finish']) {
    expect(taken.get(name) ?? 0, name).toBeGreaterThan(0);
  }
};
