import { qualityFacts } from '../report/quality-text.js';
import { fileWork, fractionOf, isDelivered, secondsLeft } from '../status/progress.js';
import type { FileStatus, ServiceState } from '../status/service-state.js';
import { SAMPLE_INTERVAL_MS, type Throughput } from '../status/throughput.js';
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
    seconds_left: secondsLeft(state, throughput) ?? null,
    extraction_progress: extractionProgress(state),
    standby: state.standby ? { since: iso(state.standby.since), holder: state.standby.holder ?? null } : null,
    not_ready_because: readinessProblems(view),
    sink,
    dump:
      state.version === undefined
        ? null
        : { version: state.version, age_days: Math.floor((now - dumpTime(state.version)) / 86_400_000) },
    extraction_complete: completionView(state),
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
        ...fileView(file, throughput),
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

const completionView = ({ extractionComplete }: ServiceState): Record<string, unknown> | null => {
  if (extractionComplete === undefined) return null;
  const { at, withheldBecause } = extractionComplete;
  return { sent_at: withheldBecause.length > 0 ? null : iso(at), withheld_because: withheldBecause };
};

const fileView = (file: FileStatus, throughput: Pick<Throughput, 'rates'>): Record<string, unknown> => {
  const isDownloading = file.state === 'downloading';
  const isInProgress = isDownloading || file.state === 'extracting';
  const { bytes, perSecond } = fileWork(file, isDownloading ? 'downloading' : 'processing', throughput);
  const { recordsPerSecond } = throughput.rates(file.dataType, file.startedAt ?? 0);
  return {
    data_type: file.dataType,
    file: file.file,
    state: file.state,
    size_bytes: file.size ?? null,
    downloaded_bytes: file.downloaded,
    read_bytes: file.read,
    delivered_bytes: file.delivered,
    progress: file.size
      ? fractionOf(isDownloading ? file.downloaded : file.delivered, file.size, isDelivered(file))
      : null,
    records: file.records,
    confirmed: file.confirmed,
    malformed: file.malformed,
    undelivered: file.undelivered,
    missing: file.missing,
    irregularities: Object.fromEntries(Object.entries(file.irregularities).filter(([, count]) => count > 0)),
    drift: driftView(file),
    quality: file.quality ? qualityFacts(file.quality) : null,
    changes: file.changes ?? null,
    records_per_second: isInProgress ? recordsPerSecond : 0,
    bytes_per_second: perSecond,
    seconds_left: bytes !== undefined && perSecond > 0 ? Math.round(bytes / perSecond) : null,
    last_progress_at: iso(file.lastProgressAt),
    error: file.error ?? null,
  };
};

const driftView = ({ drift }: FileStatus): Record<string, unknown> | null =>
  drift === undefined
    ? null
    : { compared_with: drift.comparedWith ?? null, counts: drift.counts, changes: drift.changes, report: drift.report };

const seriesView = (series: {
  readonly records: readonly number[];
  readonly downloadedBytes: readonly number[];
}): Record<string, unknown> => ({ records: series.records, downloaded_bytes: series.downloadedBytes });

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
