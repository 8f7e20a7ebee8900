import {
  type Annotations,
  type Checkpoint,
  type Destination,
  type FileProgress,
  type StateMarker,
  watermarkOf,
} from '../marker.js';
import { dataTypeOf } from '../version.js';
import {
  addError,
  assertAllCompleted,
  assertCount,
  assertFiles,
  assertInProgress,
  entryOf,
  failPhase,
  mergeEntries,
  refuse,
  timestamp,
  unfinishedNames,
  updateDerivedFields,
  updateEntry,
  updatePart,
} from './update-marker.js';

const NEW_FILE: FileProgress = {
  status: 'pending',
  records_extracted: 0,
  messages_published: 0,
  batches_sent: 0,
  started_at: null,
  completed_at: null,
  source_checksum: null,
};

/** The bytes that a file's records are read from, and where they go to. */
export interface FileSource {
  /** SHA-256 in hexadecimal; absent if it is unknown, and then the file cannot be resumed later. */
  readonly checksum?: string | undefined;
  /** Where the records go to; absent if it is unknown, and then the file cannot be resumed later. */
  readonly destination?: Destination | undefined;
}

/** A file's counts, from its first record and not from the record that this run resumed at. */
export interface FileCounts {
  /** Records read: the number of the last one. */
  readonly recordsExtracted: number;
  /** Confirmed messages: those of records 1 to the watermark, which is this number and that of `omitted`. */
  readonly messagesPublished: number;
  /** Of records 1 to the watermark, those that have no message, because they were left out. @default 0 */
  readonly omitted?: number | undefined;
  readonly batchesSent: number;
  /** What the destination needs to recognise records 1 to the watermark; replaces the one before. @default none */
  readonly checkpoint?: Checkpoint | undefined;
  /** What else you know about records 1 to the watermark; replaces what was there before. @default nothing */
  readonly annotations?: Annotations | undefined;
}

/** A completed file's counts. */
export interface CompletedFileCounts extends FileCounts {
  /** Number of places whose content was not delivered. @default 0 */
  readonly undelivered?: number | undefined;
}

/**
 * Starts the processing phase, resumes it after an interruption or failure, or opens it again for a changed or an
 * additional file. Keeps what is known of started and completed files; drops entries of other files that were never
 * started.
 *
 * @param files - all that this run works on
 * @throws {@link StateMarkerError} `INVALID_OPTIONS`
 */
export const startProcessing = (marker: StateMarker, files: readonly string[], now: Date): StateMarker => {
  assertFiles(files);
  const phase = marker.processing_phase;
  const entries = mergeEntries(phase.progress_by_file, files, NEW_FILE, (entry) => entry.status !== 'pending');
  const dropped = Object.keys(phase.progress_by_file).filter((file) => !Object.hasOwn(entries, file));
  const droppedTypes = dropped.map(dataTypeOf);
  const started = updatePart(marker, 'processing_phase', {
    status: 'in_progress',
    started_at: phase.started_at ?? timestamp(now),
    completed_at: null,
    files_total: Object.keys(entries).length,
    progress_by_file: entries,
  });
  // Publishing that was completed or failed is in progress again after the next sign of life from the broker.
  const { extraction_complete: _, ...publishing } = marker.publishing_phase;
  const reopened = {
    ...started,
    publishing_phase: {
      ...publishing,
      status: publishing.status === 'in_progress' ? ('in_progress' as const) : ('pending' as const),
    },
  };
  const types = Object.entries(marker.summary.files_by_type).filter(([type]) => !droppedTypes.includes(type));
  const summarized = updatePart(reopened, 'summary', {
    overall_status: 'in_progress',
    total_duration_seconds: null,
    files_by_type: Object.fromEntries(types),
  });
  return updateDerivedFields(summarized, now);
};

/**
 * Starts a file's processing, or resumes it after its watermark. Sets `records_extracted` back to the watermark, since
 * the records after it are read again.
 *
 * Whether `source.destination` is the place where the confirmed records are is for you to check.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`, `file_already_completed`;
 * `source_changed` if the file was started from other bytes, or either checksum is unknown; `destination_unknown` if
 * the marker does not say where the confirmed records are), `INVALID_OPTIONS`
 */
export const startFile = (marker: StateMarker, file: string, source: FileSource, now: Date): StateMarker => {
  assertInProgress('startFile', marker, 'processing_phase');
  const entry = entryOf(marker.processing_phase.progress_by_file, file) ?? NEW_FILE;
  const { status } = entry;
  if (status === 'completed') refuse('startFile', 'file_already_completed', 'it is completed', { file, status });
  if (status !== 'pending' && !isSameSource(entry.source_checksum, source.checksum)) {
    const message = 'it was started from other or unknown bytes; use restartFile';
    refuse('startFile', 'source_changed', message, { file, status });
  }
  if (status !== 'pending' && entry.destination === undefined) {
    const message = 'the marker does not say where its records are; use restartFile';
    refuse('startFile', 'destination_unknown', message, { file, status });
  }
  const resumed = status === 'pending' ? NEW_FILE : entry;
  return setCurrentFile(marker, file, now, {
    status: 'in_progress',
    records_extracted: watermarkOf(resumed),
    messages_published: resumed.messages_published,
    batches_sent: resumed.batches_sent,
    started_at: resumed.started_at ?? timestamp(now),
    completed_at: null,
    source_checksum: source.checksum ?? null,
    destination: source.destination,
  });
};

/**
 * Starts a file again from its first record, because its bytes are not, or not provably, those that its watermark
 * counts, or because the marker does not say where the confirmed records are.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`; `source_unchanged` if the bytes are
 * the same and the destination is known), `INVALID_OPTIONS`
 */
export const restartFile = (marker: StateMarker, file: string, source: FileSource, now: Date): StateMarker => {
  assertInProgress('restartFile', marker, 'processing_phase');
  const entry = entryOf(marker.processing_phase.progress_by_file, file);
  if (entry?.destination !== undefined && isSameSource(entry.source_checksum, source.checksum)) {
    const message = 'its bytes are those that it was processed from; use startFile';
    refuse('restartFile', 'source_unchanged', message, { file, status: entry.status });
  }
  return setCurrentFile(keepDeliveredCount(marker, file), file, now, {
    ...NEW_FILE,
    status: 'in_progress',
    started_at: timestamp(now),
    source_checksum: source.checksum ?? null,
    omitted: undefined,
    undelivered: undefined,
    destination: source.destination,
    checkpoint: undefined,
    annotations: undefined,
    restart_reason: undefined,
  });
};

/**
 * Sets a file's watermark back to 0, because confirmed records were lost at their destination: it will be started from
 * its first record. A completed file, and with it the run, is failed then; other files keep their status. The marker
 * keeps the reason (`restart_reason`).
 *
 * @param reason - what was lost, for people
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`file_not_in_progress` if the file was never started)
 */
export const invalidateFile = (marker: StateMarker, file: string, reason: string, now: Date): StateMarker => {
  const entry = entryOf(marker.processing_phase.progress_by_file, file);
  if (entry === undefined || entry.status === 'pending') {
    return refuse('invalidateFile', 'file_not_in_progress', 'it has not been started', { file, status: entry?.status });
  }
  const { status } = entry;
  const invalidated = updateFile(keepDeliveredCount(marker, file), file, now, {
    status: status === 'completed' ? 'failed' : status,
    records_extracted: 0,
    messages_published: 0,
    omitted: undefined,
    batches_sent: 0,
    completed_at: null,
    undelivered: undefined,
    checkpoint: undefined,
    annotations: undefined,
    restart_reason: reason,
  });
  return status === 'completed' ? reopenRun(invalidated, `${file}: ${reason}`, now) : invalidated;
};

/** Fails what was completed together with the file. */
const reopenRun = (marker: StateMarker, error: string, now: Date): StateMarker => {
  const failed = addError(marker, 'processing_phase', error);
  const { status: processing } = failed.processing_phase;
  const { status: publishing } = failed.publishing_phase;
  const phases = updatePart(
    updatePart(failed, 'processing_phase', {
      status: processing === 'completed' ? 'failed' : processing,
      completed_at: null,
    }),
    'publishing_phase',
    { status: publishing === 'completed' ? 'pending' : publishing },
  );
  const { overall_status: overall } = phases.summary;
  const summary = {
    overall_status: overall === 'completed' ? 'failed' : overall,
    total_duration_seconds: null,
  } as const;
  return updateDerivedFields(updatePart(phases, 'summary', summary), now);
};

/** The records of each file when it was last completed, by file name, whatever has happened to the file since. */
export const deliveredCounts = (marker: StateMarker): Record<string, number> => {
  const { delivered_before: before = {}, progress_by_file: files } = marker.processing_phase;
  const completed = Object.entries(files).filter(([, { status }]) => status === 'completed');
  return { ...before, ...Object.fromEntries(completed.map(([file, entry]) => [file, entry.records_extracted])) };
};

/** Keeps the number of records of a completed file that is about to lose it. */
const keepDeliveredCount = (marker: StateMarker, file: string): StateMarker => {
  const { delivered_before: before, progress_by_file: files } = marker.processing_phase;
  const entry = entryOf(files, file);
  if (entry?.status !== 'completed') return marker;
  return updatePart(marker, 'processing_phase', { delivered_before: { ...before, [file]: entry.records_extracted } });
};

/**
 * Records a file's progress. A risen watermark puts the publishing phase in progress.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`, `file_not_in_progress`,
 * `progress_decreased`, `watermark_ahead`), `INVALID_OPTIONS`
 */
export const advanceFile = (marker: StateMarker, file: string, counts: FileCounts, now: Date): StateMarker =>
  updateCounts('advanceFile', marker, file, counts, now);

/**
 * Completes a file: all its records are confirmed, **and so is its `file_complete` message**. The second condition is
 * the caller's responsibility, since the marker does not know of the message: if you complete a file before the broker
 * has confirmed `file_complete`, a crash in between means that the message is never sent.
 *
 * @param counts - the file's final counts
 * @throws {@link StateMarkerError} as {@link advanceFile}, and `ILLEGAL_TRANSITION` (`unconfirmed_records`) if
 * the watermark is less than `recordsExtracted`
 */
export const completeFile = (
  marker: StateMarker,
  file: string,
  counts: CompletedFileCounts,
  now: Date,
): StateMarker => {
  const advanced = updateCounts('completeFile', marker, file, counts, now);
  const unconfirmed = counts.recordsExtracted - counts.messagesPublished - (counts.omitted ?? 0);
  if (unconfirmed > 0) {
    const message = `records are not confirmed: ${unconfirmed}`;
    refuse('completeFile', 'unconfirmed_records', message, { file, status: 'in_progress' });
  }
  const { undelivered = 0 } = counts;
  assertCount('undelivered', undelivered);
  return updateFile(advanced, file, now, {
    status: 'completed',
    completed_at: timestamp(now),
    ...(undelivered > 0 && { undelivered }),
  });
};

/**
 * Records that a file could not be processed. Its watermark stays, and the other files continue; `failProcessing` ends
 * the phase.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`, `file_already_completed`),
 * `INVALID_OPTIONS`
 */
export const failFile = (marker: StateMarker, file: string, error: string, now: Date): StateMarker => {
  assertInProgress('failFile', marker, 'processing_phase');
  const status = entryOf(marker.processing_phase.progress_by_file, file)?.status;
  if (status === 'completed') refuse('failFile', 'file_already_completed', 'it is completed', { file, status });
  const failed = updateFile(marker, file, now, { status: 'failed', completed_at: null });
  return addError(failed, 'processing_phase', `${file}: ${error}`);
};

/**
 * Completes the processing phase. If `startProcessing` was given fewer files than the marker has started,
 * {@link unfinishedFiles} lists what is missing.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`, `unfinished_files`)
 */
export const completeProcessing = (marker: StateMarker, now: Date): StateMarker => {
  assertInProgress('completeProcessing', marker, 'processing_phase');
  assertAllCompleted('completeProcessing', marker.processing_phase.progress_by_file);
  const completed = updatePart(marker, 'processing_phase', { status: 'completed', completed_at: timestamp(now) });
  return updateDerivedFields(completed, now);
};

/**
 * Ends the processing phase without all its files, and with it the run. Files keep their status and watermark.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`already_completed`)
 */
export const failProcessing = (marker: StateMarker, error: string, now: Date): StateMarker =>
  failPhase('failProcessing', marker, 'processing_phase', error, now);

/** The marker's files that are not completely processed, in its order. */
export const unfinishedFiles = (marker: StateMarker): string[] =>
  unfinishedNames(marker.processing_phase.progress_by_file);

/**
 * Whether both checksums are known and equal, in upper or lower case.
 *
 * @internal
 */
export const isSameSource = (known: string | null, checksum: string | undefined): boolean =>
  known !== null && checksum !== undefined && known.toLowerCase() === checksum.toLowerCase();

const updateCounts = (
  transition: string,
  marker: StateMarker,
  file: string,
  { recordsExtracted, messagesPublished, omitted = 0, batchesSent, checkpoint, annotations }: FileCounts,
  now: Date,
): StateMarker => {
  assertInProgress(transition, marker, 'processing_phase');
  assertCount('recordsExtracted', recordsExtracted);
  assertCount('messagesPublished', messagesPublished);
  assertCount('omitted', omitted);
  assertCount('batchesSent', batchesSent);
  const entry = entryOf(marker.processing_phase.progress_by_file, file);
  if (entry?.status !== 'in_progress') {
    return refuse(transition, 'file_not_in_progress', 'it has not been started', { file, status: entry?.status });
  }
  const { status } = entry;
  if (
    recordsExtracted < entry.records_extracted ||
    messagesPublished < entry.messages_published ||
    omitted < (entry.omitted ?? 0) ||
    batchesSent < entry.batches_sent
  ) {
    refuse(transition, 'progress_decreased', 'its counts cannot decrease', { file, status });
  }
  const watermark = messagesPublished + omitted;
  if (watermark > recordsExtracted) {
    const message = `more records are confirmed (${watermark}) than extracted (${recordsExtracted})`;
    refuse(transition, 'watermark_ahead', message, { file, status });
  }
  const advanced = updateFile(marker, file, now, {
    records_extracted: recordsExtracted,
    messages_published: messagesPublished,
    omitted: omitted === 0 ? undefined : omitted,
    batches_sent: batchesSent,
    checkpoint,
    annotations,
  });
  // A watermark that rises is a sign of life from the broker.
  if (watermark === watermarkOf(entry)) return advanced;
  return updatePart(advanced, 'publishing_phase', { status: 'in_progress', last_amqp_heartbeat: timestamp(now) });
};

const setCurrentFile = (marker: StateMarker, file: string, now: Date, values: Partial<FileProgress>): StateMarker =>
  updateFile(updatePart(marker, 'processing_phase', { current_file: file }), file, now, values);

const updateFile = (marker: StateMarker, file: string, now: Date, values: Partial<FileProgress>): StateMarker => {
  const phase = marker.processing_phase;
  const entries = updateEntry(phase.progress_by_file, file, NEW_FILE, values);
  const updated = updatePart(marker, 'processing_phase', {
    progress_by_file: entries,
    files_total: Math.max(phase.files_total, Object.keys(entries).length),
  });
  return updateDerivedFields(updated, now);
};
