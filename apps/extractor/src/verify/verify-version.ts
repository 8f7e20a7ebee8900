import { join } from 'node:path';
import { partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
import { inspectQueues, type QueuesInspection } from '@discogs-extractor/publisher';
import type { Destination, FileProgress, StateMarker } from '@discogs-extractor/state-marker';
import type { DataType } from '../config/data-type.js';
import { configError } from '../config/load-config.js';
import { withDataType } from '../config/platform-names.js';
import type { Config, SettingName } from '../config/settings.js';
import { SETTINGS } from '../config/settings.js';
import { errorCodeOf } from '../errors.js';
import { knownChangesOf } from '../pipeline/changes-annotation.js';
import { markerFiles } from '../pipeline/marker-files.js';
import { amqpAddresses, isSameBroker } from '../sinks/broker-nodes.js';
import { amqpTls, outputDirectoryOf } from '../sinks/create-sink.js';
import { inspectOutputFolder } from '../sinks/output-folder.js';
import { countRefused } from '../sinks/refused-records.js';
import { judgeOutput, judgeTombstones } from './judge-output.js';
import { judgeQueue, type QueueCounts, type QueueStatistics } from './judge-queue.js';
import { readQueueStatistics } from './management-api.js';
import { cannotTell, type PlaceReport } from './verdict.js';

type Judged = Omit<PlaceReport, 'dataType' | 'place' | 'expected'>;

/** Attempts to reach the broker; the command does not wait for one. */
const CONNECT_ATTEMPTS = 2;

/** The settings that are needed to ask the places. */
export const VERIFY_SETTINGS = [
  ...(['discogsRoot', 'outputDirectory', 'amqpConnection', 'amqpManagementUrl', 'amqpQueueType'] as const),
  'amqpDeletedQueues',
  ...(['amqpCaFile', 'amqpCertFile', 'amqpKeyFile', 'amqpServerName'] as const),
] satisfies readonly SettingName[];

type VerifyConfig = Pick<Config, (typeof VERIFY_SETTINGS)[number]>;

export interface VersionReport {
  /** `YYYYMMDD`. */
  readonly version: string;
  /** Whether every place has at least what was delivered, and every file was delivered completely. */
  readonly isComplete: boolean;
  readonly places: readonly PlaceReport[];
  /** Files that are not delivered completely, and their state. */
  readonly unfinished: readonly { readonly file: string; readonly status: string; readonly records: number }[];
}

/**
 * Compares what a state marker says was delivered with what queues or files hold. Takes nothing out of them.
 *
 * @throws errors of the publisher, the management API and the file system; the signal's reason
 */
export const verifyVersion = async (
  marker: StateMarker,
  config: VerifyConfig,
  signal: AbortSignal,
): Promise<VersionReport> => {
  const version = marker.current_version;
  const files = markerFiles(marker);
  const queues = files.flatMap(({ dataType, progress }) => [
    ...queuesOf(progress.destination).flatMap((name) => partitionQueueNames(name, partitionsOf(progress.destination))),
    ...deletedQueuesOf(dataType, progress, config),
  ]);
  const inspection = queues.length > 0 ? await inspect(queues, config, signal) : undefined;

  const places: PlaceReport[] = [];
  for (const { dataType, progress } of files) {
    const delivered = progress.messages_published - countRefused(progress.checkpoint);
    const { destination } = progress;
    const isSent = destination?.['sink'] === 'amqp' && marker.publishing_phase.extraction_complete?.sent_at;
    const expected = delivered + (progress.status === 'completed' ? 1 : 0) + (isSent ? 1 : 0);
    const deleted = knownChangesOf(progress)?.deleted ?? 0;
    const report = (place: string, judged: Judged, messages = expected): void => {
      places.push({ dataType, place, expected: messages, ...judged });
    };
    if (destination?.['sink'] === 'amqp') {
      const names = queuesOf(destination);
      const deletedQueues = deletedQueuesOf(dataType, progress, config);
      for (const queue of new Set([...names, ...deletedQueues])) {
        const count = names.includes(queue) ? partitionsOf(destination) : 1;
        const partitions = partitionQueueNames(queue, count);
        // Each record is in one of them, and everything else in all.
        const messages =
          (names.includes(queue) ? delivered + count * (expected - delivered) : 0) +
          (deletedQueues.includes(queue) ? count * deleted : 0);
        const place = count === 1 ? queue : `${queue} (${count} partitions)`;
        report(place, await judgeQueueOf(partitions, messages, destination, inspection!, config, signal), messages);
      }
      if (names.length === 0) report(`exchange ${destination['exchange']}`, cannotTell(NO_QUEUES));
    } else if (destination?.['sink'] === 'ndjson') {
      const path = join(await folderOf(destination, config), version, dataType);
      report(`${path}.ndjson`, await judgeOutput(outputOf(`${path}.ndjson`, expected, progress), signal));
      if (deleted > 0) {
        const tombstones = outputOf(`${path}.deleted.ndjson`, deleted, progress);
        report(tombstones.path, await judgeTombstones(tombstones, signal), deleted);
      }
    } else {
      report(String(destination?.['sink'] ?? '–'), cannotTell(destination ? NOTHING_KEPT : NO_DESTINATION));
    }
  }
  const unfinished = files
    .filter(({ progress }) => progress.status !== 'completed')
    .map(({ file, progress: { status, messages_published: records } }) => ({ file, status, records }));
  const isComplete =
    files.length > 0 &&
    unfinished.length === 0 &&
    places.every(({ verdict }) => verdict === 'complete' || verdict === 'more');
  return { version, isComplete, places, unfinished };
};

const NO_QUEUES = 'no queues were expected there (AMQP_EXPECT_QUEUES)';
const NOTHING_KEPT = 'this sink keeps nothing';
const NO_DESTINATION = 'the state marker does not say where the records are';

/** The output folder, which may have been moved since. */
const folderOf = async (destination: Destination, config: VerifyConfig): Promise<string> => {
  const configured = await inspectOutputFolder(outputDirectoryOf(config), config.discogsRoot).catch(
    (error: unknown) => {
      // It is another one.
      if (errorCodeOf(error) === 'OUTPUT_CHANGED') return undefined;
      throw error;
    },
  );
  const isMoved = configured?.id !== undefined && configured.id === destination['folder'];
  return isMoved ? configured.path : String(destination['path']);
};

const queuesOf = (destination: Destination | undefined): readonly string[] => {
  const queues = destination?.['queues'];
  return Array.isArray(queues) ? (queues as readonly string[]) : [];
};

const partitionsOf = (destination: Destination | undefined): number => Number(destination?.['partitions'] ?? 1);

const outputOf = (path: string, expected: number, { status, checkpoint }: FileProgress) => ({
  path,
  expected,
  isComplete: status === 'completed',
  checkpoint,
});

/** Where the tombstones of a type went, if there are any: as with all queues of theirs, the settings say it. */
const deletedQueuesOf = (
  dataType: DataType,
  progress: FileProgress,
  { amqpDeletedQueues }: VerifyConfig,
): readonly string[] =>
  progress.destination?.['sink'] === 'amqp' && (knownChangesOf(progress)?.deleted ?? 0) > 0
    ? amqpDeletedQueues.map((name) => withDataType(name, dataType))
    : [];

const inspect = (queues: readonly string[], config: VerifyConfig, signal: AbortSignal): Promise<QueuesInspection> => {
  const { amqpConnection: url } = config;
  if (url === undefined) {
    throw configError([
      { setting: 'AMQP_CONNECTION', accepts: `${SETTINGS.amqpConnection.accepts}: the records are there` },
    ]);
  }
  return inspectQueues({
    url,
    tls: amqpTls(config),
    queues,
    connectAttempts: CONNECT_ATTEMPTS,
    connectionName: 'discogs-extractor verify',
    signal,
  });
};

/** @param names - of the queue, or of the partitions that it has */
const judgeQueueOf = async (
  names: readonly string[],
  expected: number,
  destination: Destination,
  { broker, queues }: QueuesInspection,
  { amqpManagementUrl: url, amqpConnection: amqpUrls, amqpQueueType }: VerifyConfig,
  signal: AbortSignal,
): Promise<Judged> => {
  const { cluster, vhost } = destination;
  const now = { cluster: broker.clusterName ?? broker.display, addresses: amqpAddresses(amqpUrls!) };
  if (!isSameBroker(destination, now) || vhost !== broker.vhost) {
    return cannotTell(`its records went to ${cluster}, virtual host ${vhost}; this is ${now.cluster}, ${broker.vhost}`);
  }
  const missing = names.filter((name) => queues.get(name) === undefined);
  const existing = names.filter((name) => queues.get(name) !== undefined);
  const statistics: QueueStatistics[] = [];
  for (const name of url === undefined ? [] : existing) {
    const read = await readQueueStatistics(name, { url: url!, amqpUrls: amqpUrls!, vhost: broker.vhost, signal });
    if (read !== undefined) statistics.push(read);
  }
  const judged = judgeQueue(
    expected,
    existing.length === 0 ? undefined : sumOfCounts(existing.map((name) => queues.get(name)!)),
    statistics.length < existing.length || statistics.length === 0 ? undefined : sumOfStatistics(statistics),
    amqpQueueType === 'stream' ? { isStream: true } : {},
  );
  if (missing.length === 0 || existing.length === 0) return judged;
  return { ...judged, verdict: 'short', reason: `these partitions do not exist: ${missing.join(', ')}` };
};

const sumOfCounts = (counts: readonly QueueCounts[]): QueueCounts => ({
  messages: counts.reduce((sum, { messages }) => sum + messages, 0),
  consumers: counts.reduce((sum, { consumers }) => sum + consumers, 0),
});

const sumOfStatistics = (statistics: readonly QueueStatistics[]): QueueStatistics => ({
  ...sumOfCounts(statistics),
  isStream: statistics.every(({ isStream }) => isStream),
  arrived: statistics.reduce((sum, { arrived }) => sum + arrived, 0),
  taken: statistics.reduce((sum, { taken }) => sum + taken, 0),
});
