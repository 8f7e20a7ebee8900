import { METADATA_VERSION, type StateMarker } from '../marker.js';
import { checks } from '../option-checks.js';
import { assertVersion } from '../version.js';
import { deliveredCounts, unfinishedFiles } from './processing.js';
import { failPhase, refuse, timestamp, updateDerivedFields, updatePart } from './update-marker.js';

/**
 * Creates the marker of a version on which no work has begun.
 *
 * @param version - of the dump, `YYYYMMDD`
 * @param previous - the marker that it replaces, if any: the new one keeps the counts of completely delivered files
 * @throws {@link StateMarkerError} `INVALID_VERSION`, `INVALID_OPTIONS`
 */
export const createMarker = (version: string, now: Date, previous?: StateMarker): StateMarker => {
  assertVersion(version);
  const delivered = previous ? deliveredCounts(previous) : {};
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
      ...(Object.keys(delivered).length > 0 && { delivered_before: delivered }),
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
};

/**
 * Records a sign of life from the broker: publishing is in progress, even if nothing is confirmed yet.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`already_completed`)
 */
export const recordHeartbeat = (marker: StateMarker, now: Date): StateMarker => {
  const { status } = marker.publishing_phase;
  if (status === 'completed') {
    refuse('recordHeartbeat', 'already_completed', 'the publishing phase is completed', { status });
  }
  const heard = { status: 'in_progress', last_amqp_heartbeat: timestamp(now) } as const;
  return updateDerivedFields(updatePart(marker, 'publishing_phase', heard), now);
};

/**
 * Records where this run's records go, so that a later run can see whether its own sink has the confirmed records.
 *
 * @param sink - a name that you choose
 * @throws {@link StateMarkerError} `INVALID_OPTIONS` for an empty name
 */
export const recordSink = (marker: StateMarker, sink: string, now: Date): StateMarker => {
  if (checks.text('sink', sink) === '') checks.fail('sink', 'the name of a sink', sink);
  return updateDerivedFields(updatePart(marker, 'publishing_phase', { sink }), now);
};

/**
 * Records that the message `extraction_complete` is confirmed, or why it is not sent. Record it before
 * {@link completeRun}, so that a run is never completed without it. {@link startProcessing} discards it.
 *
 * @param withheldBecause - why it is not sent; empty if it was
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`unfinished_phase` unless processing is completed),
 * `INVALID_OPTIONS`
 */
export const recordExtractionComplete = (
  marker: StateMarker,
  withheldBecause: readonly string[],
  now: Date,
): StateMarker => {
  const { status } = marker.processing_phase;
  if (status !== 'completed') {
    refuse('recordExtractionComplete', 'unfinished_phase', `the processing phase is ${status}`, { status });
  }
  const reasons = checks.list('withheldBecause', withheldBecause);
  const extraction_complete =
    reasons.length === 0 ? { sent_at: timestamp(now) } : { sent_at: null, withheld_because: reasons };
  return updateDerivedFields(updatePart(marker, 'publishing_phase', { extraction_complete }), now);
};

/**
 * Records that publishing has failed for good, for example because the broker refuses a message, and with it the run.
 * A watermark that rises later, or {@link recordHeartbeat}, puts it in progress again.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`already_completed`)
 */
export const failPublishing = (marker: StateMarker, error: string, now: Date): StateMarker =>
  failPhase('failPublishing', marker, 'publishing_phase', error, now);

/**
 * Completes the run, including its publishing. This is the last step: once it is saved, runs skip the version.
 *
 * @throws {@link StateMarkerError} `ILLEGAL_TRANSITION` (`unfinished_phase` unless processing is completed and the
 * download is neither in progress nor failed: a run from local files may have none; `unfinished_files`;
 * `already_completed`)
 */
export const completeRun = (marker: StateMarker, now: Date): StateMarker => {
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
  const unfinished = unfinishedFiles(marker);
  if (unfinished.length > 0) refuse('completeRun', 'unfinished_files', `not completed: ${unfinished.join(', ')}`);
  const published = updatePart(marker, 'publishing_phase', { status: 'completed' });
  const seconds = secondsBetween(download.started_at ?? processing.started_at, now);
  const summarized = updatePart(published, 'summary', { overall_status: 'completed', total_duration_seconds: seconds });
  return updateDerivedFields(summarized, now);
};

/** At least 0, even if the clock was set back: other readers of the marker refuse a negative duration. */
const secondsBetween = (start: string | null, now: Date): number | null =>
  start === null ? null : Math.max(0, (now.getTime() - Date.parse(start)) / 1000);
