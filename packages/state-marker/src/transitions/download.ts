import type { FileDownload, StateMarker } from '../marker.js';
import { checks } from '../option-checks.js';
import {
  addError,
  assertAllCompleted,
  assertCount,
  assertFiles,
  assertInProgress,
  entryOf,
  failPhase,
  isCompleted,
  mergeEntries,
  refuse,
  timestamp,
  updateDerivedFields,
  updateEntry,
  updatePart,
} from './update-marker.js';

/** A file that is complete on disk. */
export interface DownloadedFile {
  /** The file's size. */
  readonly bytes: number;
  /** SHA-256 in hexadecimal; absent if it is unknown. */
  readonly checksum?: string | undefined;
  /** Whether a published SHA-256 confirms the checksum. @default true */
  readonly verified?: boolean | undefined;
}

const NEW_FILE: FileDownload = {
  status: 'pending',
  bytes_downloaded: 0,
  started_at: null,
  completed_at: null,
  checksum: null,
};

/**
 * Starts the download phase, resumes it after an interruption, or opens it again. Keeps what is known of completed
 * files; drops entries of other files that are not completed, since no run needs them any more.
 *
 * @param files - all that this run needs
 * @throws {@link StateMarkerError} `INVALID_OPTIONS`
 */
export const startDownload = (marker: StateMarker, files: readonly string[], now: Date): StateMarker => {
  assertFiles(files);
  const phase = marker.download_phase;
  const entries = mergeEntries(phase.downloads_by_file, files, NEW_FILE, isCompleted);
  const started = updatePart(marker, 'download_phase', {
    status: 'in_progress',
    started_at: phase.started_at ?? timestamp(now),
    completed_at: null,
    files_total: Object.keys(entries).length,
    downloads_by_file: entries,
  });
  const summary = { overall_status: 'in_progress', total_duration_seconds: null } as const;
  return updateDerivedFields(updatePart(started, 'summary', summary), now);
};

/**
 * Starts a file's download from its first byte, whatever was known of the file.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`), `INVALID_OPTIONS`
 */
export const startFileDownload = (marker: StateMarker, file: string, now: Date): StateMarker => {
  assertInProgress('startFileDownload', marker, 'download_phase');
  const started_at = timestamp(now);
  return updateFile(marker, file, now, { ...NEW_FILE, status: 'in_progress', started_at, unverified: undefined });
};

/**
 * Records how many bytes of a file are on disk. The number may decrease, for example if a server cannot resume.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`, `file_not_in_progress`),
 * `INVALID_OPTIONS`
 */
export const advanceFileDownload = (marker: StateMarker, file: string, bytes: number, now: Date): StateMarker => {
  assertInProgress('advanceFileDownload', marker, 'download_phase');
  assertCount('bytes', bytes);
  const status = entryOf(marker.download_phase.downloads_by_file, file)?.status;
  if (status !== 'in_progress') {
    refuse('advanceFileDownload', 'file_not_in_progress', 'its download has not been started', { file, status });
  }
  return updateFile(marker, file, now, { bytes_downloaded: bytes });
};

/**
 * Records that a file is complete on disk, whether it was downloaded now or found there.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`), `INVALID_OPTIONS`
 */
export const completeFileDownload = (
  marker: StateMarker,
  file: string,
  { bytes, checksum, verified = true }: DownloadedFile,
  now: Date,
): StateMarker => {
  assertInProgress('completeFileDownload', marker, 'download_phase');
  assertCount('bytes', bytes);
  checks.boolean('verified', verified);
  const time = timestamp(now);
  return updateFile(marker, file, now, {
    status: 'completed',
    bytes_downloaded: bytes,
    started_at: entryOf(marker.download_phase.downloads_by_file, file)?.started_at ?? time,
    completed_at: time,
    checksum: checksum ?? null,
    unverified: verified ? undefined : true,
  });
};

/**
 * Records that a file could not be downloaded, or that a complete file turned out to be damaged and could not be
 * downloaded again. The phase continues with the other files; `failDownload` ends it.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`), `INVALID_OPTIONS`
 */
export const failFileDownload = (marker: StateMarker, file: string, error: string, now: Date): StateMarker => {
  assertInProgress('failFileDownload', marker, 'download_phase');
  const failed = updateFile(marker, file, now, {
    status: 'failed',
    completed_at: null,
    checksum: null,
    unverified: undefined,
  });
  return addError(failed, 'download_phase', `${file}: ${error}`);
};

/**
 * Completes the download phase.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`phase_not_in_progress`, `unfinished_files`)
 */
export const completeDownload = (marker: StateMarker, now: Date): StateMarker => {
  assertInProgress('completeDownload', marker, 'download_phase');
  assertAllCompleted('completeDownload', marker.download_phase.downloads_by_file);
  const completed = updatePart(marker, 'download_phase', { status: 'completed', completed_at: timestamp(now) });
  return updateDerivedFields(completed, now);
};

/**
 * Ends the download phase without all its files, and with it the run.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`already_completed`)
 */
export const failDownload = (marker: StateMarker, error: string, now: Date): StateMarker =>
  failPhase('failDownload', marker, 'download_phase', error, now);

const updateFile = (marker: StateMarker, file: string, now: Date, values: Partial<FileDownload>): StateMarker => {
  const phase = marker.download_phase;
  const entries = updateEntry(phase.downloads_by_file, file, NEW_FILE, values);
  const updated = updatePart(marker, 'download_phase', {
    downloads_by_file: entries,
    files_total: Math.max(phase.files_total, Object.keys(entries).length),
  });
  return updateDerivedFields(updated, now);
};
