import { type StateMarker, watermarkOf } from '../marker.js';
import { isSameSource } from '../transitions/processing.js';
import { entryOf } from '../transitions/update-marker.js';

export type FilePlanReason =
  | 'not_started'
  | 'nothing_confirmed'
  | 'watermark'
  | 'checksum_changed'
  | 'checksum_unknown'
  | 'destination_unknown'
  | 'completed';

/** What to do about one file. */
export interface FilePlan {
  /**
   * - `start`: from its first record, with `startFile`.
   * - `resume`: after the watermark, with `startFile`.
   * - `restart`: from its first record although the file was started before, with `restartFile`.
   * - `skip`: the file is completed.
   */
  readonly action: 'start' | 'resume' | 'restart' | 'skip';
  /** Number of records to skip: the first one to publish is the next. For `skip`, the file's number of records. */
  readonly afterRecord: number;
  readonly reason: FilePlanReason;
}

/**
 * Decides what to do about a file, from the bytes that are on disk now. A file whose bytes differ from those it was
 * processed from is started again, even if it is completed. An unfinished file is resumed only if both checksums are
 * known and equal, and the marker says where the confirmed records are. That excludes markers of other extractors,
 * whose counts are not confirmed watermarks.
 *
 * @param checksum - SHA-256 of the file in hexadecimal, `undefined` if it is unknown
 */
export const planFile = (marker: StateMarker, file: string, checksum: string | undefined): FilePlan => {
  const entry = entryOf(marker.processing_phase.progress_by_file, file);
  if (entry === undefined || entry.status === 'pending') {
    return { action: 'start', afterRecord: 0, reason: 'not_started' };
  }
  const areBothKnown = checksum !== undefined && entry.source_checksum !== null;
  if (areBothKnown && !isSameSource(entry.source_checksum, checksum)) {
    return { action: 'restart', afterRecord: 0, reason: 'checksum_changed' };
  }
  if (entry.status === 'completed') {
    return { action: 'skip', afterRecord: watermarkOf(entry), reason: 'completed' };
  }
  if (!areBothKnown) return { action: 'restart', afterRecord: 0, reason: 'checksum_unknown' };
  if (entry.destination === undefined) return { action: 'restart', afterRecord: 0, reason: 'destination_unknown' };
  return watermarkOf(entry) === 0
    ? { action: 'start', afterRecord: 0, reason: 'nothing_confirmed' }
    : { action: 'resume', afterRecord: watermarkOf(entry), reason: 'watermark' };
};
