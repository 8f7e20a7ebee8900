import type { FileProgress, StateMarker } from '../marker.js';
import { dataTypeOf } from '../version.js';
import {
  amend,
  appendError,
  assertCount,
  assertFile,
  assertFiles,
  derive,
  entryOf,
  isCompleted,
  refuse,
  timestamp,
} from './shared.js';

const NEW_FILE: FileProgress = {
  status: 'pending',
  records_extracted: 0,
  messages_published: 0,
  batches_sent: 0,
  started_at: null,
  completed_at: null,
  source_checksum: null,
};

/** How far a file has come, counted from its first record, not from where this run resumed. */
export interface Progress {
  /** Records read: the number of the last one. */
  readonly recordsExtracted: number;
  /** The confirmed watermark: records 1 to this number are confirmed. */
  readonly messagesPublished: number;
  readonly batchesSent: number;
}

/** What there is to say of a file when it is completed. */
export interface Completion extends Progress {
  /** In how many places it has content that was not delivered. @default 0 */
  readonly undelivered?: number;
}

/**
 * The processing phase starts, or goes on after an interruption or failure, or is opened again because a file
 * changed or another one is wanted. `files` are all those that this run works on. What is known of files stays,
 * completed or begun; entries of other files that were never begun are dropped.
 *
 * @throws `INVALID_ARGUMENT`
 */
export function startProcessing(marker: StateMarker, files: readonly string[], now: Date): StateMarker {
  assertFiles(files);
  const phase = marker.processing_phase;
  const isDropped = ([file, entry]: [string, FileProgress]) => entry.status === 'pending' && !files.includes(file);
  const known = Object.entries(phase.progress_by_file);
  const kept = known.filter((pair) => !isDropped(pair));
  const added = files.filter((file) => !Object.hasOwn(phase.progress_by_file, file));
  const entries = [...kept, ...added.map((file) => [file, NEW_FILE] as const)];
  const droppedTypes = known.filter(isDropped).map(([file]) => dataTypeOf(file));
  const started = amend(marker, 'processing_phase', {
    status: 'in_progress',
    started_at: phase.started_at ?? timestamp(now),
    completed_at: null,
    files_total: entries.length,
    progress_by_file: Object.fromEntries(entries),
  });
  const summary = {
    overall_status: 'in_progress',
    total_duration_seconds: null,
    files_by_type: Object.fromEntries(
      Object.entries(marker.summary.files_by_type).filter(([type]) => !droppedTypes.includes(type)),
    ),
  } as const;
  // Over or failed before, it is in progress again as soon as the broker is heard of.
  const { status } = marker.publishing_phase;
  const publishing = status === 'in_progress' ? status : 'pending';
  return derive(amend(amend(started, 'publishing_phase', { status: publishing }), 'summary', summary), now);
}

/**
 * A file's processing begins, or goes on after its watermark. `records_extracted` is set back to the watermark:
 * what was read after it is read again.
 *
 * @param source `checksum`: SHA-256 of the bytes that are read, in hexadecimal; `null` where it is not known, and
 * then the file cannot be resumed later
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`; `file_already_completed`; `source_changed` where the
 * file was begun from other bytes, or either checksum is not known
 */
export function startFile(
  marker: StateMarker,
  file: string,
  source: { readonly checksum: string | null },
  now: Date,
): StateMarker {
  assertInProgress('startFile', marker);
  const entry = entryOf(marker.processing_phase.progress_by_file, file) ?? NEW_FILE;
  const { status } = entry;
  if (status === 'completed') refuse('startFile', 'file_already_completed', 'it is completed', { file, status });
  if (status !== 'pending' && !isSameSource(entry.source_checksum, source.checksum)) {
    refuse('startFile', 'source_changed', 'it was begun from other bytes, or ones not known', { file, status });
  }
  const resumed = status !== 'pending';
  return begin(marker, file, now, {
    status: 'in_progress',
    records_extracted: resumed ? entry.messages_published : 0,
    messages_published: resumed ? entry.messages_published : 0,
    batches_sent: resumed ? entry.batches_sent : 0,
    started_at: (resumed ? entry.started_at : null) ?? timestamp(now),
    completed_at: null,
    source_checksum: source.checksum,
  });
}

/**
 * A file starts again from its first record, because its bytes are not those that its watermark stands for, or
 * cannot be shown to be.
 *
 * @param source as for {@link startFile}
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`; `source_unchanged` where the bytes are the same
 */
export function restartFile(
  marker: StateMarker,
  file: string,
  source: { readonly checksum: string | null },
  now: Date,
): StateMarker {
  assertInProgress('restartFile', marker);
  const entry = entryOf(marker.processing_phase.progress_by_file, file);
  if (entry !== undefined && isSameSource(entry.source_checksum, source.checksum)) {
    const { status } = entry;
    refuse('restartFile', 'source_unchanged', 'its bytes are those it was processed from', { file, status });
  }
  return begin(marker, file, now, {
    ...NEW_FILE,
    status: 'in_progress',
    started_at: timestamp(now),
    source_checksum: source.checksum,
    undelivered: undefined,
  });
}

/**
 * A file has come so far. The publishing phase is in progress once anything is confirmed.
 *
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`, `file_not_in_progress`, `progress_decreased`,
 * `watermark_ahead`; `INVALID_ARGUMENT`
 */
export function advanceFile(marker: StateMarker, file: string, progress: Progress, now: Date): StateMarker {
  return advance('advanceFile', marker, file, progress, now);
}

/**
 * A file is done: all its records are confirmed, **and so is its `file_complete` message**. That second condition is
 * the caller's to keep, since the marker knows nothing of the message: mark a file completed before the broker has
 * confirmed `file_complete`, and a crash in between means that it is never sent.
 *
 * @param progress the file's final figures
 * @throws `ILLEGAL_TRANSITION`: as for {@link advanceFile}, and `unconfirmed_records` where `messagesPublished` is
 * less than `recordsExtracted`; `INVALID_ARGUMENT`
 */
export function completeFile(marker: StateMarker, file: string, progress: Completion, now: Date): StateMarker {
  const advanced = advance('completeFile', marker, file, progress, now);
  const open = progress.recordsExtracted - progress.messagesPublished;
  if (open > 0) {
    refuse('completeFile', 'unconfirmed_records', `${open} records are not confirmed`, { file, status: 'in_progress' });
  }
  const { undelivered = 0 } = progress;
  assertCount('undelivered', undelivered);
  return withFile(advanced, file, now, {
    status: 'completed',
    completed_at: timestamp(now),
    ...(undelivered > 0 && { undelivered }),
  });
}

/**
 * A file could not be processed. Its watermark stays, and the other files go on; `failProcessing` ends the phase.
 *
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`, `file_already_completed`
 */
export function failFile(marker: StateMarker, file: string, error: string, now: Date): StateMarker {
  assertInProgress('failFile', marker);
  const status = entryOf(marker.processing_phase.progress_by_file, file)?.status;
  if (status === 'completed') refuse('failFile', 'file_already_completed', 'it is completed', { file, status });
  const failed = withFile(marker, file, now, { status: 'failed', completed_at: null });
  return amend(failed, 'processing_phase', {
    errors: appendError(failed.processing_phase.errors, `${file}: ${error}`),
  });
}

/**
 * All files are completed. Where `startProcessing` was given fewer files than the marker knows as begun,
 * {@link unfinishedFiles} tells what is missing.
 *
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`, `unfinished_files`
 */
export function completeProcessing(marker: StateMarker, now: Date): StateMarker {
  assertInProgress('completeProcessing', marker);
  const open = unfinishedFiles(marker);
  if (open.length > 0 || Object.keys(marker.processing_phase.progress_by_file).length === 0) {
    refuse('completeProcessing', 'unfinished_files', `not processed: ${open.join(', ') || 'any'}`);
  }
  return derive(amend(marker, 'processing_phase', { status: 'completed', completed_at: timestamp(now) }), now);
}

/**
 * The processing phase ends without all its files, and with it the run. Files keep their status and watermark.
 *
 * @throws `ILLEGAL_TRANSITION`: `already_completed`
 */
export function failProcessing(marker: StateMarker, error: string, now: Date): StateMarker {
  const { status, errors } = marker.processing_phase;
  if (status === 'completed') refuse('failProcessing', 'already_completed', 'processing is completed', { status });
  const failed = amend(marker, 'processing_phase', {
    status: 'failed',
    completed_at: null,
    errors: appendError(errors, error),
  });
  return derive(amend(failed, 'summary', { overall_status: 'failed' }), now);
}

/** The files that the marker knows and that are not completely processed, in its order. */
export function unfinishedFiles(marker: StateMarker): string[] {
  const files = Object.entries(marker.processing_phase.progress_by_file);
  return files.filter(([, entry]) => !isCompleted(entry)).map(([file]) => file);
}

/**
 * Whether two checksums are known and the same, in upper or lower case.
 *
 * @internal
 */
export const isSameSource = (a: string | null, b: string | null): boolean =>
  a !== null && b !== null && a.toLowerCase() === b.toLowerCase();

const assertInProgress = (transition: string, marker: StateMarker): void => {
  const { status } = marker.processing_phase;
  if (status !== 'in_progress') {
    refuse(transition, 'phase_not_in_progress', `the processing phase is ${status}`, { status });
  }
};

const advance = (transition: string, marker: StateMarker, file: string, progress: Progress, now: Date): StateMarker => {
  assertInProgress(transition, marker);
  const { recordsExtracted, messagesPublished, batchesSent } = progress;
  assertCount('recordsExtracted', recordsExtracted);
  assertCount('messagesPublished', messagesPublished);
  assertCount('batchesSent', batchesSent);
  const entry = entryOf(marker.processing_phase.progress_by_file, file);
  if (entry?.status !== 'in_progress') {
    const { status } = entry ?? {};
    return refuse(transition, 'file_not_in_progress', 'it has not been started', { file, status });
  }
  const about = { file, status: entry.status };
  if (
    recordsExtracted < entry.records_extracted ||
    messagesPublished < entry.messages_published ||
    batchesSent < entry.batches_sent
  ) {
    refuse(transition, 'progress_decreased', 'its progress cannot go back', about);
  }
  if (messagesPublished > recordsExtracted) {
    refuse(transition, 'watermark_ahead', `${messagesPublished} of ${recordsExtracted} records confirmed`, about);
  }
  const advanced = withFile(marker, file, now, {
    records_extracted: recordsExtracted,
    messages_published: messagesPublished,
    batches_sent: batchesSent,
  });
  // A watermark that rises is news of the broker.
  if (messagesPublished === entry.messages_published) return advanced;
  return amend(advanced, 'publishing_phase', { status: 'in_progress', last_amqp_heartbeat: timestamp(now) });
};

const begin = (marker: StateMarker, file: string, now: Date, entry: Partial<FileProgress>): StateMarker =>
  withFile(amend(marker, 'processing_phase', { current_file: file }), file, now, entry);

const withFile = (marker: StateMarker, file: string, now: Date, values: Partial<FileProgress>): StateMarker => {
  assertFile(file);
  const files = marker.processing_phase.progress_by_file;
  const entries = { ...files, [file]: { ...(entryOf(files, file) ?? NEW_FILE), ...values } };
  return derive(
    amend(marker, 'processing_phase', {
      progress_by_file: entries,
      files_total: Math.max(marker.processing_phase.files_total, Object.keys(entries).length),
    }),
    now,
  );
};
