import { StateMarkerError } from './errors.js';
import { assertKnownOptions } from './known-options.js';
import type { StateMarker } from './marker.js';
import type { LoadResult } from './store.js';
import { isSameSource } from './transitions/processing.js';
import { entryOf, isCompleted } from './transitions/shared.js';

/**
 * - `start`: make a new marker.
 * - `reprocess`: make a new marker and download again; files that are verified are kept.
 * - `continue`: go on with this marker; ask {@link planFile} about each file.
 * - `skip`: nothing to do.
 */
export type Action = 'start' | 'reprocess' | 'continue' | 'skip';

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

export interface Decision {
  readonly decision: Action;
  readonly reason: DecisionReason;
  /** The reason in words, for a log. */
  readonly text: string;
}

/** A file that the run wants, as the dump's source or the disk has it now. */
export interface WantedFile {
  readonly name: string;
  /** SHA-256 in hexadecimal; `null` or left out where it is not known. */
  readonly checksum?: string | null;
}

export interface DecideOptions {
  /**
   * All files that this run wants. One that is not completed, or that has another checksum than it was processed
   * from, prevents `skip`.
   *
   * @default those that the marker knows
   */
  readonly files?: readonly WantedFile[];
  /** @default false */
  readonly forceReprocess?: boolean;
}

const NAMES: Readonly<Record<keyof DecideOptions, true>> = { files: true, forceReprocess: true };

/**
 * What to do about a version, from what was found of its marker. Changes nothing.
 *
 * @param found what {@link MarkerStore.load} gave
 * @throws `INVALID_ARGUMENT`
 */
export function decide(found: LoadResult, options: DecideOptions = {}): Decision {
  assertKnownOptions(options, NAMES);
  if (found?.status === undefined) {
    throw new StateMarkerError('INVALID_ARGUMENT', "decide takes what a store's load gave, and not the marker itself");
  }
  if (options.forceReprocess === true) return because('start', 'forced');
  if (found.status === 'absent') return because('start', 'no_marker');
  if (found.status === 'corrupt') return because('start', 'marker_corrupt');

  const { marker } = found;
  const { download_phase: download, processing_phase: processing, publishing_phase: publishing, summary } = marker;
  const files = options.files ?? [];

  // Checksums count even in a download cut short, but a new marker starts every file again anyway.
  if (download.status === 'failed' || download.status === 'in_progress') {
    const reason = download.status === 'failed' ? 'download_failed' : 'download_cut_short';
    return because(isAnyFileProcessed(marker) ? 'continue' : 'reprocess', reason);
  }
  if (processing.status === 'in_progress') return because('continue', 'processing_in_progress');
  if (processing.status === 'failed') return because('continue', 'processing_failed');
  if (files.some((file) => isChanged(marker, file))) return because('continue', 'checksum_changed');
  if (processing.status === 'pending') {
    return download.status === 'completed' || isAnyFileProcessed(marker)
      ? because('continue', 'processing_not_started')
      : because('reprocess', 'download_not_started');
  }
  if (publishing.status === 'failed') return because('continue', 'publishing_failed');
  // Older extractors could mark a failed run completed, so the files have the last word.
  if (!areFilesCompleted(marker, files)) return because('continue', 'files_unfinished');
  if (summary.overall_status !== 'completed') return because('continue', 'run_not_completed');
  return because('skip', 'completed');
}

/** What is worth keeping: a completed file, or one with confirmed records. */
const isAnyFileProcessed = (marker: StateMarker): boolean =>
  Object.values(marker.processing_phase.progress_by_file).some(
    (file) => isCompleted(file) || file.messages_published > 0,
  );

const areFilesCompleted = (marker: StateMarker, wanted: readonly WantedFile[]): boolean => {
  const files = marker.processing_phase.progress_by_file;
  const names = new Set([...Object.keys(files), ...wanted.map((file) => file.name)]);
  return names.size > 0 && [...names].every((name) => entryOf(files, name)?.status === 'completed');
};

const isChanged = (marker: StateMarker, { name, checksum = null }: WantedFile): boolean => {
  const processedFrom = entryOf(marker.processing_phase.progress_by_file, name)?.source_checksum ?? null;
  return checksum !== null && processedFrom !== null && !isSameSource(processedFrom, checksum);
};

const TEXT: Record<DecisionReason, string> = {
  forced: 'reprocessing was asked for',
  no_marker: 'there is no state marker',
  marker_corrupt: 'the state marker was unreadable and has been set aside',
  download_not_started: 'nothing was downloaded or processed yet',
  download_cut_short: 'the download was cut short',
  download_failed: 'the download failed',
  processing_not_started: 'the files are downloaded and not processed yet',
  processing_in_progress: 'processing was cut short',
  processing_failed: 'processing failed',
  publishing_failed: 'publishing failed',
  checksum_changed: 'a file is not the one that was processed',
  files_unfinished: 'not every file is processed',
  run_not_completed: 'all files are processed but the run was not marked completed',
  completed: 'the version is completely processed',
};

const because = (decision: Action, reason: DecisionReason): Decision => ({ decision, reason, text: TEXT[reason] });
