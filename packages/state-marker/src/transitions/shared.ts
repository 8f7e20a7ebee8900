import { IllegalTransitionError, StateMarkerError, type TransitionRule } from '../errors.js';
import { MAX_ERRORS, type StateMarker, type Status, type Summary } from '../marker.js';
import { dataTypeOf } from '../version.js';

/** @throws `INVALID_ARGUMENT` for an invalid date */
export const timestamp = (now: Date): string => {
  if (!(now instanceof Date) || Number.isNaN(now.getTime())) {
    throw new StateMarkerError('INVALID_ARGUMENT', `\`now\` must be a valid date, not ${String(now)}`);
  }
  return now.toISOString();
};

/** @throws `INVALID_ARGUMENT` unless the value is a whole number from 0 up */
export const assertCount = (name: string, value: number): void => {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new StateMarkerError('INVALID_ARGUMENT', `${name} must be a whole number from 0 up, not ${value}`);
  }
};

/** @throws `INVALID_ARGUMENT` for an empty list or name, or a name given twice */
export const assertFiles = (files: readonly string[]): void => {
  if (files.length === 0) throw new StateMarkerError('INVALID_ARGUMENT', 'a phase needs at least one file');
  for (const file of files) assertFile(file);
  if (new Set(files).size !== files.length) {
    throw new StateMarkerError('INVALID_ARGUMENT', `a file is named twice: ${files.join(', ')}`);
  }
};

/** @throws `INVALID_ARGUMENT` for an empty name */
export const assertFile = (file: string): void => {
  if (file === '') throw new StateMarkerError('INVALID_ARGUMENT', 'a file name is empty');
};

/** Refuses a step of `transition`. */
export const refuse = (
  transition: string,
  rule: TransitionRule,
  message: string,
  about: { file?: string; status?: Status | undefined } = {},
): never => {
  throw new IllegalTransitionError({ transition, rule, message, ...about });
};

/** The entry of that name. An object's inherited properties are no entries. */
export const entryOf = <T>(entries: Readonly<Record<string, T>>, file: string): T | undefined =>
  Object.hasOwn(entries, file) ? entries[file] : undefined;

export const appendError = (errors: readonly string[], error: string): readonly string[] =>
  [...errors, error].slice(-MAX_ERRORS);

/** The marker with new values in one phase or the summary, the other fields of it as they are. */
export const amend = <K extends 'download_phase' | 'processing_phase' | 'publishing_phase' | 'summary'>(
  marker: StateMarker,
  part: K,
  values: Partial<StateMarker[K]>,
): StateMarker => ({ ...marker, [part]: { ...marker[part], ...values } });

/** Brings all that is derived from the files up to date: counts, sums, `current_file` and `files_by_type`. */
export const derive = (marker: StateMarker, now: Date): StateMarker => {
  const downloads = Object.values(marker.download_phase.downloads_by_file);
  const files = Object.values(marker.processing_phase.progress_by_file);
  const result = {
    ...marker,
    last_updated: timestamp(now),
    download_phase: {
      ...marker.download_phase,
      files_downloaded: downloads.filter(isCompleted).length,
      bytes_downloaded: sum(downloads, (file) => file.bytes_downloaded),
    },
    processing_phase: {
      ...marker.processing_phase,
      files_processed: files.filter(isCompleted).length,
      records_extracted: sum(files, (file) => file.records_extracted),
      current_file: currentFile(marker),
    },
    publishing_phase: {
      ...marker.publishing_phase,
      messages_published: sum(files, (file) => file.messages_published),
      batches_sent: sum(files, (file) => file.batches_sent),
    },
    summary: { ...marker.summary, files_by_type: filesByType(marker) },
  };
  return result;
};

export const isCompleted = (entry: { readonly status: Status }): boolean => entry.status === 'completed';

const sum = <T>(entries: readonly T[], amount: (entry: T) => number): number =>
  entries.reduce((total, entry) => total + amount(entry), 0);

/** The one that is named stays while it is in progress; then it is the one started last of the others. */
const currentFile = (marker: StateMarker): string | null => {
  const { current_file: named, progress_by_file: files } = marker.processing_phase;
  if (named !== null && entryOf(files, named)?.status === 'in_progress') return named;
  const running = Object.entries(files).filter(([, file]) => file.status === 'in_progress');
  const byStart = running.sort(([, a], [, b]) => Date.parse(a.started_at ?? '') - Date.parse(b.started_at ?? ''));
  return byStart.at(-1)?.[0] ?? null;
};

/** From least to most remarkable: what a type's status is where it has several files. */
const RANK: readonly Status[] = ['completed', 'pending', 'in_progress', 'failed'];

const filesByType = (marker: StateMarker): Summary['files_by_type'] => {
  const found = new Map<string, Status>();
  for (const [file, { status }] of Object.entries(marker.processing_phase.progress_by_file)) {
    const type = dataTypeOf(file);
    if (type === undefined) continue;
    const other = found.get(type) ?? status;
    found.set(type, RANK.indexOf(other) > RANK.indexOf(status) ? other : status);
  }
  return { ...marker.summary.files_by_type, ...Object.fromEntries(found) };
};
