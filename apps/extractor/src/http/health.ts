import { DATA_TYPES, type DataType } from '../config/data-type.js';
import { isConnectedToBroker } from '../sinks/delivery-status.js';
import { fractionOf, isDelivered } from '../status/progress.js';
import type { FileStatus, ServiceState } from '../status/service-state.js';
import type { ServiceView } from './service-view.js';

/** What the service is doing, in words; `null` while it is doing nothing. */
export const currentTask = ({ phase, files, version }: ServiceState): string | null => {
  const types = (state: FileStatus['state']): string =>
    files
      .filter((file) => file.state === state)
      .map(({ dataType }) => dataType)
      .join(', ');
  switch (phase) {
    case 'checking':
      return 'Looking for a dump';
    case 'downloading':
      return `Downloading dump ${version}: ${types('downloading') || types('pending')}`;
    case 'processing': {
      const extracting = types('extracting') || types('downloaded');
      return extracting ? `Processing ${extracting}` : `Finishing dump ${version}`;
    }
    case 'standby':
      return 'Waiting for the data folder, in which another extractor works';
    case 'stopping':
      return 'Stopping';
    case 'starting':
    case 'waiting':
      return null;
  }
};

/**
 * Progress of the current phase, from 0 to 1, by bytes; an extraction counts what is confirmed. It is 1 only if nothing
 * is left, as after a successful run.
 */
export const progressOf = ({ phase, status, files }: ServiceState): number => {
  const isDownload = phase === 'downloading';
  const total = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const done = files.reduce((sum, { downloaded, delivered }) => sum + (isDownload ? downloaded : delivered), 0);
  const isDone = status === 'completed' || status === 'waiting' || (files.length > 0 && files.every(isDelivered));
  return fractionOf(done, total, isDone);
};

/** Records of each type read so far, those of earlier runs included, and `total`. */
export const extractionProgress = ({ files }: ServiceState): Record<DataType | 'total', number> => {
  const recordsOf = (type: DataType): number => files.find(({ dataType }) => dataType === type)?.records ?? 0;
  const byType = Object.fromEntries(DATA_TYPES.map((type) => [type, recordsOf(type)])) as Record<DataType, number>;
  return { ...byType, total: DATA_TYPES.reduce((sum, type) => sum + byType[type], 0) };
};

/** The body of `GET /health`. `last_extraction_time`: seconds since a type's last record, or `null`. */
export const health = ({ board: { state }, contract }: ServiceView, now: number): Record<string, unknown> => ({
  status: 'healthy',
  service: 'extractor',
  current_task: currentTask(state),
  progress: progressOf(state),
  // The type of MusicBrainz's, which the platform's extractor lists for Discogs too.
  extraction_progress: { ...(contract === 'fanout' && { release_groups: 0 }), ...extractionProgress(state) },
  last_extraction_time: {
    ...(contract === 'fanout' && { release_groups: null }),
    ...Object.fromEntries(
      DATA_TYPES.map((type) => {
        const at = state.files.find(({ dataType }) => dataType === type)?.lastRecordAt;
        return [type, at === undefined ? null : Math.max(0, (now - at) / 1000)];
      }),
    ),
  },
  timestamp: new Date(now).toISOString(),
  extraction_status: state.status,
  ...(state.status === 'failed' ? { error_message: state.problems[0]?.message ?? 'The extraction failed' } : {}),
});

/** The body of `GET /metrics` for `Accept: application/json`, as the older extractors had it. */
export const flatMetrics = ({ board: { state } }: ServiceView): Record<string, number> => {
  const progress = extractionProgress(state);
  const count = (...states: FileStatus['state'][]): number =>
    state.files.filter((file) => states.includes(file.state)).length;
  return {
    ...Object.fromEntries(Object.entries(progress).map(([type, records]) => [`extraction_progress_${type}`, records])),
    completed_files: count('completed', 'skipped'),
    active_connections: count('extracting'),
    error_count: state.errorsOfRun,
  };
};

/** Codes of errors with which the broker refuses, or does not respond. */
const BROKER_ERRORS: ReadonlySet<string> = new Set([
  ...['UNREACHABLE', 'CONNECTION_LOST', 'BAD_CREDENTIALS', 'VHOST_REFUSED', 'ACCESS_REFUSED', 'TLS_FAILED'],
  ...['TOPOLOGY_CONFLICT', 'TOPOLOGY_MISSING'],
]);

/** The error because of which the last run could not deliver: between runs, nothing else shows that the broker refuses. */
const brokerErrorOf = ({ lastRun, problems }: ServiceState): string | undefined => {
  if (lastRun?.outcome !== 'failed') return undefined;
  const startedAt = lastRun.endedAt - 1000 * lastRun.seconds - CLOCK_TOLERANCE_MS;
  return problems.find(({ at, code }) => at >= startedAt && BROKER_ERRORS.has(code))?.code;
};

/** The clock of the duration is another one than that of the times. */
const CLOCK_TOLERANCE_MS = 100;

/** Whether another extractor works in the data folder, and this one waits to take over. */
export const isStandby = ({ board: { state } }: ServiceView): boolean => state.phase === 'standby';

/** Why the service is not ready; empty if it is ready. */
export const readinessProblems = (view: ServiceView): string[] => {
  const { board, delivery } = view;
  const { state } = board;
  if (isStandby(view)) {
    const holder = state.standby?.holder;
    return [`another extractor works in the data folder${holder === undefined ? '' : ` (${holder})`}`];
  }
  const reasons: string[] = [];
  const { connections = [], connectingSince } = delivery() ?? {};
  if (state.phase === 'stopping') reasons.push('the service is stopping');
  if (state.version === undefined) reasons.push('no dump was found yet');
  if (connectingSince !== undefined) reasons.push('there is no connection to the broker');
  for (const { file, condition, reason } of connections) {
    if (condition === 'disconnected') reasons.push(`${file} has no connection to the broker`);
    if (condition === 'waiting') reasons.push(`${file} waits for the queues of its consumers: ${reason}`);
  }
  const error = brokerErrorOf(state);
  const isConnected = connections.some(isConnectedToBroker);
  if (error !== undefined && !isConnected) reasons.push(`the last run failed because of the broker (${error})`);
  return reasons;
};
