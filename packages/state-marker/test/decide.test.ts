import { describe, expect, test } from 'vitest';
import {
  completeProcessing,
  type DecideOptions,
  decide,
  failDownload,
  failFile,
  failProcessing,
  failPublishing,
  InvalidMarkerError,
  planFile,
  type StateMarker,
  startDownload,
  startFile,
  startProcessing,
} from '../src/index.js';
import {
  ARTISTS,
  at,
  begun,
  checksumOf,
  completed,
  downloaded,
  finished,
  fresh,
  LABELS,
  processing,
  RELEASES,
  T0,
} from './build.js';

const found = (marker: StateMarker) => ({ status: 'found', marker }) as const;
const corrupt = { status: 'corrupt', error: new InvalidMarkerError([]), movedTo: 'elsewhere' } as const;
const wanted = [ARTISTS, LABELS].map((name) => ({ name, checksum: checksumOf(name) }));
const oneChanged = [wanted[0]!, { name: LABELS, checksum: 'other' }];

const downloading = startDownload(fresh(), [ARTISTS, LABELS], T0);
const redownloading = startDownload(finished(processing(), ARTISTS), [ARTISTS, LABELS], T0);
const barelyBegun = startFile(
  startProcessing(downloading, [ARTISTS], T0),
  ARTISTS,
  { checksum: checksumOf(ARTISTS) },
  T0,
);
const allFiles = completeProcessing(finished(finished(processing(), ARTISTS), LABELS), T0);

const status = (marker: StateMarker, overall_status: StateMarker['summary']['overall_status']): StateMarker => ({
  ...marker,
  summary: { ...marker.summary, overall_status },
});

const rows: [string, Parameters<typeof decide>[0], DecideOptions, string, string][] = [
  ['no marker', { status: 'absent' }, {}, 'start', 'no_marker'],
  ['force, over anything', found(completed()), { forceReprocess: true }, 'start', 'forced'],
  ['force, and no marker', { status: 'absent' }, { forceReprocess: true }, 'start', 'forced'],
  ['an unreadable marker', corrupt, {}, 'start', 'marker_corrupt'],
  ['nothing begun', found(fresh()), {}, 'reprocess', 'download_not_started'],
  ['download cut short, nothing processed', found(downloading), {}, 'reprocess', 'download_cut_short'],
  ['download failed, nothing processed', found(failDownload(downloading, 'x', T0)), {}, 'reprocess', 'download_failed'],
  ['download cut short, a file begun but nothing confirmed', found(barelyBegun), {}, 'reprocess', 'download_cut_short'],
  ['download cut short, a file completed', found(redownloading), {}, 'continue', 'download_cut_short'],
  [
    'download cut short, some records confirmed',
    found(startDownload(begun(processing(), ARTISTS, 9, 1), [ARTISTS], T0)),
    {},
    'continue',
    'download_cut_short',
  ],
  ['download failed, a file completed', found(failDownload(redownloading, 'x', T0)), {}, 'continue', 'download_failed'],
  ['downloaded, not processed', found(downloaded()), {}, 'continue', 'processing_not_started'],
  [
    'processing cut short',
    found(begun(processing(), ARTISTS, 9)),
    { files: wanted },
    'continue',
    'processing_in_progress',
  ],
  ['processing failed', found(failProcessing(processing(), 'x', T0)), {}, 'continue', 'processing_failed'],
  ['a checksum differs, all completed', found(completed()), { files: oneChanged }, 'continue', 'checksum_changed'],
  ['all completed', found(completed()), {}, 'skip', 'completed'],
  ['all completed, same checksums', found(completed()), { files: wanted }, 'skip', 'completed'],
  ['all completed, checksums not known', found(completed()), { files: [{ name: ARTISTS }] }, 'skip', 'completed'],
  [
    'all completed, another file wanted',
    found(completed()),
    { files: [{ name: RELEASES }] },
    'continue',
    'files_unfinished',
  ],
  ['all files completed, the run not', found(allFiles), { files: wanted }, 'continue', 'run_not_completed'],
  ['publishing failed at the end', found(failPublishing(allFiles, 'x', T0)), {}, 'continue', 'publishing_failed'],
  [
    'said to be completed, as older extractors could, but a file failed',
    found({
      ...completed(),
      processing_phase: {
        ...completed().processing_phase,
        progress_by_file: failFile(begun(processing(), ARTISTS, 9), ARTISTS, 'x', T0).processing_phase.progress_by_file,
      },
    }),
    {},
    'continue',
    'files_unfinished',
  ],
  [
    'said to be completed, but processing is not',
    found(status(processing(), 'completed')),
    {},
    'continue',
    'processing_in_progress',
  ],
  [
    'said to be completed, without any file',
    found({
      ...status(completed(), 'completed'),
      processing_phase: { ...completed().processing_phase, progress_by_file: {} },
    }),
    {},
    'continue',
    'files_unfinished',
  ],
];

describe('the decision:', () => {
  for (const [name, result, options, decision, reason] of rows) {
    test(`${name} → ${decision}`, () => {
      const { text, ...rest } = decide(result, options);
      expect(rest).toEqual({ decision, reason });
      expect(text).not.toBe('');
    });
  }
});

describe('the plan for a file:', () => {
  const sum = checksumOf(ARTISTS);
  const half = begun(processing(), ARTISTS, 100, 70);
  const unknown = startProcessing(downloaded(), [ARTISTS], T0);
  const foreign = begunWithout(begun(unknown, ARTISTS, 100, 70));
  const cases: [string, StateMarker, string | null, ReturnType<typeof planFile>][] = [
    ['of a marker without it', fresh(), sum, { action: 'start', afterRecord: 0, reason: 'not_started' }],
    ['that is pending', processing(), sum, { action: 'start', afterRecord: 0, reason: 'not_started' }],
    ['begun, same bytes', half, sum, { action: 'resume', afterRecord: 70, reason: 'watermark' }],
    [
      'begun, same bytes in upper case',
      half,
      sum.toUpperCase(),
      { action: 'resume', afterRecord: 70, reason: 'watermark' },
    ],
    [
      'failed, same bytes',
      failFile(half, ARTISTS, 'x', at(1)),
      sum,
      { action: 'resume', afterRecord: 70, reason: 'watermark' },
    ],
    [
      'begun, nothing confirmed',
      begun(processing(), ARTISTS, 9, 0),
      sum,
      { action: 'start', afterRecord: 0, reason: 'nothing_confirmed' },
    ],
    ['begun, other bytes', half, 'other', { action: 'restart', afterRecord: 0, reason: 'checksum_changed' }],
    ['begun, bytes now not known', half, null, { action: 'restart', afterRecord: 0, reason: 'checksum_unknown' }],
    ['begun by an older extractor', foreign, sum, { action: 'restart', afterRecord: 0, reason: 'checksum_unknown' }],
    ['completed, same bytes', completed(), sum, { action: 'skip', afterRecord: 10, reason: 'completed' }],
    ['completed, bytes now not known', completed(), null, { action: 'skip', afterRecord: 10, reason: 'completed' }],
    [
      'completed by an older extractor',
      begunWithout(completed()),
      sum,
      { action: 'skip', afterRecord: 10, reason: 'completed' },
    ],
    ['completed, other bytes', completed(), 'other', { action: 'restart', afterRecord: 0, reason: 'checksum_changed' }],
  ];
  for (const [name, marker, checksum, plan] of cases) {
    test(`${name} → ${plan.action}`, () => {
      expect(planFile(marker, ARTISTS, checksum)).toEqual(plan);
    });
  }
});

test('a name that every object inherits is no file of the marker', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(planFile(fresh(), name, 'aa').reason).toBe('not_started');
    expect(decide(found(completed()), { files: [{ name }] }).reason).toBe('files_unfinished');
  }
});

/** The marker without the checksum of the artists' bytes, as older extractors write it. */
function begunWithout(marker: StateMarker): StateMarker {
  const files = marker.processing_phase.progress_by_file;
  const entry = { ...files[ARTISTS]!, source_checksum: null };
  return {
    ...marker,
    processing_phase: { ...marker.processing_phase, progress_by_file: { ...files, [ARTISTS]: entry } },
  };
}
