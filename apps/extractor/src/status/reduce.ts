import type { DataType } from '../config/data-type.js';
import { describeError, errorCodeOf } from '../errors.js';
import type { ServiceEvent } from '../events/service-events.js';
import { type FileEvent, newFileStatus, reduceFile } from './reduce-file.js';
import type { FileState, Phase, ServiceState, Totals, TypeTotals } from './service-state.js';

/** Problems that are kept for the status page. */
const MAX_PROBLEMS = 20;

/** The service's state after an event. Pure: the time is an argument. */
export const reduce = (state: ServiceState, event: ServiceEvent, now: number): ServiceState => {
  switch (event.type) {
    case 'standby':
      return {
        ...state,
        phase: state.phase === 'stopping' ? 'stopping' : 'standby',
        standby: { since: state.standby?.since ?? now, holder: event.holder },
      };
    case 'run-started':
      return {
        ...state,
        standby: undefined,
        phase: 'checking',
        status: 'running',
        run: { cause: event.cause, startedAt: now },
        nextRunAt: undefined,
        files: [],
        errorsOfRun: 0,
      };
    case 'dump-chosen':
      return {
        ...state,
        version: event.version,
        files: event.files.map(newFileStatus),
        extractionComplete: event.decision === 'skip' ? state.extractionComplete : undefined,
      };
    case 'extraction-complete':
      return { ...state, extractionComplete: { at: now, withheldBecause: event.withheldBecause } };
    case 'run-ended': {
      const { outcome, seconds, error } = event;
      // An incomplete run has delivered everything that can be delivered; repeating it changes nothing.
      const isGood = outcome === 'completed' || outcome === 'skipped' || outcome === 'incomplete';
      const ended: ServiceState = {
        ...state,
        status: outcome === 'failed' ? 'failed' : outcome === 'stopped' ? 'idle' : 'completed',
        run: undefined,
        // A stop, or the failure of another file, ended these.
        files: state.files.map((file) => (IN_PROGRESS.has(file.state) ? { ...file, state: 'stopped' } : file)),
        lastRun: { outcome, endedAt: now, seconds },
        lastSuccessAt: isGood ? now : state.lastSuccessAt,
        failures: outcome === 'failed' ? state.failures + 1 : outcome === 'stopped' ? state.failures : 0,
        totals: { ...state.totals, runs: plus(state.totals.runs, outcome) },
      };
      return error === undefined ? ended : withProblem(ended, error, undefined, now);
    }
    case 'run-scheduled':
      return {
        ...state,
        phase: 'waiting',
        status: state.status === 'failed' ? 'failed' : 'waiting',
        nextRunAt: event.at.getTime(),
      };
    case 'trigger-called':
      return { ...state, totals: { ...state.totals, triggers: plus(state.totals.triggers, event.result) } };
    case 'stopping':
      return { ...state, phase: 'stopping', nextRunAt: undefined };
    case 'download-started':
    case 'download-progress':
    case 'download-retry':
    case 'download-finished':
    case 'download-failed':
    case 'file-started':
    case 'file-progress':
    case 'record-malformed':
    case 'format-checked':
    case 'file-finished':
      return withProblemOf(event, withFile(state, event, now), now);
    case 'marker-set-aside':
    case 'marker-not-saved':
    case 'destination-unknown':
    case 'earlier-marker-unreadable':
    case 'earlier-inventory-unreadable':
    case 'metadata-set-aside':
    case 'version-passed-over':
    case 'version-pruned':
    // `lastProgressAt` shows which file stalls.
    case 'file-stalled':
    case 'file-moving':
    // `file-started` follows.
    case 'file-restarted':
    case 'file-interrupted':
    // `file-progress` and `file-finished` have the counts.
    case 'changes-opened':
    case 'changes-distrusted':
    case 'changes-failed':
    case 'deletions-withheld':
    // What findings mean is up to the transform.
    case 'record-finding':
    case 'reports-restarted':
    case 'rules-changed':
    // `file-finished` has the error that ended the file.
    case 'reports-failed':
    // `run-ended` reports the same.
    case 'dump-finished':
    case 'run-failed':
      return state;
  }
};

const withFile = (state: ServiceState, event: FileEvent, now: number): ServiceState => {
  const known = state.files.find(({ file }) => file === event.file);
  // A file that is downloaded but not extracted, such as the checksum file.
  if (!known) return state;
  const { file, added } = reduceFile(known, event, now);
  const files = state.files.map((other) => (other === known ? file : other));
  const totals = withTotals(state.totals, file.dataType, added);
  return { ...state, files, totals, phase: state.phase === 'stopping' ? 'stopping' : phaseOf(files) };
};

const IN_PROGRESS: ReadonlySet<FileState> = new Set(['downloading', 'extracting']);
const NOT_DOWNLOADED: ReadonlySet<FileState> = new Set(['pending', 'downloading']);

/** All files are downloaded before the first one is extracted. */
const phaseOf = (files: ServiceState['files']): Phase =>
  files.some(({ state }) => NOT_DOWNLOADED.has(state)) ? 'downloading' : 'processing';

const withProblemOf = (event: FileEvent, state: ServiceState, now: number): ServiceState =>
  (event.type === 'download-failed' || event.type === 'file-finished') && event.error !== undefined
    ? withProblem(state, event.error, event.file, now)
    : state;

const withProblem = (state: ServiceState, error: unknown, file: string | undefined, now: number): ServiceState => {
  const message = describeError(error);
  // A failed download ends the run with the same error, which is counted once.
  if (state.problems[0]?.message === message && state.errorsOfRun > 0) return state;
  const code = errorCodeOf(error) ?? 'UNKNOWN';
  return {
    ...state,
    errorsOfRun: state.errorsOfRun + 1,
    problems: [{ at: now, code, message, file }, ...state.problems].slice(0, MAX_PROBLEMS),
    totals: { ...state.totals, errors: plus(state.totals.errors, code) },
  };
};

const withTotals = (totals: Totals, type: DataType, added: Partial<TypeTotals>): Totals => {
  const before = totals.byType[type];
  const after: TypeTotals = {
    recordsRead: before.recordsRead + (added.recordsRead ?? 0),
    recordsConfirmed: before.recordsConfirmed + (added.recordsConfirmed ?? 0),
    recordsPublished: before.recordsPublished + (added.recordsPublished ?? 0),
    recordsUnchanged: before.recordsUnchanged + (added.recordsUnchanged ?? 0),
    recordsDeleted: before.recordsDeleted + (added.recordsDeleted ?? 0),
    dumpBytesRead: before.dumpBytesRead + (added.dumpBytesRead ?? 0),
    dumpBytesDelivered: before.dumpBytesDelivered + (added.dumpBytesDelivered ?? 0),
    xmlBytesRead: before.xmlBytesRead + (added.xmlBytesRead ?? 0),
    bytesDownloaded: before.bytesDownloaded + (added.bytesDownloaded ?? 0),
    downloadRetries: before.downloadRetries + (added.downloadRetries ?? 0),
    malformed: plusAll(before.malformed, added.malformed),
    irregularities: plusAll(before.irregularities, added.irregularities),
  };
  return { ...totals, byType: { ...totals.byType, [type]: after } };
};

type Counts<Key extends string> = Readonly<Partial<Record<Key, number>>>;

const plus = <Key extends string>(counts: Counts<Key>, key: Key, by = 1): Counts<Key> & Record<Key, number> =>
  ({ ...counts, [key]: (counts[key] ?? 0) + by }) as Counts<Key> & Record<Key, number>;

const plusAll = (
  counts: Readonly<Record<string, number>>,
  added: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> =>
  Object.entries(added).reduce<Readonly<Record<string, number>>>((sum, [key, by]) => plus(sum, key, by), counts);
