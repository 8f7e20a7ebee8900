import { describe, expect, test } from 'vitest';
import {
  advanceFile,
  advanceFileDownload,
  completeDownload,
  completeFile,
  completeFileDownload,
  completeProcessing,
  completeRun,
  createMarker,
  deliveredCounts,
  failDownload,
  failFile,
  failFileDownload,
  failProcessing,
  failPublishing,
  invalidateFile,
  MAX_ERRORS,
  parseMarker,
  planFile,
  recordExtractionComplete,
  recordHeartbeat,
  recordSink,
  restartFile,
  type StateMarker,
  StateMarkerError,
  serializeMarker,
  startDownload,
  startFile,
  startFileDownload,
  startProcessing,
  type TransitionRule,
  unfinishedFiles,
  watermarkOf,
} from '../src/index.js';
import {
  ARTISTS,
  at,
  checksumOf,
  completedMarker,
  countsOf,
  DESTINATION,
  downloadedMarker,
  fileOf,
  LABELS,
  MASTERS,
  newMarker,
  processingMarker,
  RELEASES,
  sourceOf,
  T0,
  VERSION,
  withCompletedFile,
  withStartedFile,
} from './sample-markers.js';

/** The rule that an illegal step breaks. */
const brokenRule = (step: () => unknown): TransitionRule | undefined => {
  try {
    step();
  } catch (error) {
    if (error instanceof StateMarkerError && error.code === 'ILLEGAL_TRANSITION') return error.facts.rule;
    throw error;
  }
  return undefined;
};

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a new marker', () => {
  test('has the fields of the wire contract, in their order', () => {
    expect(JSON.stringify(createMarker(VERSION, T0))).toBe(
      '{"metadata_version":"1.0","last_updated":"2026-01-31T12:00:00.000Z","current_version":"20260101",' +
        '"download_phase":{"status":"pending","started_at":null,"completed_at":null,"files_downloaded":0,' +
        '"files_total":0,"bytes_downloaded":0,"downloads_by_file":{},"errors":[]},' +
        '"processing_phase":{"status":"pending","started_at":null,"completed_at":null,"files_processed":0,' +
        '"files_total":0,"records_extracted":0,"current_file":null,"progress_by_file":{},"errors":[]},' +
        '"publishing_phase":{"status":"pending","messages_published":0,"batches_sent":0,"errors":[],' +
        '"last_amqp_heartbeat":null},' +
        '"summary":{"overall_status":"pending","total_duration_seconds":null,"files_by_type":{}}}',
    );
  });

  test('cannot be created for an invalid version or time', () => {
    expect(() => createMarker('2026-01-01', T0)).toThrow(code('INVALID_VERSION'));
    expect(() => createMarker(VERSION, new Date(Number.NaN))).toThrow(code('INVALID_OPTIONS'));
  });
});

describe('the download phase', () => {
  test('goes from pending to completed, and counts', () => {
    let marker = startDownload(newMarker(), [ARTISTS, LABELS], at(1));
    expect(marker.download_phase).toMatchObject({ status: 'in_progress', files_total: 2, files_downloaded: 0 });
    expect(marker.summary.overall_status).toBe('in_progress');
    marker = startFileDownload(marker, ARTISTS, at(2));
    marker = advanceFileDownload(marker, ARTISTS, 400, at(3));
    expect(marker.download_phase.bytes_downloaded).toBe(400);
    marker = advanceFileDownload(marker, ARTISTS, 0, at(4)); // a server that cannot resume
    marker = completeFileDownload(marker, ARTISTS, { bytes: 1000, checksum: 'aa' }, at(5));
    marker = completeFileDownload(marker, LABELS, { bytes: 500, checksum: 'bb' }, at(6)); // found on disk
    expect(marker.download_phase).toMatchObject({ files_downloaded: 2, bytes_downloaded: 1500 });
    marker = completeDownload(marker, at(7));
    expect(marker.download_phase).toMatchObject({
      status: 'completed',
      started_at: at(1).toISOString(),
      completed_at: at(7).toISOString(),
    });
    expect(JSON.stringify(marker.download_phase.downloads_by_file[ARTISTS])).toBe(
      '{"status":"completed","bytes_downloaded":1000,"started_at":"2026-01-31T12:00:02.000Z",' +
        '"completed_at":"2026-01-31T12:00:05.000Z","checksum":"aa"}',
    );
    expect(marker.download_phase.downloads_by_file[LABELS]).toMatchObject({ started_at: at(6).toISOString() });
    expect(marker.last_updated).toBe(at(7).toISOString());
  });

  test('says which files no published checksum confirms, for as long as that is so', () => {
    const entryAfter = (marker: StateMarker) =>
      parseMarker(serializeMarker(marker)).download_phase.downloads_by_file[ARTISTS];
    const complete = (marker: StateMarker, verified?: boolean) =>
      completeFileDownload(marker, ARTISTS, { bytes: 1, checksum: 'aa', verified }, T0);
    const started = startDownload(newMarker(), [ARTISTS, LABELS], T0);
    const unverified = complete(started, false);
    expect(entryAfter(unverified)).toMatchObject({ status: 'completed', checksum: 'aa', unverified: true });
    expect(entryAfter(startDownload(unverified, [LABELS], T0))).toHaveProperty('unverified', true);
    for (const marker of [
      complete(started),
      complete(started, true),
      complete(unverified),
      startFileDownload(unverified, ARTISTS, T0),
      failFileDownload(unverified, ARTISTS, 'damaged', T0),
    ]) {
      expect(entryAfter(marker)).not.toHaveProperty('unverified');
    }
    expect(() => complete(started, 'no' as unknown as boolean)).toThrow(code('INVALID_OPTIONS'));
  });

  test('keeps verified files when it is started again, and drops unfinished files that are no longer wanted', () => {
    let marker = startDownload(newMarker(), [ARTISTS, LABELS, MASTERS], at(1));
    marker = completeFileDownload(marker, ARTISTS, { bytes: 1000, checksum: 'aa' }, at(2));
    marker = startFileDownload(marker, LABELS, at(3));
    marker = failDownload(failFileDownload(marker, LABELS, 'reset', at(4)), 'one file failed', at(4));
    expect(marker.download_phase.errors).toEqual([`${LABELS}: reset`, 'one file failed']);
    expect(marker.summary.overall_status).toBe('failed');
    marker = startDownload(marker, [LABELS, RELEASES], at(9));
    expect(marker.download_phase).toMatchObject({
      status: 'in_progress',
      started_at: at(1).toISOString(),
      files_downloaded: 1,
      files_total: 3,
    });
    expect(Object.keys(marker.download_phase.downloads_by_file)).toEqual([ARTISTS, LABELS, RELEASES]);
    expect(marker.summary.overall_status).toBe('in_progress');
  });

  test('can be opened again for a file that was published again', () => {
    const marker = startFileDownload(startDownload(downloadedMarker(), [ARTISTS], at(9)), ARTISTS, at(9));
    expect(marker.download_phase).toMatchObject({ status: 'in_progress', completed_at: null, files_downloaded: 1 });
    expect(marker.download_phase.downloads_by_file[ARTISTS]).toMatchObject({ checksum: null, bytes_downloaded: 0 });
  });

  test('counts a completed file no longer when it is damaged and cannot be downloaded again', () => {
    const marker = failFileDownload(startDownload(downloadedMarker(), [ARTISTS], at(9)), ARTISTS, 'damaged', at(9));
    expect(marker.download_phase).toMatchObject({ files_downloaded: 1, errors: [`${ARTISTS}: damaged`] });
    expect(marker.download_phase.downloads_by_file[ARTISTS]).toMatchObject({ status: 'failed', checksum: null });
  });

  test('keeps where the records are, and what identifies them there', () => {
    const started = startFile(processingMarker(), ARTISTS, sourceOf(ARTISTS), T0);
    expect(fileOf(started, ARTISTS).destination).toEqual(DESTINATION);
    const advanced = advanceFile(started, ARTISTS, { ...countsOf(20, 10), checkpoint: { bytes: 7, sha256: 'aa' } }, T0);
    expect(fileOf(parseMarker(serializeMarker(advanced)), ARTISTS)).toMatchObject({
      destination: DESTINATION,
      checkpoint: { bytes: 7, sha256: 'aa' },
    });
    const fewer = { ...DESTINATION, queues: ['one'] };
    const resumed = startFile(advanced, ARTISTS, { ...sourceOf(ARTISTS), destination: fewer }, T0);
    expect(fileOf(resumed, ARTISTS)).toMatchObject({ destination: fewer, checkpoint: { bytes: 7, sha256: 'aa' } });
    // The checkpoint of an older watermark must not stay.
    expect(fileOf(advanceFile(resumed, ARTISTS, countsOf(20, 11), T0), ARTISTS).checkpoint).toBeUndefined();
    for (const broken of [{ destination: { a: 1 } }, { checkpoint: { a: null } }, { restart_reason: 1 }]) {
      const marker = JSON.parse(serializeMarker(advanced)) as StateMarker;
      Object.assign(fileOf(marker, ARTISTS), broken);
      const text = JSON.stringify(marker);
      expect(() => parseMarker(text), text).toThrow(code('INVALID_MARKER'));
    }
  });

  test('counts records without a message up to the watermark, and keeps what is said about them', () => {
    const started = startFile(processingMarker(), ARTISTS, sourceOf(ARTISTS), T0);
    const annotations = { counts: { skipped: 3 } };
    const advanced = advanceFile(started, ARTISTS, { ...countsOf(20, 7), omitted: 3, annotations }, at(1));
    const loaded = parseMarker(serializeMarker(advanced));
    expect(fileOf(loaded, ARTISTS)).toMatchObject({ messages_published: 7, omitted: 3, annotations });
    expect(watermarkOf(fileOf(loaded, ARTISTS))).toBe(10);
    expect(planFile(loaded, ARTISTS, sourceOf(ARTISTS).checksum)).toMatchObject({ action: 'resume', afterRecord: 10 });
    const resumed = startFile(loaded, ARTISTS, sourceOf(ARTISTS), at(2));
    expect(fileOf(resumed, ARTISTS)).toMatchObject({ records_extracted: 10, messages_published: 7, omitted: 3 });
    for (const [counts, rule] of [
      [{ ...countsOf(20, 8), omitted: 2 }, 'progress_decreased'],
      [{ ...countsOf(20, 17), omitted: 4 }, 'watermark_ahead'],
    ] as const) {
      expect(brokenRule(() => advanceFile(resumed, ARTISTS, counts, at(3)))).toBe(rule);
    }
    const unconfirmed = { ...countsOf(20, 16), omitted: 3 };
    expect(brokenRule(() => completeFile(resumed, ARTISTS, unconfirmed, at(3)))).toBe('unconfirmed_records');
    const completed = completeFile(resumed, ARTISTS, { ...countsOf(20, 16), omitted: 4, annotations }, at(3));
    expect(planFile(completed, ARTISTS, undefined)).toMatchObject({ action: 'skip', afterRecord: 20 });
    const invalidated = fileOf(invalidateFile(completed, ARTISTS, 'gone', at(4)), ARTISTS);
    expect([invalidated.omitted, invalidated.annotations]).toEqual([undefined, undefined]);
  });

  test('sets a watermark back when confirmed records were lost, and says why', () => {
    const half = advanceFile(
      startFile(processingMarker(), ARTISTS, sourceOf(ARTISTS), T0),
      ARTISTS,
      { ...countsOf(100, 70, 7), checkpoint: { token: 't' } },
      T0,
    );
    for (const before of [half, failFile(half, ARTISTS, 'gone', T0)]) {
      const marker = invalidateFile(before, ARTISTS, 'the queue is gone', at(5));
      expect(fileOf(marker, ARTISTS)).toEqual({
        ...fileOf(before, ARTISTS),
        records_extracted: 0,
        messages_published: 0,
        batches_sent: 0,
        checkpoint: undefined,
        restart_reason: 'the queue is gone',
      });
      expect(marker.publishing_phase).toMatchObject({ messages_published: 0, batches_sent: 0 });
    }
    const done = completedMarker();
    const marker = invalidateFile(done, ARTISTS, 'the queue is gone', at(5));
    expect(fileOf(marker, ARTISTS)).toMatchObject({ status: 'failed', messages_published: 0, completed_at: null });
    expect(fileOf(marker, LABELS)).toEqual(fileOf(done, LABELS));
    expect(marker).toMatchObject({
      processing_phase: { status: 'failed', completed_at: null, errors: [`${ARTISTS}: the queue is gone`] },
      publishing_phase: { status: 'pending', messages_published: 10 },
      summary: { overall_status: 'failed', total_duration_seconds: null },
    });
    const again = startFile(startProcessing(marker, [ARTISTS, LABELS], at(6)), ARTISTS, sourceOf(ARTISTS), at(7));
    expect(fileOf(again, ARTISTS)).toMatchObject({ status: 'in_progress', restart_reason: 'the queue is gone' });
    expect(deliveredCounts(again)).toEqual({ [ARTISTS]: 10, [LABELS]: 10 });
  });

  test('remembers how many records a file had when it was last completed', () => {
    const done = withCompletedFile(processingMarker(), ARTISTS, 110);
    const changed = restartFile(done, ARTISTS, { ...sourceOf(ARTISTS), checksum: 'other' }, T0);
    expect(deliveredCounts(parseMarker(serializeMarker(changed)))).toEqual({ [ARTISTS]: 110 });
    const forced = createMarker(VERSION, at(9), changed);
    expect(deliveredCounts(forced)).toEqual({ [ARTISTS]: 110 });
    expect(deliveredCounts(withCompletedFile(startProcessing(forced, [ARTISTS], T0), ARTISTS, 40))).toEqual({
      [ARTISTS]: 40,
    });
    expect(serializeMarker(createMarker(VERSION, T0, newMarker()))).toBe(serializeMarker(newMarker()));
  });

  test('refuses illegal steps', () => {
    const started = startDownload(newMarker(), [ARTISTS], T0);
    const result = { bytes: 1, checksum: undefined };
    expect(brokenRule(() => startFileDownload(newMarker(), ARTISTS, T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => advanceFileDownload(downloadedMarker(), ARTISTS, 1, T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => completeFileDownload(newMarker(), ARTISTS, result, T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => failFileDownload(newMarker(), ARTISTS, 'x', T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => completeDownload(newMarker(), T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => advanceFileDownload(started, ARTISTS, 1, T0))).toBe('file_not_in_progress');
    expect(brokenRule(() => completeDownload(started, T0))).toBe('unfinished_files');
    expect(brokenRule(() => failDownload(downloadedMarker(), 'x', T0))).toBe('already_completed');
    expect(() => startDownload(newMarker(), [], T0)).toThrow(code('INVALID_OPTIONS'));
    expect(() => startDownload(newMarker(), [ARTISTS, ARTISTS], T0)).toThrow(code('INVALID_OPTIONS'));
    expect(() => completeFileDownload(started, ARTISTS, { bytes: -1, checksum: undefined }, T0)).toThrow(
      code('INVALID_OPTIONS'),
    );
    expect(() => startFileDownload(started, '', T0)).toThrow(code('INVALID_OPTIONS'));
  });
});

describe('the processing phase', () => {
  test('processes several files at once and sums their counts', () => {
    let marker = startProcessing(downloadedMarker(), [ARTISTS, LABELS], at(10));
    expect(marker.processing_phase).toMatchObject({ status: 'in_progress', files_total: 2, current_file: null });
    expect(marker.summary.files_by_type).toEqual({ artists: 'pending', labels: 'pending' });
    marker = startFile(marker, ARTISTS, { checksum: 'aa' }, at(11));
    marker = startFile(marker, LABELS, { checksum: 'bb' }, at(12));
    expect(marker.processing_phase.current_file).toBe(LABELS);
    expect(marker.publishing_phase.status).toBe('pending');
    marker = advanceFile(marker, ARTISTS, countsOf(300, 200, 2), at(13));
    marker = advanceFile(marker, LABELS, countsOf(50, 40, 1), at(14));
    expect(marker.processing_phase.records_extracted).toBe(350);
    expect(marker.publishing_phase).toMatchObject({
      status: 'in_progress',
      messages_published: 240,
      batches_sent: 3,
      last_amqp_heartbeat: at(14).toISOString(),
    });
    marker = completeFile(marker, LABELS, countsOf(60, 60, 2), at(15));
    expect(marker.processing_phase).toMatchObject({ files_processed: 1, current_file: ARTISTS });
    expect(marker.summary.files_by_type).toEqual({ artists: 'in_progress', labels: 'completed' });
    expect(unfinishedFiles(marker)).toEqual([ARTISTS]);
    marker = completeFile(marker, ARTISTS, countsOf(400, 400, 4), at(16));
    marker = completeProcessing(marker, at(17));
    expect(marker.processing_phase).toMatchObject({ status: 'completed', current_file: null, files_processed: 2 });
    expect(marker.summary.overall_status).toBe('in_progress');
    marker = completeRun(marker, at(18.5));
    expect(marker.publishing_phase.status).toBe('completed');
    expect(marker.summary).toEqual({
      overall_status: 'completed',
      total_duration_seconds: 18.5,
      files_by_type: { artists: 'completed', labels: 'completed' },
    });
    expect(JSON.stringify(fileOf(marker, LABELS))).toBe(
      '{"status":"completed","records_extracted":60,"messages_published":60,"batches_sent":2,' +
        '"started_at":"2026-01-31T12:00:12.000Z","completed_at":"2026-01-31T12:00:15.000Z","source_checksum":"bb"}',
    );
  });

  test('resumes a file at its watermark, whether it was interrupted or failed', () => {
    const cut = withStartedFile(processingMarker(), ARTISTS, 100, 70);
    const failed = failFile(cut, ARTISTS, 'broker gone', at(5));
    expect(failed.processing_phase.errors).toEqual([`${ARTISTS}: broker gone`]);
    expect(fileOf(failed, ARTISTS)).toMatchObject({ status: 'failed', messages_published: 70 });
    for (const before of [cut, failProcessing(failed, 'one file failed', at(6))]) {
      const again = startProcessing(before, [ARTISTS, LABELS], at(7));
      const marker = startFile(
        again,
        ARTISTS,
        { ...sourceOf(ARTISTS), checksum: checksumOf(ARTISTS).toUpperCase() },
        at(8),
      );
      expect(fileOf(marker, ARTISTS)).toMatchObject({
        status: 'in_progress',
        records_extracted: 70,
        messages_published: 70,
        started_at: T0.toISOString(),
      });
      expect(marker.processing_phase.records_extracted).toBe(70);
      expect(marker.summary.overall_status).toBe('in_progress');
    }
  });

  test('starts a file again from its first record when its bytes have changed', () => {
    for (const before of [
      withStartedFile(processingMarker(), ARTISTS, 100, 70),
      withCompletedFile(processingMarker(), ARTISTS),
    ]) {
      const marker = restartFile(before, ARTISTS, { checksum: 'other' }, at(5));
      expect(fileOf(marker, ARTISTS)).toEqual({
        status: 'in_progress',
        records_extracted: 0,
        messages_published: 0,
        batches_sent: 0,
        started_at: at(5).toISOString(),
        completed_at: null,
        source_checksum: 'other',
      });
      expect(marker.publishing_phase.messages_published).toBe(0);
      expect(marker.processing_phase.files_processed).toBe(0);
    }
  });

  test('is opened again after completion', () => {
    const marker = startProcessing(completedMarker(), [ARTISTS, LABELS, MASTERS], at(50));
    expect(marker.processing_phase).toMatchObject({ status: 'in_progress', completed_at: null, files_processed: 2 });
    expect(marker.summary).toMatchObject({ overall_status: 'in_progress', total_duration_seconds: null });
    expect(marker.publishing_phase.status).toBe('pending');
    expect(recordHeartbeat(marker, at(51)).publishing_phase.status).toBe('in_progress');
  });

  test('drops files that were never started and are no longer wanted, and keeps the others', () => {
    const before = withStartedFile(processingMarker([ARTISTS, LABELS, MASTERS]), LABELS, 5);
    const marker = startProcessing(before, [ARTISTS], at(5));
    expect(unfinishedFiles(marker)).toEqual([ARTISTS, LABELS]);
    expect(marker.summary.files_by_type).toEqual({ artists: 'pending', labels: 'in_progress' });
    expect(brokenRule(() => completeProcessing(withCompletedFile(marker, ARTISTS), T0))).toBe('unfinished_files');
  });

  test('accepts file names that every object inherits as properties', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const marker = withCompletedFile(startProcessing(downloadedMarker(), [name], T0), name, 3);
      expect(marker.publishing_phase.messages_published).toBe(3);
      expect(unfinishedFiles(marker)).toEqual([]);
    }
  });

  test('keeps the number of undelivered places of a completed file until the file is started again', () => {
    const whole = withCompletedFile(processingMarker(), ARTISTS);
    expect(whole.processing_phase.progress_by_file[ARTISTS]).not.toHaveProperty('undelivered');
    const half = withStartedFile(processingMarker(), ARTISTS, 100, 100);
    const lacking = completeFile(half, ARTISTS, { ...countsOf(100), undelivered: 3 }, T0);
    expect(lacking.processing_phase.progress_by_file[ARTISTS]).toMatchObject({ status: 'completed', undelivered: 3 });
    const again = restartFile(lacking, ARTISTS, { checksum: 'other' }, T0);
    expect(again.processing_phase.progress_by_file[ARTISTS]?.undelivered).toBeUndefined();
    expect(serializeMarker(again)).not.toContain('undelivered');
    expect(() => completeFile(half, ARTISTS, { ...countsOf(100), undelivered: -1 }, T0)).toThrow(
      code('INVALID_OPTIONS'),
    );
  });

  test('refuses illegal steps', () => {
    const source = sourceOf(ARTISTS);
    const other = { checksum: 'other' };
    const half = withStartedFile(processingMarker(), ARTISTS, 100, 70);
    const done = withCompletedFile(processingMarker(), ARTISTS);
    expect(brokenRule(() => startFile(downloadedMarker(), ARTISTS, source, T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => restartFile(completedMarker(), ARTISTS, other, T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => advanceFile(downloadedMarker(), ARTISTS, countsOf(1), T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => failFile(downloadedMarker(), ARTISTS, 'x', T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => completeProcessing(downloadedMarker(), T0))).toBe('phase_not_in_progress');
    expect(brokenRule(() => startFile(done, ARTISTS, source, T0))).toBe('file_already_completed');
    expect(brokenRule(() => failFile(done, ARTISTS, 'x', T0))).toBe('file_already_completed');
    expect(brokenRule(() => startFile(half, ARTISTS, other, T0))).toBe('source_changed');
    expect(brokenRule(() => startFile(half, ARTISTS, { checksum: undefined }, T0))).toBe('source_changed');
    expect(brokenRule(() => restartFile(half, ARTISTS, source, T0))).toBe('source_unchanged');
    const elsewhere = startFile(processingMarker(), ARTISTS, { checksum: source.checksum }, T0);
    expect(brokenRule(() => startFile(elsewhere, ARTISTS, source, T0))).toBe('destination_unknown');
    expect(brokenRule(() => invalidateFile(processingMarker(), ARTISTS, 'x', T0))).toBe('file_not_in_progress');
    expect(brokenRule(() => invalidateFile(half, 'discogs_20260101_others.xml.gz', 'x', T0))).toBe(
      'file_not_in_progress',
    );
    expect(brokenRule(() => advanceFile(processingMarker(), ARTISTS, countsOf(1), T0))).toBe('file_not_in_progress');
    expect(brokenRule(() => completeFile(done, ARTISTS, countsOf(10), T0))).toBe('file_not_in_progress');
    expect(brokenRule(() => advanceFile(half, ARTISTS, countsOf(100, 69), T0))).toBe('progress_decreased');
    expect(brokenRule(() => advanceFile(half, ARTISTS, countsOf(99, 70), T0))).toBe('progress_decreased');
    expect(brokenRule(() => advanceFile(half, ARTISTS, countsOf(100, 101), T0))).toBe('watermark_ahead');
    expect(brokenRule(() => completeFile(half, ARTISTS, countsOf(100, 99), T0))).toBe('unconfirmed_records');
    expect(brokenRule(() => completeProcessing(done, T0))).toBe('unfinished_files');
    expect(brokenRule(() => failProcessing(completedMarker(), 'x', T0))).toBe('already_completed');
    for (const wrong of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => advanceFile(half, ARTISTS, countsOf(wrong), T0)).toThrow(code('INVALID_OPTIONS'));
    }
    expect(() => startProcessing(downloadedMarker(), [], T0)).toThrow(code('INVALID_OPTIONS'));
  });

  test('names the file, transition and status of a refused step', () => {
    const half = withStartedFile(processingMarker(), ARTISTS, 100, 70);
    expect(() => startFile(half, ARTISTS, { checksum: 'other' }, T0)).toThrow(
      expect.objectContaining({
        code: 'ILLEGAL_TRANSITION',
        facts: { transition: 'startFile', rule: 'source_changed', file: ARTISTS, status: 'in_progress' },
      }),
    );
  });
});

describe('the run', () => {
  test('cannot be completed before its phases are', () => {
    const done = completeProcessing(withCompletedFile(withCompletedFile(processingMarker(), ARTISTS), LABELS), T0);
    expect(brokenRule(() => completeRun(processingMarker(), T0))).toBe('unfinished_phase');
    expect(brokenRule(() => completeRun(startDownload(done, [ARTISTS], T0), T0))).toBe('unfinished_phase');
    expect(brokenRule(() => completeRun(completedMarker(), T0))).toBe('already_completed');
    expect(completeRun(done, T0).summary.overall_status).toBe('completed');
  });

  test('can be completed without a download phase, and never has a negative duration', () => {
    const done = withCompletedFile(startProcessing(newMarker(), [ARTISTS], at(100)), ARTISTS);
    const marker = completeRun(completeProcessing(done, at(50)), at(50));
    expect(marker.summary.total_duration_seconds).toBe(0);
  });

  test('fails with its publishing, and is in progress again after the watermark rises', () => {
    const failed = failPublishing(withStartedFile(processingMarker(), ARTISTS, 10, 5), 'returned', at(3));
    expect(failed.publishing_phase).toMatchObject({ status: 'failed', errors: ['returned'] });
    expect(failed.summary.overall_status).toBe('failed');
    const same = advanceFile(failed, ARTISTS, countsOf(11, 5), at(4));
    expect(same.publishing_phase.status).toBe('failed');
    expect(advanceFile(same, ARTISTS, countsOf(11, 6), at(4)).publishing_phase.status).toBe('in_progress');
    expect(brokenRule(() => failPublishing(completedMarker(), 'x', T0))).toBe('already_completed');
    expect(brokenRule(() => recordHeartbeat(completedMarker(), T0))).toBe('already_completed');
  });

  test('records the name of its sink', () => {
    const marker = recordSink(newMarker(), 'ndjson', at(1));
    expect(marker.publishing_phase.sink).toBe('ndjson');
    expect(
      parseMarker(serializeMarker(withStartedFile(startProcessing(marker, [ARTISTS], T0), ARTISTS, 5))),
    ).toMatchObject({
      publishing_phase: { sink: 'ndjson' },
    });
    expect(() => recordSink(newMarker(), '', T0)).toThrow(code('INVALID_OPTIONS'));
  });

  test('records whether extraction_complete was sent for the files as they are', () => {
    const marker = completedMarker();
    const sent = recordExtractionComplete(marker, [], at(60));
    expect(sent.publishing_phase).toEqual({
      ...marker.publishing_phase,
      extraction_complete: { sent_at: at(60).toISOString() },
    });
    const withheld = recordExtractionComplete(sent, ['not wanted'], at(61));
    expect(parseMarker(serializeMarker(withheld)).publishing_phase.extraction_complete).toEqual({
      sent_at: null,
      withheld_because: ['not wanted'],
    });
    expect(startProcessing(sent, [ARTISTS], at(62)).publishing_phase).not.toHaveProperty('extraction_complete');
    expect(brokenRule(() => recordExtractionComplete(processingMarker(), [], T0))).toBe('unfinished_phase');
  });

  test(`keeps the newest ${MAX_ERRORS} errors of a phase`, () => {
    let marker = processingMarker();
    for (let count = 1; count <= MAX_ERRORS + 5; count += 1) marker = failProcessing(marker, `error ${count}`, T0);
    expect(marker.processing_phase.errors).toHaveLength(MAX_ERRORS);
    expect(marker.processing_phase.errors[0]).toBe('error 6');
    expect(marker.processing_phase.errors.at(-1)).toBe(`error ${MAX_ERRORS + 5}`);
  });
});
