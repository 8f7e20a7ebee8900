import { StateMarkerError } from '../errors.js';
import { METADATA_VERSION, type StateMarker } from '../marker.js';
import { assertVersion } from '../version.js';
import { unfinishedFiles } from './processing.js';
import { amend, appendError, derive, refuse, timestamp } from './shared.js';

/**
 * The marker of a version of which nothing is done yet.
 *
 * @param version of the dump, `YYYYMMDD`
 * @throws `INVALID_VERSION`
 */
export function createMarker(version: string, now: Date): StateMarker {
  assertVersion(version);
  return {
    metadata_version: METADATA_VERSION,
    last_updated: timestamp(now),
    current_version: version,
    download_phase: {
      status: 'pending',
      started_at: null,
      completed_at: null,
      files_downloaded: 0,
      files_total: 0,
      bytes_downloaded: 0,
      downloads_by_file: {},
      errors: [],
    },
    processing_phase: {
      status: 'pending',
      started_at: null,
      completed_at: null,
      files_processed: 0,
      files_total: 0,
      records_extracted: 0,
      current_file: null,
      progress_by_file: {},
      errors: [],
    },
    publishing_phase: {
      status: 'pending',
      messages_published: 0,
      batches_sent: 0,
      errors: [],
      last_amqp_heartbeat: null,
    },
    summary: { overall_status: 'pending', total_duration_seconds: null, files_by_type: {} },
  };
}

/**
 * The broker has answered: publishing is in progress, even if nothing is confirmed yet.
 *
 * @throws `ILLEGAL_TRANSITION`: `already_completed`
 */
export function recordHeartbeat(marker: StateMarker, now: Date): StateMarker {
  const { status } = marker.publishing_phase;
  if (status === 'completed') refuse('recordHeartbeat', 'already_completed', 'publishing is completed', { status });
  return derive(amend(marker, 'publishing_phase', { status: 'in_progress', last_amqp_heartbeat: timestamp(now) }), now);
}

/**
 * The records of this run go there: a word of the caller's, so that a later run can tell whether what is confirmed is confirmed where it
 * wants it.
 *
 * @throws `INVALID_ARGUMENT` for an empty word
 */
export function recordSink(marker: StateMarker, sink: string, now: Date): StateMarker {
  if (sink === '') throw new StateMarkerError('INVALID_ARGUMENT', 'the name of a sink is empty');
  return derive(amend(marker, 'publishing_phase', { sink }), now);
}

/**
 * Publishing has failed for good, as when the broker refuses a message, and with it the run. A watermark that
 * rises later, or {@link recordHeartbeat}, puts it in progress again.
 *
 * @throws `ILLEGAL_TRANSITION`: `already_completed`
 */
export function failPublishing(marker: StateMarker, error: string, now: Date): StateMarker {
  const { status, errors } = marker.publishing_phase;
  if (status === 'completed') refuse('failPublishing', 'already_completed', 'publishing is completed', { status });
  const failed = amend(marker, 'publishing_phase', { status: 'failed', errors: appendError(errors, error) });
  return derive(amend(failed, 'summary', { overall_status: 'failed' }), now);
}

/**
 * The run is done, publishing included. The last step of all: once this is saved, the version is not looked at again.
 *
 * @throws `ILLEGAL_TRANSITION`: `unfinished_phase` unless processing is completed and no download is going on or
 * failed (a run from local files may have none); `unfinished_files`; `already_completed`
 */
export function completeRun(marker: StateMarker, now: Date): StateMarker {
  const { download_phase: download, processing_phase: processing, summary } = marker;
  if (summary.overall_status === 'completed') {
    refuse('completeRun', 'already_completed', 'the run is completed', { status: 'completed' });
  }
  if (download.status === 'in_progress' || download.status === 'failed') {
    refuse('completeRun', 'unfinished_phase', `the download phase is ${download.status}`, { status: download.status });
  }
  if (processing.status !== 'completed') {
    const { status } = processing;
    refuse('completeRun', 'unfinished_phase', `the processing phase is ${status}`, { status });
  }
  const open = unfinishedFiles(marker);
  if (open.length > 0) refuse('completeRun', 'unfinished_files', `not processed: ${open.join(', ')}`);
  const published = amend(marker, 'publishing_phase', { status: 'completed' });
  const seconds = secondsBetween(download.started_at ?? processing.started_at, now);
  return derive(amend(published, 'summary', { overall_status: 'completed', total_duration_seconds: seconds }), now);
}

/** A clock that was set back must not make a duration that other readers refuse. */
const secondsBetween = (start: string | null, now: Date): number | null =>
  start === null ? null : Math.max(0, (now.getTime() - Date.parse(start)) / 1000);
