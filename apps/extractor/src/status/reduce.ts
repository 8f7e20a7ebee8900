import type { DataType } from '../config/data-type.js';
import { describeError, errorCodeOf } from '../errors.js';
import type { ServiceEvent } from '../events/service-events.js';
import { type FileEvent, newFileStatus, reduceFile } from './reduce-file.js';
import type { FileState, Phase, ServiceState, Totals, TypeTotals } from './service-state.js';

/** As many problems as a person reads. */
const PROBLEMS_KEPT = 20;

/** What the service's state becomes through an event. Pure: the time comes as an argument. */
export const reduce = (state: ServiceState, event: ServiceEvent, now: number): ServiceState => {
  switch (event.type) {
    case 'check-started':
      return {
        ...state,
        phase: 'checking',
        status: 'running',
        check: { cause: event.cause, startedAt: now },
        nextCheckAt: undefined,
        files: [],
        errorsOfCheck: 0,
      };
    case 'pass-started':
      return {
        ...state,
        version: event.version,
        files: event.files.map(({ file, dataType, bytes: size }) => newFileStatus({ file, dataType, size })),
      };
    case 'check-ended': {
      const { outcome, seconds, error } = event;
      const isGood = outcome === 'completed' || outcome === 'skipped';
      const ended: ServiceState = {
        ...state,
        status: outcome === 'failed' ? 'failed' : outcome === 'stopped' ? 'idle' : 'completed',
        check: undefined,
        // Those that another one's failure, or a stop, cut short.
        files: state.files.map((file) => (UNDER_WAY.has(file.state) ? { ...file, state: 'stopped' } : file)),
        lastCheck: { outcome, endedAt: now, seconds },
        lastSuccessAt: isGood ? now : state.lastSuccessAt,
        failures: outcome === 'failed' ? state.failures + 1 : outcome === 'stopped' ? state.failures : 0,
        totals: { ...state.totals, checks: plus(state.totals.checks, outcome) },
      };
      return error === undefined ? ended : withProblem(ended, error, undefined, now);
    }
    case 'check-scheduled':
      return {
        ...state,
        phase: 'waiting',
        status: state.status === 'failed' ? 'failed' : 'waiting',
        nextCheckAt: event.at.getTime(),
      };
    case 'trigger-called':
      return { ...state, totals: { ...state.totals, triggers: plus(state.totals.triggers, event.result) } };
    case 'stopping':
      return { ...state, phase: 'stopping', nextCheckAt: undefined };
    case 'download-started':
    case 'download-progress':
    case 'download-retry':
    case 'download-finished':
    case 'download-failed':
    case 'file-started':
    case 'file-progress':
    case 'record-malformed':
    case 'file-finished':
      return withProblemOf(event, withFile(state, event, now), now);
    case 'marker-set-aside':
    case 'earlier-marker-unreadable':
    case 'metadata-set-aside':
    case 'version-passed-over':
    case 'version-pruned':
    // What it is that stands still can be seen from when it last moved.
    case 'file-stalled':
    case 'file-moving':
    // `check-ended` says the same.
    case 'pass-finished':
    case 'pass-failed':
      return state;
  }
};

const withFile = (state: ServiceState, event: FileEvent, now: number): ServiceState => {
  const known = state.files.find(({ file }) => file === event.file);
  // A checksum file, say: fetched, but none that is extracted.
  if (!known) return state;
  const { file, added } = reduceFile(known, event, now);
  const files = state.files.map((other) => (other === known ? file : other));
  const totals = withTotals(state.totals, file.dataType, added);
  return { ...state, files, totals, phase: state.phase === 'stopping' ? 'stopping' : phaseOf(files) };
};

const UNDER_WAY: ReadonlySet<FileState> = new Set(['downloading', 'extracting']);
const BEFORE: ReadonlySet<FileState> = new Set(['pending', 'downloading']);

/** All files are fetched before the first one is extracted. */
const phaseOf = (files: ServiceState['files']): Phase =>
  files.some(({ state }) => BEFORE.has(state)) ? 'downloading' : 'processing';

const withProblemOf = (event: FileEvent, state: ServiceState, now: number): ServiceState =>
  (event.type === 'download-failed' || event.type === 'file-finished') && event.error !== undefined
    ? withProblem(state, event.error, event.file, now)
    : state;

const withProblem = (state: ServiceState, error: unknown, file: string | undefined, now: number): ServiceState => {
  const message = describeError(error);
  // A download that failed ends the pass with the same error.
  if (state.problems[0]?.message === message && state.errorsOfCheck > 0) return state;
  const code = errorCodeOf(error) ?? 'UNKNOWN';
  return {
    ...state,
    errorsOfCheck: state.errorsOfCheck + 1,
    problems: [{ at: now, code, message, file }, ...state.problems].slice(0, PROBLEMS_KEPT),
    totals: { ...state.totals, errors: plus(state.totals.errors, code) },
  };
};

const withTotals = (totals: Totals, type: DataType, added: Partial<TypeTotals>): Totals => {
  const before = totals.byType[type];
  const after: TypeTotals = {
    recordsRead: before.recordsRead + (added.recordsRead ?? 0),
    recordsConfirmed: before.recordsConfirmed + (added.recordsConfirmed ?? 0),
    dumpBytesRead: before.dumpBytesRead + (added.dumpBytesRead ?? 0),
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
