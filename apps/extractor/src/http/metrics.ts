import { DRIFT_CHANGE_TYPES, type RuleCounts } from '@discogs-extractor/data-quality';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DATA_TYPES } from '../config/data-type.js';
import { MAX_SHOWN_RULES } from '../report/quality-text.js';
import {
  type DeliveryConnection,
  type DeliveryTotals,
  isConnectedToBroker,
  isWaitingForBroker,
} from '../sinks/delivery-status.js';
import { EXTRACTION_STATUSES, FILE_STATES, type FileStatus, PHASES, type TypeTotals } from '../status/service-state.js';
import { dumpTime, type ServiceView } from './service-view.js';

const PREFIX = 'discogs_extractor_';
const RUN_BUCKETS = [1, 10, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];
const OUTCOMES = ['completed', 'skipped', 'incomplete', 'failed', 'stopped'] as const;
const TRIGGER_RESULTS = ['accepted', 'running', 'refused', 'invalid'] as const;

/** Default gauges whose names end in `_total`, which only counters may; nothing here needs them. */
const INVALID_METRIC_NAMES = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

type Labels = Readonly<Record<string, string>>;
/** Sets a metric's values; a metric without values is omitted from the response. */
type Fill = (set: (value: number | undefined, labels?: Labels) => void) => void;

/**
 * The metrics of the service and of its process. The status board keeps the totals; this gives them their names, and
 * reads them at each request.
 */
export const createMetrics = (view: ServiceView): Registry => {
  const { board, delivery } = view;
  const register = new Registry();
  collectDefaultMetrics({ register });
  for (const name of INVALID_METRIC_NAMES) register.removeSingleMetric(name);

  const counter = (name: string, help: string, labelNames: readonly string[], fill: Fill): void => {
    new Counter({
      name: `${PREFIX}${name}`,
      help,
      labelNames: [...labelNames],
      registers: [register],
      collect() {
        this.reset();
        fill((value, labels = {}) => {
          if (value !== undefined) this.inc(labels, value);
        });
      },
    });
  };
  const gauge = (name: string, help: string, labelNames: readonly string[], fill: Fill): void => {
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      labelNames: [...labelNames],
      registers: [register],
      collect() {
        this.reset();
        // `reset` sets a gauge without labels to 0, which would report a time of 0.
        if (labelNames.length === 0) this.remove();
        fill((value, labels = {}) => {
          if (value !== undefined) this.set(labels, value);
        });
      },
    });
  };

  const ofType = (name: string, help: string, value: (totals: TypeTotals) => number): void =>
    counter(name, help, ['data_type'], (set) => {
      for (const data_type of DATA_TYPES) set(value(board.state.totals.byType[data_type]), { data_type });
    });
  ofType('records_read_total', 'Records read from the dump files', (it) => it.recordsRead);
  ofType('records_confirmed_total', 'Records confirmed by the sink', (it) => it.recordsConfirmed);
  ofType('records_published_total', 'Confirmed records that were sent', (it) => it.recordsPublished);
  ofType('records_unchanged_total', 'Confirmed records that the sink had already', (it) => it.recordsUnchanged);
  ofType('records_deleted_total', 'Confirmed tombstones: records that the dump has no more', (it) => it.recordsDeleted);
  ofType('dump_bytes_read_total', 'Compressed bytes read from the dump files', (it) => it.dumpBytesRead);
  ofType('xml_bytes_read_total', 'Bytes of XML read', (it) => it.xmlBytesRead);
  ofType('downloaded_bytes_total', 'Bytes downloaded from the source of dumps', (it) => it.bytesDownloaded);
  ofType('download_retries_total', 'Failed downloads that were retried', (it) => it.downloadRetries);

  const byKind = (name: string, help: string, label: string, counts: (of: TypeTotals) => Counts): void =>
    counter(name, help, ['data_type', label], (set) => {
      for (const data_type of DATA_TYPES) {
        for (const [kind, count] of Object.entries(counts(board.state.totals.byType[data_type]))) {
          set(count, { data_type, [label]: kind });
        }
      }
    });
  byKind('records_malformed_total', 'Malformed records, kept in the quarantine', 'reason', (it) => it.malformed);
  byKind('irregularities_total', 'Irregularities in the XML', 'kind', (it) => it.irregularities);

  const ofDelivery = (name: string, help: string, value: (totals: DeliveryTotals) => number): void =>
    counter(name, help, ['data_type'], (set) => {
      const totals = delivery()?.totalsByType;
      if (!totals) return;
      for (const data_type of DATA_TYPES) {
        const of = totals[data_type];
        set(of ? value(of) : 0, { data_type });
      }
    });
  ofDelivery('messages_published_total', 'Messages sent to the broker, each counted once', (it) => it.published);
  ofDelivery('message_bytes_published_total', 'Bytes of their bodies', (it) => it.publishedBytes);
  ofDelivery('messages_confirmed_total', 'Messages acked by the broker and not returned', (it) => it.confirmed);
  ofDelivery('messages_nacked_total', 'Messages that the broker refused', (it) => it.nacks);
  ofDelivery('messages_returned_total', 'Messages returned because no queue was bound for them', (it) => it.returns);
  ofDelivery('messages_republished_total', 'Messages sent again, possible duplicates', (it) => it.republished);
  ofDelivery('broker_reconnects_total', 'Connections of a file after its first', (it) => it.reconnects);
  ofDelivery(
    'broker_connection_failures_total',
    'Lost connections and failed attempts to connect',
    (it) => it.connectionFailures,
  );
  ofDelivery(
    'broker_blocked_seconds_total',
    'Time during which the broker blocked publishing',
    (it) => it.blockedSeconds,
  );

  const ofConnection = (name: string, help: string, value: (of: DeliveryConnection) => number): void =>
    gauge(name, help, ['data_type'], (set) => {
      const connections = delivery()?.connections;
      if (!connections) return;
      for (const data_type of DATA_TYPES) {
        const of = connections.find(({ dataType }) => dataType === data_type);
        set(of ? value(of) : 0, { data_type });
      }
    });
  ofConnection('window_messages', 'Messages in flight, which are not confirmed yet', (it) => it.unsettled);
  ofConnection('window_bytes', 'Bytes of the bodies in flight', (it) => it.windowBytes);
  ofConnection('broker_connected', '1 while a file has its connection to the broker', (it) =>
    isConnectedToBroker(it) ? 1 : 0,
  );
  ofConnection('broker_blocked', '1 while the broker blocks publishing because of an alarm', (it) =>
    it.condition === 'blocked' ? 1 : 0,
  );
  ofConnection(
    'expected_queues_missing',
    'Queues that consumers have not declared yet, while a file waits for them',
    (it) => it.missingQueues.length,
  );
  gauge('broker_waiting', '1 while a connection to the broker is wanted and there is none', [], (set) => {
    const status = delivery();
    if (status) set(isWaitingForBroker(status) ? 1 : 0);
  });
  gauge('window_limit_messages', 'Messages of a file that may be in flight', [], (set) => set(view.queueSize));

  const ofFile = (name: string, help: string, value: (file: FileStatus) => number | undefined): void =>
    gauge(name, help, ['data_type'], (set) => {
      for (const file of board.state.files) set(value(file), { data_type: file.dataType });
    });
  ofFile('pipeline_queued_records', 'Records read, but not confirmed yet', (it) =>
    it.state === 'extracting' ? Math.max(0, it.records - it.confirmed) : 0,
  );
  ofFile('file_size_bytes', 'Size of the dump file', (it) => it.size);
  ofFile('file_downloaded_bytes', 'Bytes of the dump file in the data folder', (it) => it.downloaded);
  ofFile('file_read_bytes', 'Bytes of the dump file read for extraction', (it) => it.read);
  ofFile('file_delivered_bytes', 'Bytes of the dump file up to the last confirmed record', (it) => it.delivered);
  ofFile(
    'file_confirmed_records',
    'Confirmed records of the dump file, those of earlier runs included',
    (it) => it.confirmed,
  );
  ofFile('file_published_records', 'Records of the dump file that were sent', (it) => it.changes?.published);
  ofFile('file_unchanged_records', 'Records of the dump file that the sink had already', (it) => it.changes?.unchanged);
  ofFile('file_deleted_records', 'Tombstones for records that the dump file has no more', (it) => it.changes?.deleted);
  ofFile(
    'file_undelivered',
    'Malformed records, places with content outside of records, and missing messages of the dump file, once it has ended',
    (it) => it.undelivered,
  );
  ofFile(
    'file_missing_messages',
    'Confirmed messages of the dump file that their queues do not have any more, although nothing consumes from them',
    (it) => it.missing,
  );
  gauge(
    'format_changes',
    'Changes of the format of the dump file since the dump before, or deviations from the known format',
    ['data_type', 'change'],
    (set) => {
      for (const { dataType: data_type, drift } of board.state.files) {
        for (const change of DRIFT_CHANGE_TYPES) set(drift?.counts[change], { data_type, change });
      }
    },
  );
  ofFile('file_skipped_records', 'Records of the dump file that rules left out', (it) => it.quality?.skipped);
  ofFile('file_flagged_records', 'Records of the dump file that violate a rule', (it) => it.quality?.flagged);
  const ofRule = (name: string, help: string, value: (of: RuleCounts) => number): void =>
    gauge(name, help, ['data_type', 'rule', 'severity'], (set) => {
      for (const { dataType: data_type, quality } of board.state.files) {
        for (const [rule, of] of Object.entries(quality?.rules ?? {}).slice(0, MAX_SHOWN_RULES)) {
          set(value(of), { data_type, rule, severity: of.severity });
        }
      }
    });
  ofRule('file_rule_violations', 'Violations of a rule in the dump file', (it) => it.violations);
  ofRule('file_rule_records', 'Records of the dump file that violate a rule', (it) => it.records);
  gauge('file_filtered_values', 'Values that filters removed from the dump file', ['data_type', 'field'], (set) => {
    for (const { dataType: data_type, quality } of board.state.files) {
      for (const [field, count] of Object.entries(quality?.filtered ?? {}).slice(0, MAX_SHOWN_RULES)) {
        set(count, { data_type, field });
      }
    }
  });
  ofFile('file_last_progress_timestamp_seconds', 'Time of the last progress of the dump file', (it) =>
    seconds(it.lastProgressAt),
  );
  gauge('file_state', 'State of the dump file: one state is 1', ['data_type', 'state'], (set) => {
    for (const { dataType: data_type, state: now } of board.state.files) {
      for (const state of FILE_STATES) set(now === state ? 1 : 0, { data_type, state });
    }
  });

  gauge('extraction_status', 'As in /health: one status is 1', ['status'], (set) => {
    for (const status of EXTRACTION_STATUSES) set(board.state.status === status ? 1 : 0, { status });
  });
  gauge('phase', 'Phase of the service: one phase is 1', ['phase'], (set) => {
    for (const phase of PHASES) set(board.state.phase === phase ? 1 : 0, { phase });
  });

  gauge('extraction_complete_withheld', '1 if extraction_complete was withheld from the last dump', [], (set) =>
    set((board.state.extractionComplete?.withheldBecause ?? []).length > 0 ? 1 : 0),
  );

  counter('runs_total', 'Runs by outcome', ['outcome'], (set) => {
    for (const outcome of OUTCOMES) set(board.state.totals.runs[outcome] ?? 0, { outcome });
  });
  counter('errors_total', 'Errors of files, downloads and runs', ['code'], (set) => {
    for (const [code, count] of Object.entries(board.state.totals.errors)) set(count, { code });
  });
  counter('triggers_total', 'Calls of POST /trigger', ['result'], (set) => {
    for (const result of TRIGGER_RESULTS) set(board.state.totals.triggers[result] ?? 0, { result });
  });
  gauge('consecutive_failures', 'Runs that failed in a row', [], (set) => set(board.state.failures));
  gauge('last_run_timestamp_seconds', 'End of the last run', [], (set) => set(seconds(board.state.lastRun?.endedAt)));
  gauge('last_run_duration_seconds', 'Duration of the last run', [], (set) => set(board.state.lastRun?.seconds));
  gauge('last_success_timestamp_seconds', 'End of the last run that delivered all that can be delivered', [], (set) =>
    set(seconds(board.state.lastSuccessAt)),
  );
  gauge('next_check_timestamp_seconds', 'Start of the next run', [], (set) => set(seconds(board.state.nextRunAt)));
  gauge('check_period_seconds', 'Time between two runs', [], (set) => set(view.periodSeconds));

  const dumpSeconds = (): number | undefined =>
    board.state.version === undefined ? undefined : dumpTime(board.state.version) / 1000;
  gauge('dump_info', 'The dump that was last chosen', ['version'], (set) => {
    if (board.state.version !== undefined) set(1, { version: board.state.version });
  });
  gauge('dump_timestamp_seconds', 'Date of that dump', [], (set) => set(dumpSeconds()));
  gauge('dump_age_seconds', 'Age of that dump', [], (set) => {
    const date = dumpSeconds();
    set(date === undefined ? undefined : Date.now() / 1000 - date);
  });
  gauge('build_info', 'Versions and sink of this process', ['version', 'node_version', 'sink'], (set) =>
    set(1, { version: view.version, node_version: process.version, sink: view.sink.name }),
  );

  const durations = new Histogram({
    name: `${PREFIX}run_duration_seconds`,
    help: 'Duration of runs, except stopped ones',
    labelNames: ['outcome'],
    buckets: RUN_BUCKETS,
    registers: [register],
  });
  board.subscribe((event) => {
    if (event.type === 'run-ended' && event.outcome !== 'stopped') {
      durations.observe({ outcome: event.outcome }, event.seconds);
    }
  });
  return register;
};

type Counts = Readonly<Record<string, number>>;

const seconds = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : milliseconds / 1000;
