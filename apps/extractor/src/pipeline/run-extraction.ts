import { createDownloader, type DumpSource } from '@discogs-extractor/downloader';
import { PublisherError } from '@discogs-extractor/publisher';
import {
  createFileMarkerStore,
  createMarker,
  createMarkerSession,
  type Destination,
  decide,
  planFile,
  type StateMarker,
} from '@discogs-extractor/state-marker';
import type { DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import { ExtractorError } from '../errors.js';
import type { FileSummary, KnownDelivery, RunEvent, RunListener } from '../events/run-events.js';
import type { Sink } from '../sinks/sink.js';
import { checkDestinations } from './check-destinations.js';
import { chooseDump } from './choose-dump.js';
import { downloadPhase } from './download-phase.js';
import { findEarlierCounts } from './earlier-counts.js';
import { processingPhase } from './processing-phase.js';

export interface RunContext {
  /** Where dumps come from; the caller closes it. */
  readonly source: DumpSource;
  readonly sink: Sink;
  readonly onEvent: RunListener;
  /** Called when the state marker of this run is on the disk: from then on, the next run continues it. */
  readonly onMarkerSaved?: (() => void) | undefined;
  /** Stops the run; the state marker then has what was confirmed. */
  readonly signal: AbortSignal;
}

export interface RunResult {
  readonly outcome: 'completed' | 'skipped' | 'failed';
  /** Version of the dump, `YYYYMMDD`. */
  readonly version: string;
  readonly files: readonly FileSummary[];
  /** Malformed records, which go to the quarantine, and places with content outside records. */
  readonly undelivered: number;
}

/**
 * One run over the newest (or configured) dump: chooses it, decides from its state marker what to do, downloads and
 * verifies the files, delivers their records. A failed file does not stop the others; the outcome is then `failed`.
 *
 * @throws the error that ended the run as a whole; the signal's reason
 */
export const runExtraction = async (config: Config, context: RunContext): Promise<RunResult> => {
  const { source, sink, onEvent } = context;
  // A marker that cannot be saved ends the run: every record delivered after that would be delivered again.
  const saveFailure = new AbortController();
  const signal = AbortSignal.any([context.signal, saveFailure.signal]);
  const startedAt = performance.now();
  await using downloader = createDownloader({
    source,
    directory: config.discogsRoot,
    keepVersions: config.keepVersions,
    allowUnverified: config.allowUnverified,
  });
  await using store = await createFileMarkerStore({ directory: config.discogsRoot });

  const choice = await chooseDump(downloader, config, onEvent, signal);
  const { version } = choice;
  const published = await downloader.checksums(choice, { signal, onEvent });
  const found = await store.load(version);
  if (found.status === 'corrupt') onEvent({ type: 'marker-set-aside', path: found.movedTo ?? config.discogsRoot });
  const decision = decide(found, {
    files: choice.files.map(({ name }) => ({ name, checksum: published.get(name) })),
    forceReprocess: config.forceReprocess,
  });
  const isKept = decision.action === 'continue' || decision.action === 'skip';
  const known = isKept && found.status === 'found' ? found.marker : undefined;
  onEvent({
    type: 'dump-chosen',
    version,
    decision: decision.action,
    reason: decision.text,
    files: choice.files.flatMap(({ name: file, kind: dataType, size }) => {
      if (dataType === 'checksum') return [];
      const bytes = size ?? known?.download_phase.downloads_by_file[file]?.bytes_downloaded;
      return [{ file, dataType, bytes, known: known && knownDelivery(known, file, published.get(file)) }];
    }),
  });

  const finish = (outcome: RunResult['outcome'], files: readonly FileSummary[], undelivered: number): RunResult => {
    const seconds = (performance.now() - startedAt) / 1000;
    const missing = files.reduce((total, file) => total + file.missing, 0);
    onEvent({ type: 'dump-finished', version, outcome, files, undelivered, missing, seconds } satisfies RunEvent);
    return { outcome, version, files, undelivered };
  };
  if (known) assertSameSink(known, sink);
  // Before anything is fetched: a destination that refuses must not be noticed hours later.
  const isNothingToDo = known !== undefined && decision.action === 'skip';
  const destinations = await sink
    .identify({ dataTypes: config.dataTypes, attempts: isNothingToDo ? 1 : undefined, signal })
    .catch((error: unknown) => {
      // There is nothing to deliver: the next run checks again.
      if (!isNothingToDo || !(error instanceof PublisherError) || error.code !== 'UNREACHABLE') throw error;
      onEvent({ type: 'destination-unknown', error });
      return new Map<DataType, Destination>();
    });
  if (known) {
    const wanted = choice.files.flatMap(({ name, kind }) =>
      kind === 'checksum' ? [] : [{ name, dataType: kind, checksum: published.get(name) }],
    );
    await checkDestinations(known, wanted, destinations, sink);
    if (isNothingToDo) return finish('skipped', [], undeliveredIn(known));
  }

  const session = createMarkerSession({
    store,
    marker: known ?? createMarker(version, new Date(), found.status === 'found' ? found.marker : undefined),
    saveIntervalRecords: config.stateSaveInterval,
    onSaveError: (error) => saveFailure.abort(error),
  });
  session.recordSink(sink.name);
  await session.save();
  context.onMarkerSaved?.();
  const files = await downloadPhase({ downloader, choice, session, onEvent, signal });
  const earlierCounts = await findEarlierCounts(config.discogsRoot, session.marker, onEvent);
  const summaries = await processingPhase({
    config,
    version,
    files,
    earlierCounts,
    sink,
    destinations,
    session,
    onEvent,
    signal,
  });
  const outcome = summaries.some((summary) => summary.outcome === 'failed') ? 'failed' : 'completed';
  return finish(outcome, summaries, sum(summaries));
};

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
    completedAt: completed_at === null ? undefined : new Date(completed_at),
  };
};

const sum = (files: readonly { readonly undelivered?: number | undefined }[]): number =>
  files.reduce((total, { undelivered = 0 }) => total + undelivered, 0);

const undeliveredIn = ({ processing_phase: phase }: StateMarker): number => sum(Object.values(phase.progress_by_file));

/** Another sink does not have the records that this one confirmed: resuming there would lose them. */
const assertSameSink = (marker: StateMarker, sink: Sink): void => {
  // Markers of older extractors do not name the sink: those had only this one.
  const { sink: before = 'amqp', messages_published: records } = marker.publishing_phase;
  if (before === sink.name || records === 0) return;
  const { current_version: version } = marker;
  throw new ExtractorError(
    'SINK_CHANGED',
    `${records} records of dump ${version} were delivered to the ${before} sink from this data folder, and would be ` +
      `missing in the ${sink.name} sink. Use another DISCOGS_ROOT for the ${sink.name} sink, or run with ` +
      '--force-reprocess to deliver everything from the first record.',
    { facts: { version, records } },
  );
};
