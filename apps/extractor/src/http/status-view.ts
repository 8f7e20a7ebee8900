import type { FileStatus } from '../status/service-state.js';
import { SAMPLE_INTERVAL_MS, type TypeRates } from '../status/throughput.js';
import { currentTask, extractionProgress, progressOf, readinessProblems } from './health.js';
import { dumpTime, type ServiceView } from './service-view.js';

export interface StatusOptions {
  /** Whether `POST /trigger` can be called, that is, whether a token is set. */
  readonly canTrigger: boolean;
}

/** The body of `GET /status`: everything that the status page shows. */
export const statusView = (view: ServiceView, { canTrigger }: StatusOptions, now: number): Record<string, unknown> => {
  const { board, sink } = view;
  const { state, throughput } = board;
  const delivery = view.delivery();
  return {
    service: 'extractor',
    version: view.version,
    now: iso(now),
    started_at: iso(state.startedAt),
    phase: state.phase,
    extraction_status: state.status,
    current_task: currentTask(state),
    progress: progressOf(state),
    extraction_progress: extractionProgress(state),
    not_ready_because: readinessProblems(view),
    sink,
    dump:
      state.version === undefined
        ? null
        : { version: state.version, age_days: Math.floor((now - dumpTime(state.version)) / 86_400_000) },
    check: state.run ? { cause: state.run.cause, started_at: iso(state.run.startedAt) } : null,
    last_check: state.lastRun
      ? {
          outcome: state.lastRun.outcome,
          ended_at: iso(state.lastRun.endedAt),
          seconds: Number(state.lastRun.seconds.toFixed(3)),
        }
      : null,
    last_success_at: iso(state.lastSuccessAt),
    next_check_at: iso(state.nextRunAt),
    failures: state.failures,
    files: state.files.map((file) => {
      const connection = delivery?.connections.find((other) => other.file === file.file);
      return {
        ...fileView(file, throughput.rates(file.dataType, file.startedAt ?? 0)),
        connection: connection
          ? {
              condition: connection.condition,
              since: connection.since.toISOString(),
              reason: connection.reason ?? null,
              in_flight: connection.unsettled,
            }
          : null,
      };
    }),
    problems: state.problems.map(({ at, code, message, file }) => ({ at: iso(at), code, message, file: file ?? null })),
    throughput: { seconds_between: SAMPLE_INTERVAL_MS / 1000, ...seriesView(throughput.series()) },
    can_trigger: canTrigger,
  };
};

const fileView = (file: FileStatus, rates: TypeRates): Record<string, unknown> => {
  const isDownloading = file.state === 'downloading';
  const done = isDownloading ? file.downloaded : file.read;
  const bytesPerSecond = isDownloading ? rates.downloadedBytesPerSecond : rates.dumpBytesPerSecond;
  const isInProgress = isDownloading || file.state === 'extracting';
  return {
    data_type: file.dataType,
    file: file.file,
    state: file.state,
    size_bytes: file.size ?? null,
    downloaded_bytes: file.downloaded,
    read_bytes: file.read,
    progress: file.size ? Math.min(1, Number((done / file.size).toFixed(4))) : null,
    records: file.records,
    confirmed: file.confirmed,
    malformed: file.malformed,
    irregularities: Object.fromEntries(Object.entries(file.irregularities).filter(([, count]) => count > 0)),
    records_per_second: isInProgress ? rates.recordsPerSecond : 0,
    bytes_per_second: isInProgress ? bytesPerSecond : 0,
    seconds_left:
      isInProgress && file.size !== undefined && bytesPerSecond > 0
        ? Math.max(0, Math.round((file.size - done) / bytesPerSecond))
        : null,
    last_progress_at: iso(file.lastProgressAt),
    error: file.error ?? null,
  };
};

const seriesView = (series: {
  readonly records: readonly number[];
  readonly downloadedBytes: readonly number[];
}): Record<string, unknown> => ({ records: series.records, downloaded_bytes: series.downloadedBytes });

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
