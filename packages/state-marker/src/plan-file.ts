import type { StateMarker } from './marker.js';
import { isSameSource } from './transitions/processing.js';
import { entryOf } from './transitions/shared.js';

export type FilePlanReason =
  | 'not_started'
  | 'nothing_confirmed'
  | 'watermark'
  | 'checksum_changed'
  | 'checksum_unknown'
  | 'completed';

/** What to do about one file. */
export interface FilePlan {
  /**
   * - `start`: from its first record; `startFile`.
   * - `resume`: after the watermark; `startFile`.
   * - `restart`: from its first record, although something was known of it; `restartFile`.
   * - `skip`: it is completed.
   */
  readonly action: 'start' | 'resume' | 'restart' | 'skip';
  /** How many records to pass over: the first to publish is the one after it. For `skip`, the file's records. */
  readonly afterRecord: number;
  readonly reason: FilePlanReason;
}

/**
 * What to do about a file, given the bytes that are there now. Other bytes than those that it was processed from
 * mean to start again, even where it is completed; an unfinished file is resumed only where both checksums are known
 * and the same, as is never so in markers of older extractors, whose counts are no confirmed watermarks.
 *
 * @param checksum SHA-256 of the file in hexadecimal, `null` where it is not known
 */
export function planFile(marker: StateMarker, file: string, checksum: string | null): FilePlan {
  const entry = entryOf(marker.processing_phase.progress_by_file, file);
  if (entry === undefined || entry.status === 'pending') {
    return { action: 'start', afterRecord: 0, reason: 'not_started' };
  }
  const isKnown = checksum !== null && entry.source_checksum !== null;
  if (isKnown && !isSameSource(checksum, entry.source_checksum)) {
    return { action: 'restart', afterRecord: 0, reason: 'checksum_changed' };
  }
  if (entry.status === 'completed') {
    return { action: 'skip', afterRecord: entry.messages_published, reason: 'completed' };
  }
  if (!isKnown) return { action: 'restart', afterRecord: 0, reason: 'checksum_unknown' };
  return entry.messages_published === 0
    ? { action: 'start', afterRecord: 0, reason: 'nothing_confirmed' }
    : { action: 'resume', afterRecord: entry.messages_published, reason: 'watermark' };
}
