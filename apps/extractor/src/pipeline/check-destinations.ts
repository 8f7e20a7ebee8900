import { type Destination, planFile, type StateMarker, watermarkOf } from '@discogs-extractor/state-marker';
import type { DataType } from '../config/data-type.js';
import { ExtractorError } from '../errors.js';
import { isSameBroker } from '../sinks/broker-nodes.js';
import type { IdentifyOptions, Sink } from '../sinks/sink.js';

/** A file of the chosen dump. */
export interface WantedDumpFile {
  readonly name: string;
  readonly dataType: DataType;
  /** SHA-256 in hexadecimal, if it is published. */
  readonly checksum: string | undefined;
}

/**
 * Checks that the records of an earlier run are where this run's records go: otherwise the earlier ones would be missing
 * there. A file whose bytes have changed is delivered from its first record anyway.
 *
 * Returns the completed files of an unfinished dump whose records were lost at their destination, with the reason.
 *
 * @throws ExtractorError `DESTINATION_CHANGED`, also if records of a completed dump were lost at their destination;
 *   `OUTPUT_CHANGED` if output of a completed file is gone or another one
 */
export const checkDestinations = async (
  marker: StateMarker,
  files: readonly WantedDumpFile[],
  destinations: ReadonlyMap<DataType, Destination>,
  sink: Sink,
  options: Omit<IdentifyOptions, 'dataTypes'>,
): Promise<ReadonlyMap<string, string>> => {
  const { current_version: version } = marker;
  const lost = new Map<string, string>();
  for (const { name: file, dataType, checksum } of files) {
    const progress = marker.processing_phase.progress_by_file[file];
    const destination = destinations.get(dataType);
    if (!progress?.destination || !destination || watermarkOf(progress) === 0) continue;
    if (planFile(marker, file, checksum).reason === 'checksum_changed') continue;
    if (!holdsRecordsOf(progress.destination, destination)) {
      throw changedError(version, file, watermarkOf(progress), progress.destination, destination);
    }
    if (progress.status !== 'completed') continue;
    const reason = await sink.checkCompleted?.({ version, dataType, file }, progress.checkpoint, options);
    if (reason === undefined) continue;
    // What was a part of a completed dump may have been consumed, and its queue removed on purpose.
    if (marker.summary.overall_status === 'completed') {
      throw lostError(version, file, watermarkOf(progress), progress.destination, reason);
    }
    lost.set(file, reason);
  }
  return lost;
};

/**
 * Whether all records at the place `before` are at the place `now`, as far as its name tells. It may have fewer queues. A
 * folder is the same one if its path or its random id is the same: it may have been moved, or restored from a backup.
 */
const holdsRecordsOf = (before: Destination, now: Destination): boolean => {
  const isBroker = isSameBroker(before, now);
  const isSame = (name: string): boolean => {
    const [one, other] = [before[name], now[name]];
    return Array.isArray(one) && Array.isArray(other) ? other.every((item) => one.includes(item)) : one === other;
  };
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  const isSameFolder = names.has('folder') && (isSame('folder') || isSame('path'));
  return [...names].every(
    (name) => (BROKER_NAMES.has(name) ? isBroker : isSame(name)) || (isSameFolder && FOLDER_NAMES.has(name)),
  );
};

const BROKER_NAMES: ReadonlySet<string> = new Set(['cluster', 'addresses']);
const FOLDER_NAMES: ReadonlySet<string> = new Set(['folder', 'path']);

/** The place in words: `sink amqp, exchange discogsography-exchange, queues a and b`. */
const describe = (destination: Destination): string =>
  Object.entries(destination)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : value.join(' and ')}`)
    .join(', ');

const changedError = (
  version: string,
  file: string,
  records: number,
  destinationBefore: Destination,
  destinationNow: Destination,
): ExtractorError => {
  const [before, now] = [describe(destinationBefore), describe(destinationNow)];
  return new ExtractorError(
    'DESTINATION_CHANGED',
    `Records of ${file} (${records}) were delivered to: ${before}. This run would deliver to: ${now}, where they would be ` +
      'missing. Change the settings back, use another DISCOGS_ROOT for the new destination, or run with ' +
      '--force-reprocess to deliver everything to it from the first record.',
    { facts: { version, file, records, before, now } },
  );
};

const lostError = (
  version: string,
  file: string,
  records: number,
  destination: Destination,
  reason: string,
): ExtractorError =>
  new ExtractorError(
    'DESTINATION_CHANGED',
    `All records of ${file} (${records}) were delivered to: ${describe(destination)}. They are no longer there: ${reason} ` +
      'Run with --force-reprocess to deliver the dump again, or declare the queue again if its messages were consumed.',
    { facts: { version, file, records, before: describe(destination), now: reason } },
  );
