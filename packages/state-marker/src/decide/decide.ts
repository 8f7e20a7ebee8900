import { type StateMarker, watermarkOf } from '../marker.js';
import { checks } from '../option-checks.js';
import type { LoadResult } from '../store/marker-store.js';
import { isSameSource } from '../transitions/processing.js';
import { entryOf, isCompleted } from '../transitions/update-marker.js';

/**
 * - `start`: create a new marker.
 * - `reprocess`: create a new marker and download again; verified files are kept.
 * - `continue`: use this marker; ask {@link planFile} about each file.
 * - `skip`: nothing to do.
 */
export type DecisionAction = 'start' | 'reprocess' | 'continue' | 'skip';

export type DecisionReason =
  | 'forced'
  | 'no_marker'
  | 'marker_corrupt'
  | 'download_not_started'
  | 'download_cut_short'
  | 'download_failed'
  | 'processing_not_started'
  | 'processing_in_progress'
  | 'processing_failed'
  | 'publishing_failed'
  | 'checksum_changed'
  | 'files_unfinished'
  | 'run_not_completed'
  | 'completed';

/** What to do about a version. */
export interface Decision {
  readonly action: DecisionAction;
  readonly reason: DecisionReason;
  /** The reason in words, for a log. */
  readonly text: string;
}

/** A file that the run needs, as the dump's source or the disk has it now. */
export interface WantedFile {
  readonly name: string;
  /** SHA-256 in hexadecimal; absent if it is unknown. */
  readonly checksum?: string | undefined;
}

export interface DecideOptions {
  /**
   * All files that this run needs. A file prevents `skip` if it is not completed, or if its checksum differs from the
   * one it was processed from.
   *
   * @default the marker's files
   */
  readonly files?: readonly WantedFile[] | undefined;
  /** Start from nothing, whatever is there. @default false */
  readonly forceReprocess?: boolean | undefined;
}

const KNOWN: Readonly<Record<keyof DecideOptions, true>> = { files: true, forceReprocess: true };

/**
 * Decides what to do about a version, from what {@link MarkerStore.load} returned. Changes nothing.
 *
 * @throws {@link StateMarkerError} `INVALID_OPTIONS`
 */
export const decide = (found: LoadResult, options: DecideOptions = {}): Decision => {
  const { files = [], forceReprocess = false } = checks.object('', options, KNOWN);
  if (found?.status === undefined) checks.fail('found', "the result of a store's load", found);
  if (forceReprocess) return decisionFor('start', 'forced');
  if (found.status === 'absent') return decisionFor('start', 'no_marker');
  if (found.status === 'corrupt') return decisionFor('start', 'marker_corrupt');

  const { marker } = found;
  const { download_phase: download, processing_phase: processing, publishing_phase: publishing, summary } = marker;

  // Changed checksums need no check after an interrupted download: a new marker starts every file again anyway.
  if (download.status === 'failed' || download.status === 'in_progress') {
    const reason = download.status === 'failed' ? 'download_failed' : 'download_cut_short';
    return decisionFor(isAnyFileProcessed(marker) ? 'continue' : 'reprocess', reason);
  }
  if (processing.status === 'in_progress') return decisionFor('continue', 'processing_in_progress');
  if (processing.status === 'failed') return decisionFor('continue', 'processing_failed');
  if (files.some((file) => isChanged(marker, file))) return decisionFor('continue', 'checksum_changed');
  if (processing.status === 'pending') {
    return download.status === 'completed' || isAnyFileProcessed(marker)
      ? decisionFor('continue', 'processing_not_started')
      : decisionFor('reprocess', 'download_not_started');
  }
  if (publishing.status === 'failed') return decisionFor('continue', 'publishing_failed');
  // Older extractors could mark a failed run completed, so the files decide.
  if (!areFilesCompleted(marker, files)) return decisionFor('continue', 'files_unfinished');
  if (summary.overall_status !== 'completed') return decisionFor('continue', 'run_not_completed');
  return decisionFor('skip', 'completed');
};

/** Whether the marker is worth keeping: a file is completed or has confirmed records. */
const isAnyFileProcessed = (marker: StateMarker): boolean =>
  Object.values(marker.processing_phase.progress_by_file).some((file) => isCompleted(file) || watermarkOf(file) > 0);

const areFilesCompleted = (marker: StateMarker, wanted: readonly WantedFile[]): boolean => {
  const files = marker.processing_phase.progress_by_file;
  const names = new Set([...Object.keys(files), ...wanted.map((file) => file.name)]);
  return names.size > 0 && [...names].every((name) => entryOf(files, name)?.status === 'completed');
};

const isChanged = (marker: StateMarker, { name, checksum }: WantedFile): boolean => {
  const processedFrom = entryOf(marker.processing_phase.progress_by_file, name)?.source_checksum ?? null;
  return checksum !== undefined && processedFrom !== null && !isSameSource(processedFrom, checksum);
};

const TEXTS: Readonly<Record<DecisionReason, string>> = {
  forced: 'reprocessing was requested',
  no_marker: 'there is no state marker',
  marker_corrupt: 'the state marker was unreadable and has been set aside',
  download_not_started: 'nothing has been downloaded or processed yet',
  download_cut_short: 'the download was interrupted',
  download_failed: 'the download failed',
  processing_not_started: 'the files are downloaded and not processed yet',
  processing_in_progress: 'processing was interrupted',
  processing_failed: 'processing failed',
  publishing_failed: 'publishing failed',
  checksum_changed: 'a file has changed since it was processed',
  files_unfinished: 'not every file has been processed',
  run_not_completed: 'all files are processed but the run was not marked completed',
  completed: 'the version is completely processed',
};

const decisionFor = (action: DecisionAction, reason: DecisionReason): Decision => ({
  action,
  reason,
  text: TEXTS[reason],
});
