import { StateMarkerError, type TransitionRule } from '../errors.js';
import {
  type FileDownload,
  type FileProgress,
  MAX_ERRORS,
  type RunSummary,
  type StateMarker,
  type Status,
} from '../marker.js';
import { checks } from '../option-checks.js';
import { dataTypeOf } from '../version.js';

/* What the transitions have in common: checks of arguments and of the marker's status, and changes of its parts. */

/** The parts of a marker that transitions change. */
type Part = 'download_phase' | 'processing_phase' | 'publishing_phase' | 'summary';

/** The phases that list files. */
type FilePhase = 'download_phase' | 'processing_phase';

const PHASE_NAMES = {
  download_phase: 'download',
  processing_phase: 'processing',
  publishing_phase: 'publishing',
} as const;

/** @throws `INVALID_OPTIONS` for an invalid date */
export const timestamp = (now: Date): string => {
  if (!(now instanceof Date) || Number.isNaN(now.getTime())) return checks.fail('now', 'a valid Date', now);
  return now.toISOString();
};

/** @throws `INVALID_OPTIONS` unless the value is a whole number of at least 0 */
export const assertCount = (name: string, value: number): void => {
  checks.wholeNumber(name, value, { min: 0 });
};

/** @throws `INVALID_OPTIONS` for an empty list or name, or a name given twice */
export const assertFiles = (files: readonly string[]): void => {
  if (checks.list('files', files).length === 0) {
    throw new StateMarkerError('INVALID_OPTIONS', 'files must name at least one file');
  }
  for (const file of files) assertFile(file);
  const repeated = files.find((file, index) => files.indexOf(file) !== index);
  if (repeated !== undefined) throw new StateMarkerError('INVALID_OPTIONS', `files must not name ${repeated} twice`);
};

/** @throws `INVALID_OPTIONS` for an empty name */
export const assertFile = (file: string): void => {
  if (file === '') checks.fail('file', 'the name of a dump file', file);
};

/** Refuses a step of `transition`. */
export const refuse = (
  transition: string,
  rule: TransitionRule,
  message: string,
  { file, status }: { file?: string | undefined; status?: Status | undefined } = {},
): never => {
  const subject = file === undefined ? '' : ` (${file})`;
  throw new StateMarkerError('ILLEGAL_TRANSITION', `Cannot ${transition}${subject}: ${message}`, {
    facts: { transition, rule, file, status },
  });
};

/** @throws `ILLEGAL_TRANSITION` `phase_not_in_progress` */
export const assertInProgress = (transition: string, marker: StateMarker, phase: FilePhase): void => {
  const { status } = marker[phase];
  if (status !== 'in_progress') {
    refuse(transition, 'phase_not_in_progress', `the ${PHASE_NAMES[phase]} phase is ${status}`, { status });
  }
};

/** @throws `ILLEGAL_TRANSITION` `unfinished_files` for a file that is not completed, or if there is no file */
export const assertAllCompleted = (transition: string, entries: Readonly<Record<string, { status: Status }>>): void => {
  const unfinished = unfinishedNames(entries);
  if (unfinished.length === 0 && Object.keys(entries).length > 0) return;
  const message = unfinished.length > 0 ? `not completed: ${unfinished.join(', ')}` : 'the phase has no files';
  refuse(transition, 'unfinished_files', message);
};

export const isCompleted = (entry: { readonly status: Status }): boolean => entry.status === 'completed';

/** The names of the entries that are not completed, in their order. */
export const unfinishedNames = (entries: Readonly<Record<string, { readonly status: Status }>>): string[] =>
  Object.entries(entries).flatMap(([name, entry]) => (isCompleted(entry) ? [] : [name]));

/** The entry of that name; an object's inherited properties are not entries. */
export const entryOf = <Entry>(entries: Readonly<Record<string, Entry>>, file: string): Entry | undefined =>
  Object.hasOwn(entries, file) ? entries[file] : undefined;

/** The entries that `isKept` accepts, then a new one for each of `files` that has none yet. */
export const mergeEntries = <Entry extends FileDownload | FileProgress>(
  entries: Readonly<Record<string, Entry>>,
  files: readonly string[],
  newEntry: Entry,
  isKept: (entry: Entry) => boolean,
): Record<string, Entry> => {
  const kept = Object.entries(entries).filter(([file, entry]) => files.includes(file) || isKept(entry));
  const added = files.filter((file) => !Object.hasOwn(entries, file)).map((file) => [file, newEntry] as const);
  return Object.fromEntries([...kept, ...added]);
};

/**
 * The entries with new values in one of them, which is added if it is missing. A field whose new value is `undefined` is
 * removed: the marker equals what is read back from its text.
 */
export const updateEntry = <Entry extends FileDownload | FileProgress>(
  entries: Readonly<Record<string, Entry>>,
  file: string,
  newEntry: Entry,
  values: Partial<Entry>,
): Record<string, Entry> => {
  assertFile(file);
  const updated: Entry = { ...(entryOf(entries, file) ?? newEntry), ...values };
  for (const [key, value] of Object.entries(values)) if (value === undefined) Reflect.deleteProperty(updated, key);
  return { ...entries, [file]: updated };
};

/** The marker with new values in one part; the part's other fields stay. */
export const updatePart = <Name extends Part>(
  marker: StateMarker,
  part: Name,
  values: Partial<StateMarker[Name]>,
): StateMarker => ({ ...marker, [part]: { ...marker[part], ...values } });

/** The marker with one more error in a phase. */
export const addError = (marker: StateMarker, phase: Exclude<Part, 'summary'>, error: string): StateMarker =>
  updatePart(marker, phase, { errors: [...marker[phase].errors, error].slice(-MAX_ERRORS) });

/**
 * Ends a phase as failed, and with it the run.
 *
 * @throws `ILLEGAL_TRANSITION` `already_completed`
 */
export const failPhase = (
  transition: string,
  marker: StateMarker,
  phase: Exclude<Part, 'summary'>,
  error: string,
  now: Date,
): StateMarker => {
  const { status } = marker[phase];
  if (status === 'completed') {
    refuse(transition, 'already_completed', `the ${PHASE_NAMES[phase]} phase is completed`, { status });
  }
  const failed = updatePart(addError(marker, phase, error), phase, { status: 'failed' });
  const ended = phase === 'publishing_phase' ? failed : updatePart(failed, phase, { completed_at: null });
  return updateDerivedFields(updatePart(ended, 'summary', { overall_status: 'failed' }), now);
};

/** Updates all that is derived from the files (counts, sums, `current_file`, `files_by_type`), and `last_updated`. */
export const updateDerivedFields = (marker: StateMarker, now: Date): StateMarker => {
  const downloads = Object.values(marker.download_phase.downloads_by_file);
  const files = Object.values(marker.processing_phase.progress_by_file);
  return {
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
};

const sum = <Entry>(entries: readonly Entry[], amountOf: (entry: Entry) => number): number =>
  entries.reduce((total, entry) => total + amountOf(entry), 0);

/** The named file while it is in progress; then the one of the others that was started last. */
const currentFile = (marker: StateMarker): string | null => {
  const { current_file: named, progress_by_file: files } = marker.processing_phase;
  if (named !== null && entryOf(files, named)?.status === 'in_progress') return named;
  const running = Object.entries(files).filter(([, file]) => file.status === 'in_progress');
  const byStart = running.sort(([, a], [, b]) => Date.parse(a.started_at ?? '') - Date.parse(b.started_at ?? ''));
  return byStart.at(-1)?.[0] ?? null;
};

/** Of several files of a type, the one whose status comes last here decides the type's status. */
const STATUS_PRECEDENCE: readonly Status[] = ['completed', 'pending', 'in_progress', 'failed'];

const filesByType = (marker: StateMarker): RunSummary['files_by_type'] => {
  const byType = new Map<string, Status>();
  for (const [file, { status }] of Object.entries(marker.processing_phase.progress_by_file)) {
    const type = dataTypeOf(file);
    if (type === undefined) continue;
    const other = byType.get(type) ?? status;
    byType.set(type, STATUS_PRECEDENCE.indexOf(other) > STATUS_PRECEDENCE.indexOf(status) ? other : status);
  }
  return { ...marker.summary.files_by_type, ...Object.fromEntries(byType) };
};
