import type { Downloader, DumpChoice } from '@discogs-extractor/downloader';
import { PublisherError } from '@discogs-extractor/publisher';
import {
  type Destination,
  decide,
  type MarkerStore,
  planFile,
  type StateMarker,
  unfinishedFiles,
  watermarkOf,
} from '@discogs-extractor/state-marker';
import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import { driftReportPath, readDriftReport } from '../drift/drift-files.js';
import { type DriftSummary, summarizeDrift } from '../drift/drift-summary.js';
import { ExtractorError } from '../errors.js';
import type { KnownDelivery, RunListener } from '../events/run-events.js';
import { keepKnownNames } from '../sinks/broker-nodes.js';
import type { Sink } from '../sinks/sink.js';
import { knownChangesOf } from './changes-annotation.js';
import { checkDestinations, type WantedDumpFile } from './check-destinations.js';
import { checkRules } from './check-rules.js';
import { chooseDump } from './choose-dump.js';
import { isExtractionCompleteDue } from './extraction-complete.js';
import { knownQualityOf } from './quality-annotation.js';

export interface PlanRunOptions {
  readonly config: Pick<
    Config,
    | 'contract'
    | 'dataQualityRules'
    | 'dataTypes'
    | 'discogsRoot'
    | 'dumpVersion'
    | 'extractionComplete'
    | 'forceReprocess'
  >;
  readonly downloader: Downloader;
  readonly store: MarkerStore;
  readonly sink: Sink;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
}

/**
 * - `files`: files have to be downloaded and delivered
 * - `completion`: all files are completed, and the dump is not; or `extraction_complete` was withheld, and is due now
 * - `nothing`
 */
export type RemainingWork = 'files' | 'completion' | 'nothing';

/** What a run has to do. */
export interface RunPlan {
  readonly choice: DumpChoice;
  /** The marker to continue; `undefined` if the dump is delivered from the first record of each file. */
  readonly known: StateMarker | undefined;
  /** The marker that was found, whether it is continued or replaced. */
  readonly found: StateMarker | undefined;
  readonly remaining: RemainingWork;
  /** The completed files whose records were lost at their destination, and how. */
  readonly lost: ReadonlyMap<string, string>;
  /** Where the records of each type go. */
  readonly destinations: ReadonlyMap<DataType, Destination>;
}

/**
 * Does all of a run that comes before anything is fetched: chooses the dump, decides from its state marker what to do,
 * and connects to the destination, so that one that refuses is not noticed hours later.
 *
 * @throws ExtractorError `SINK_CHANGED`, `RULES_CHANGED`, `DESTINATION_CHANGED`, `OUTPUT_CHANGED`; errors of source, store and sink; the
 *   signal's reason
 */
export const planRun = async (options: PlanRunOptions): Promise<RunPlan> => {
  const { config, downloader, store, sink, onEvent, signal } = options;
  const choice = await chooseDump(downloader, config, onEvent, signal);
  const { version } = choice;
  const published = await downloader.checksums(choice, { signal, onEvent });
  const loaded = await store.load(version);
  if (loaded.status === 'corrupt') {
    const path = loaded.movedTo ?? config.discogsRoot;
    onEvent({ type: 'marker-set-aside', path });
  }
  const decision = decide(loaded, {
    files: choice.files.map(({ name }) => ({ name, checksum: published.get(name) })),
    forceReprocess: config.forceReprocess,
  });
  const found = loaded.status === 'found' ? loaded.marker : undefined;
  const known = decision.action === 'continue' || decision.action === 'skip' ? found : undefined;
  const drift = await readDrift(config.discogsRoot, version, known);
  const files = choice.files.flatMap(({ name: file, kind: dataType, size }) => {
    if (dataType === 'checksum') return [];
    const bytes = size ?? known?.download_phase.downloads_by_file[file]?.bytes_downloaded;
    const delivery = known && knownDelivery(known, file, published.get(file));
    return [{ file, dataType, bytes, known: delivery, drift: delivery?.isComplete ? drift.get(dataType) : undefined }];
  });
  const wanted = files.map(({ file: name, dataType }) => ({ name, dataType, checksum: published.get(name) }));
  onEvent({ type: 'dump-chosen', version, decision: decision.action, reason: decision.text, files });
  const isDelivered = known !== undefined && decision.action === 'skip';
  const isNothingToDo = isDelivered && !isExtractionCompleteDue(known, config);
  if (known) {
    assertSameSink(known, sink);
    checkRules(known, wanted, config.dataQualityRules, onEvent);
  }
  const attempts = isNothingToDo ? 1 : undefined;
  const destinations = await sink
    .identify({ dataTypes: config.dataTypes, attempts, signal })
    .then((identified) => keepKnownNames(config.discogsRoot, identified))
    .catch((error: unknown) => {
      // There is nothing to deliver: the next run checks again.
      if (!isNothingToDo || !(error instanceof PublisherError) || error.code !== 'UNREACHABLE') throw error;
      onEvent({ type: 'destination-unknown', error });
      return new Map<DataType, Destination>();
    });
  const lost = known
    ? await checkDestinations(known, wanted, destinations, sink, { attempts, signal })
    : new Map<string, string>();
  const entries = known?.processing_phase.progress_by_file ?? {};
  // Where records are confirmed, opening the file finds out first whether they are still there.
  const dataTypes = wanted
    .filter(({ name }) => {
      const progress = entries[name];
      return progress === undefined || (progress.status !== 'completed' && watermarkOf(progress) === 0);
    })
    .map(({ dataType }) => dataType);
  if (dataTypes.length > 0) await sink.prepare?.({ dataTypes, signal });
  const isCompletionLeft = isDelivered || (known !== undefined && lost.size === 0 && areFilesCompleted(known, wanted));
  const remaining = isNothingToDo ? 'nothing' : isCompletionLeft ? 'completion' : 'files';
  return { choice, known, found, remaining, lost, destinations };
};

/** Whether a run that was interrupted has only the last step left: the files need not even be in the data folder. */
const areFilesCompleted = (marker: StateMarker, wanted: readonly WantedDumpFile[]): boolean =>
  marker.processing_phase.status === 'completed' &&
  marker.download_phase.status !== 'in_progress' &&
  marker.download_phase.status !== 'failed' &&
  unfinishedFiles(marker).length === 0 &&
  wanted.every(({ name, checksum }) => planFile(marker, name, checksum).action === 'skip');

/** What a marker says about a file; `undefined` if it does not know it, or if the file starts from its first record. */
const knownDelivery = (marker: StateMarker, file: string, checksum: string | undefined): KnownDelivery | undefined => {
  const progress = marker.processing_phase.progress_by_file[file];
  const { action, afterRecord } = planFile(marker, file, checksum);
  if (progress === undefined || (action !== 'skip' && afterRecord === 0)) return undefined;
  const { undelivered = 0, completed_at } = progress;
  return {
    isComplete: action === 'skip',
    records: afterRecord,
    undelivered,
    quality: knownQualityOf(progress)?.reports.counts,
    changes: knownChangesOf(progress),
    completedAt: completed_at === null ? undefined : new Date(completed_at),
  };
};

/** What earlier runs found out about the format of a version's files. */
const readDrift = async (
  root: string,
  version: string,
  known: StateMarker | undefined,
): Promise<ReadonlyMap<DataType, DriftSummary>> => {
  const summaries = new Map<DataType, DriftSummary>();
  for (const dataType of known === undefined ? [] : DATA_TYPES) {
    const report = await readDriftReport(root, version, dataType);
    if (report) summaries.set(dataType, summarizeDrift(report, driftReportPath(root, version, dataType)));
  }
  return summaries;
};

/** Another sink does not have the records that this one confirmed: resuming there would lose them. */
const assertSameSink = (marker: StateMarker, sink: Sink): void => {
  // Markers of older extractors do not name the sink: those had only this one.
  const { sink: before = 'amqp', messages_published: records } = marker.publishing_phase;
  if (before === sink.name || records === 0) return;
  const { current_version: version } = marker;
  throw new ExtractorError(
    'SINK_CHANGED',
    `Records of dump ${version} (${records}) were delivered to the ${before} sink from this data folder, and would be ` +
      `missing in the ${sink.name} sink. Use another DISCOGS_ROOT for the ${sink.name} sink, or run with ` +
      '--force-reprocess to deliver everything from the first record.',
    { facts: { version, records } },
  );
};
