import type { FileDownload, StateMarker } from '../marker.js';
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

const NEW_FILE: FileDownload = {
  status: 'pending',
  bytes_downloaded: 0,
  started_at: null,
  completed_at: null,
  checksum: null,
};

/**
 * The download phase starts, or goes on after an interruption, or is opened again. `files` are all those that this
 * run needs. What is known of completed files stays; entries of other files that are not completed are dropped,
 * since nothing waits for them any more.
 *
 * @throws `INVALID_ARGUMENT`
 */
export function startDownload(marker: StateMarker, files: readonly string[], now: Date): StateMarker {
  assertFiles(files);
  const phase = marker.download_phase;
  const kept = Object.entries(phase.downloads_by_file).filter(
    ([file, entry]) => isCompleted(entry) || files.includes(file),
  );
  const added = files.filter((file) => !Object.hasOwn(phase.downloads_by_file, file));
  const entries = [...kept, ...added.map((file) => [file, NEW_FILE] as const)];
  const started = amend(marker, 'download_phase', {
    status: 'in_progress',
    started_at: phase.started_at ?? timestamp(now),
    completed_at: null,
    files_total: entries.length,
    downloads_by_file: Object.fromEntries(entries),
  });
  return derive(amend(started, 'summary', { overall_status: 'in_progress', total_duration_seconds: null }), now);
}

/**
 * A file's download begins, or begins anew, whatever was known of it.
 *
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`
 */
export function startFileDownload(marker: StateMarker, file: string, now: Date): StateMarker {
  assertInProgress('startFileDownload', marker);
  return withFile(marker, file, now, { ...NEW_FILE, status: 'in_progress', started_at: timestamp(now) });
}

/**
 * So many bytes of a file are on disk. The number may go back, as when a server cannot resume.
 *
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`, `file_not_in_progress`; `INVALID_ARGUMENT`
 */
export function advanceFileDownload(marker: StateMarker, file: string, bytes: number, now: Date): StateMarker {
  assertInProgress('advanceFileDownload', marker);
  assertCount('bytes', bytes);
  const entry = entryOf(marker.download_phase.downloads_by_file, file);
  if (entry?.status !== 'in_progress') {
    refuse('advanceFileDownload', 'file_not_in_progress', 'its download has not been started', {
      file,
      status: entry?.status,
    });
  }
  return withFile(marker, file, now, { bytes_downloaded: bytes });
}

/**
 * A file is whole and verified on disk, be it just downloaded or found there.
 *
 * @param result `bytes`: the file's size; `checksum`: its SHA-256 in hexadecimal, `null` where none is known
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`; `INVALID_ARGUMENT`
 */
export function completeFileDownload(
  marker: StateMarker,
  file: string,
  result: { readonly bytes: number; readonly checksum: string | null },
  now: Date,
): StateMarker {
  assertInProgress('completeFileDownload', marker);
  assertCount('bytes', result.bytes);
  const at = timestamp(now);
  return withFile(marker, file, now, {
    status: 'completed',
    bytes_downloaded: result.bytes,
    started_at: entryOf(marker.download_phase.downloads_by_file, file)?.started_at ?? at,
    completed_at: at,
    checksum: result.checksum,
  });
}

/**
 * A file could not be downloaded; or one that was whole turned out not to be, and could not be had again. The phase
 * goes on with the others; `failDownload` ends it.
 *
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`
 */
export function failFileDownload(marker: StateMarker, file: string, error: string, now: Date): StateMarker {
  assertInProgress('failFileDownload', marker);
  const failed = withFile(marker, file, now, { status: 'failed', completed_at: null, checksum: null });
  return amend(failed, 'download_phase', { errors: appendError(failed.download_phase.errors, `${file}: ${error}`) });
}

/**
 * All files are there.
 *
 * @throws `ILLEGAL_TRANSITION`: `phase_not_in_progress`, `unfinished_files`
 */
export function completeDownload(marker: StateMarker, now: Date): StateMarker {
  assertInProgress('completeDownload', marker);
  const files = Object.entries(marker.download_phase.downloads_by_file);
  const open = files.filter(([, entry]) => !isCompleted(entry));
  if (open.length > 0 || files.length === 0) {
    refuse('completeDownload', 'unfinished_files', `not downloaded: ${open.map(([file]) => file).join(', ') || 'any'}`);
  }
  return derive(amend(marker, 'download_phase', { status: 'completed', completed_at: timestamp(now) }), now);
}

/**
 * The download phase ends without all its files, and with it the run.
 *
 * @throws `ILLEGAL_TRANSITION`: `already_completed`
 */
export function failDownload(marker: StateMarker, error: string, now: Date): StateMarker {
  const { status, errors } = marker.download_phase;
  if (status === 'completed') refuse('failDownload', 'already_completed', 'the download is completed', { status });
  const failed = amend(marker, 'download_phase', {
    status: 'failed',
    completed_at: null,
    errors: appendError(errors, error),
  });
  return derive(amend(failed, 'summary', { overall_status: 'failed' }), now);
}

const assertInProgress = (transition: string, marker: StateMarker): void => {
  const { status } = marker.download_phase;
  if (status !== 'in_progress') {
    refuse(transition, 'phase_not_in_progress', `the download phase is ${status}`, { status });
  }
};

const withFile = (marker: StateMarker, file: string, now: Date, values: Partial<FileDownload>): StateMarker => {
  assertFile(file);
  const files = marker.download_phase.downloads_by_file;
  const entry = { ...(entryOf(files, file) ?? NEW_FILE), ...values };
  const entries = { ...files, [file]: entry };
  return derive(
    amend(marker, 'download_phase', {
      downloads_by_file: entries,
      files_total: Math.max(marker.download_phase.files_total, Object.keys(entries).length),
    }),
    now,
  );
};
