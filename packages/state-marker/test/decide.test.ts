import { describe, expect, test } from 'vitest';
import {
  completeProcessing,
  type DecideOptions,
  decide,
  failDownload,
  failFile,
  failProcessing,
  failPublishing,
  invalidateFile,
  planFile,
  type StateMarker,
  StateMarkerError,
  startDownload,
  startFile,
  startProcessing,
} from '../src/index.js';
import {
  ARTISTS,
  at,
  checksumOf,
  completedMarker,
  downloadedMarker,
  LABELS,
  newMarker,
  processingMarker,
  RELEASES,
  T0,
  withCompletedFile,
  withStartedFile,
} from './sample-markers.js';

const found = (marker: StateMarker) => ({ status: 'found', marker }) as const;
const corrupt = {
  status: 'corrupt',
  error: new StateMarkerError('INVALID_MARKER', 'x'),
  movedTo: 'elsewhere',
} as const;
const wanted = [ARTISTS, LABELS].map((name) => ({ name, checksum: checksumOf(name) }));
const oneChanged = [wanted[0]!, { name: LABELS, checksum: 'other' }];

const downloading = startDownload(newMarker(), [ARTISTS, LABELS], T0);
const redownloading = startDownload(withCompletedFile(processingMarker(), ARTISTS), [ARTISTS, LABELS], T0);
const startedOnly = startFile(
  startProcessing(downloading, [ARTISTS], T0),
  ARTISTS,
  { checksum: checksumOf(ARTISTS) },
  T0,
);
const allFiles = completeProcessing(withCompletedFile(withCompletedFile(processingMarker(), ARTISTS), LABELS), T0);

const status = (marker: StateMarker, overall_status: StateMarker['summary']['overall_status']): StateMarker => ({
  ...marker,
  summary: { ...marker.summary, overall_status },
});

const rows: [string, Parameters<typeof decide>[0], DecideOptions, string, string][] = [
  ['no marker', { status: 'absent' }, {}, 'start', 'no_marker'],
  ['force, whatever the marker says', found(completedMarker()), { forceReprocess: true }, 'start', 'forced'],
  ['force, and no marker', { status: 'absent' }, { forceReprocess: true }, 'start', 'forced'],
  ['a corrupt marker', corrupt, {}, 'start', 'marker_corrupt'],
  ['nothing started', found(newMarker()), {}, 'reprocess', 'download_not_started'],
  ['download interrupted, nothing processed', found(downloading), {}, 'reprocess', 'download_cut_short'],
  ['download failed, nothing processed', found(failDownload(downloading, 'x', T0)), {}, 'reprocess', 'download_failed'],
  [
    'download interrupted, a file started but nothing confirmed',
    found(startedOnly),
    {},
    'reprocess',
    'download_cut_short',
  ],
  ['download interrupted, a file completed', found(redownloading), {}, 'continue', 'download_cut_short'],
  [
    'download interrupted, some records confirmed',
    found(startDownload(withStartedFile(processingMarker(), ARTISTS, 9, 1), [ARTISTS], T0)),
    {},
    'continue',
    'download_cut_short',
  ],
  ['download failed, a file completed', found(failDownload(redownloading, 'x', T0)), {}, 'continue', 'download_failed'],
  ['downloaded, not processed', found(downloadedMarker()), {}, 'continue', 'processing_not_started'],
  [
    'processing interrupted',
    found(withStartedFile(processingMarker(), ARTISTS, 9)),
    { files: wanted },
    'continue',
    'processing_in_progress',
  ],
  ['processing failed', found(failProcessing(processingMarker(), 'x', T0)), {}, 'continue', 'processing_failed'],
  [
    'a checksum differs, all completed',
    found(completedMarker()),
    { files: oneChanged },
    'continue',
    'checksum_changed',
  ],
  ['all completed', found(completedMarker()), {}, 'skip', 'completed'],
  ['all completed, same checksums', found(completedMarker()), { files: wanted }, 'skip', 'completed'],
  ['all completed, checksums unknown', found(completedMarker()), { files: [{ name: ARTISTS }] }, 'skip', 'completed'],
  [
    'all completed, another file wanted',
    found(completedMarker()),
    { files: [{ name: RELEASES }] },
    'continue',
    'files_unfinished',
  ],
  ['all files completed, the run not', found(allFiles), { files: wanted }, 'continue', 'run_not_completed'],
  ['publishing failed at the end', found(failPublishing(allFiles, 'x', T0)), {}, 'continue', 'publishing_failed'],
  [
    'marked completed, as older extractors could, but a file failed',
    found({
      ...completedMarker(),
      processing_phase: {
        ...completedMarker().processing_phase,
        progress_by_file: failFile(withStartedFile(processingMarker(), ARTISTS, 9), ARTISTS, 'x', T0).processing_phase
          .progress_by_file,
      },
    }),
    {},
    'continue',
    'files_unfinished',
  ],
  [
    'marked completed, but processing is not',
    found(status(processingMarker(), 'completed')),
    {},
    'continue',
    'processing_in_progress',
  ],
  [
    'marked completed, without any file',
    found({
      ...status(completedMarker(), 'completed'),
      processing_phase: { ...completedMarker().processing_phase, progress_by_file: {} },
    }),
    {},
    'continue',
    'files_unfinished',
  ],
];

describe('decide:', () => {
  for (const [name, result, options, action, reason] of rows) {
    test(`${name} → ${action}`, () => {
      const { text, ...rest } = decide(result, options);
      expect(rest).toEqual({ action, reason });
      expect(text).not.toBe('');
    });
  }
});

describe('planFile:', () => {
  const sum = checksumOf(ARTISTS);
  const half = withStartedFile(processingMarker(), ARTISTS, 100, 70);
  const unknown = startProcessing(downloadedMarker(), [ARTISTS], T0);
  const foreign = withoutChecksum(withStartedFile(unknown, ARTISTS, 100, 70));
  const cases: [string, StateMarker, string | undefined, ReturnType<typeof planFile>][] = [
    ['not in the marker', newMarker(), sum, { action: 'start', afterRecord: 0, reason: 'not_started' }],
    ['pending', processingMarker(), sum, { action: 'start', afterRecord: 0, reason: 'not_started' }],
    ['started, same bytes', half, sum, { action: 'resume', afterRecord: 70, reason: 'watermark' }],
    [
      'started, same checksum in upper case',
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
      'started, nothing confirmed',
      withStartedFile(processingMarker(), ARTISTS, 9, 0),
      sum,
      { action: 'start', afterRecord: 0, reason: 'nothing_confirmed' },
    ],
    ['started, other bytes', half, 'other', { action: 'restart', afterRecord: 0, reason: 'checksum_changed' }],
    [
      'started, checksum now unknown',
      half,
      undefined,
      { action: 'restart', afterRecord: 0, reason: 'checksum_unknown' },
    ],
    [
      'started by another extractor, which knows the checksum',
      withoutDestination(half),
      sum,
      { action: 'restart', afterRecord: 0, reason: 'destination_unknown' },
    ],
    [
      'completed by another extractor, which knows the checksum',
      withoutDestination(completedMarker()),
      sum,
      { action: 'skip', afterRecord: 10, reason: 'completed' },
    ],
    [
      'set back because records were lost',
      invalidateFile(half, ARTISTS, 'x', at(1)),
      sum,
      { action: 'start', afterRecord: 0, reason: 'nothing_confirmed' },
    ],
    [
      'completed, then set back because records were lost',
      invalidateFile(completedMarker(), ARTISTS, 'x', at(1)),
      sum,
      { action: 'start', afterRecord: 0, reason: 'nothing_confirmed' },
    ],
    ['started by an older extractor', foreign, sum, { action: 'restart', afterRecord: 0, reason: 'checksum_unknown' }],
    ['completed, same bytes', completedMarker(), sum, { action: 'skip', afterRecord: 10, reason: 'completed' }],
    [
      'completed, checksum now unknown',
      completedMarker(),
      undefined,
      { action: 'skip', afterRecord: 10, reason: 'completed' },
    ],
    [
      'completed by an older extractor',
      withoutChecksum(completedMarker()),
      sum,
      { action: 'skip', afterRecord: 10, reason: 'completed' },
    ],
    [
      'completed, other bytes',
      completedMarker(),
      'other',
      { action: 'restart', afterRecord: 0, reason: 'checksum_changed' },
    ],
  ];
  for (const [name, marker, checksum, plan] of cases) {
    test(`${name} → ${plan.action}`, () => {
      expect(planFile(marker, ARTISTS, checksum)).toEqual(plan);
    });
  }
});

test('a property that every object inherits is not taken for a file of the marker', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(planFile(newMarker(), name, 'aa').reason).toBe('not_started');
    expect(decide(found(completedMarker()), { files: [{ name }] }).reason).toBe('files_unfinished');
  }
});

/** The marker without the artists file's destination, as other extractors write it. */
function withoutDestination(marker: StateMarker): StateMarker {
  const files = marker.processing_phase.progress_by_file;
  const { destination: _, ...entry } = files[ARTISTS]!;
  return {
    ...marker,
    processing_phase: { ...marker.processing_phase, progress_by_file: { ...files, [ARTISTS]: entry } },
  };
}

/** The marker without the artists file's source checksum, as older extractors write it. */
function withoutChecksum(marker: StateMarker): StateMarker {
  const files = marker.processing_phase.progress_by_file;
  const entry = { ...files[ARTISTS]!, source_checksum: null };
  return {
    ...marker,
    processing_phase: { ...marker.processing_phase, progress_by_file: { ...files, [ARTISTS]: entry } },
  };
}
