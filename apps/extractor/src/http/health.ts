import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { FileStatus, ServiceState } from '../status/service-state.js';
import type { ServiceView } from './service-view.js';

/** What is being done, in words; `null` while nothing is. */
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
      return `Fetching dump ${version}: ${types('downloading') || types('pending')}`;
    case 'processing': {
      const extracting = types('extracting') || types('downloaded');
      return extracting ? `Processing ${extracting}` : `Finishing dump ${version}`;
    }
    case 'stopping':
      return 'Stopping';
    case 'starting':
    case 'waiting':
      return null;
  }
};

/** How much of the phase under way is done, from 0 to 1, by bytes; 1 when a pass went well. */
export const progressOf = ({ phase, status, files }: ServiceState): number => {
  if (status === 'completed' || status === 'waiting') return 1;
  const total = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  if (total === 0) return 0;
  const done = files.reduce((sum, { downloaded, read }) => sum + (phase === 'downloading' ? downloaded : read), 0);
  return Math.min(1, Number((done / total).toFixed(4)));
};

/** Records of each type that the present (or last) pass has behind it, and `total`. */
export const extractionProgress = ({ files }: ServiceState): Record<DataType | 'total', number> => {
  const of = (type: DataType): number => files.find(({ dataType }) => dataType === type)?.records ?? 0;
  const byType = Object.fromEntries(DATA_TYPES.map((type) => [type, of(type)])) as Record<DataType, number>;
  return { ...byType, total: DATA_TYPES.reduce((sum, type) => sum + byType[type], 0) };
};

/** The body of `GET /health` (DESIGN 7.3). `last_extraction_time`: seconds since a type's last record, or `null`. */
export const health = ({ board: { state } }: ServiceView, now: number): Record<string, unknown> => ({
  status: 'healthy',
  service: 'extractor',
  current_task: currentTask(state),
  progress: progressOf(state),
  extraction_progress: extractionProgress(state),
  last_extraction_time: Object.fromEntries(
    DATA_TYPES.map((type) => {
      const at = state.files.find(({ dataType }) => dataType === type)?.lastRecordAt;
      return [type, at === undefined ? null : Math.max(0, (now - at) / 1000)];
    }),
  ),
  timestamp: new Date(now).toISOString(),
  extraction_status: state.status,
  ...(state.status === 'failed' ? { error_message: state.problems[0]?.message ?? 'The extraction failed' } : {}),
});

/** The body of `GET /metrics` as the older extractors had it. */
export const flatMetrics = ({ board: { state } }: ServiceView): Record<string, number> => {
  const progress = extractionProgress(state);
  const count = (...states: FileStatus['state'][]): number =>
    state.files.filter((file) => states.includes(file.state)).length;
  return {
    ...Object.fromEntries(Object.entries(progress).map(([type, records]) => [`extraction_progress_${type}`, records])),
    completed_files: count('completed', 'skipped'),
    active_connections: count('extracting'),
    error_count: state.errorsOfCheck,
  };
};

/** Why the service is not ready; empty where it is (DESIGN 7.3: 200 or 503). */
export const notReadyBecause = ({ board: { state }, delivery }: ServiceView): string[] => {
  const reasons: string[] = [];
  if (state.phase === 'stopping') reasons.push('the service is stopping');
  if (state.version === undefined) reasons.push('no dump was found yet');
  for (const { file, condition } of delivery()?.connections ?? []) {
    if (condition === 'disconnected') reasons.push(`${file} has no connection to the broker`);
  }
  return reasons;
};
