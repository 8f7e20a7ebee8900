import { createDownloader, type DumpSource } from '@discogs-extractor/downloader';
import {
  createFileMarkerStore,
  createMarker,
  createMarkerSession,
  decide,
  type StateMarker,
} from '@discogs-extractor/state-marker';
import type { Config } from '../config/settings.js';
import { ExtractorError } from '../errors.js';
import type { FileSummary, RunEvent, RunListener } from '../events/run-events.js';
import type { Sink } from '../sinks/sink.js';
import { chooseDump, reportNotice } from './download-events.js';
import { downloadPhase } from './download-phase.js';
import { findEarlierCounts } from './earlier-counts.js';
import { processingPhase } from './processing-phase.js';

export interface PassContext {
  /** Where dumps come from; stays the caller's. */
  readonly source: DumpSource;
  readonly sink: Sink;
  readonly listen: RunListener;
  /** Stops the pass; what is confirmed by then is in the marker. */
  readonly signal: AbortSignal;
}

export interface PassResult {
  readonly outcome: 'completed' | 'skipped' | 'failed';
  /** Version of the dump, `YYYYMMDD`. */
  readonly version: string;
  readonly files: readonly FileSummary[];
  /** Records that went to the quarantine instead of the sink, and places between records whose content is in none. */
  readonly undelivered: number;
}

/**
 * One pass over the newest (or wanted) dump: choose it, decide from its state marker what is to be done, fetch and verify the files,
 * deliver their records. Files that fail do not stop the others; the pass is then `failed`.
 *
 * @throws the error of whatever kept the pass as a whole from going on; the signal's reason
 */
export const runPass = async (config: Config, context: PassContext): Promise<PassResult> => {
  const { source, sink, listen } = context;
  // A marker that cannot be saved ends the pass: what is delivered after that would be delivered again.
  const saving = new AbortController();
  const signal = AbortSignal.any([context.signal, saving.signal]);
  const startedAt = performance.now();
  await using downloader = await createDownloader({
    source,
    directory: config.discogsRoot,
    keepVersions: config.keepVersions,
    onNotice: reportNotice(listen),
  });
  await using store = await createFileMarkerStore({ directory: config.discogsRoot });

  const choice = await chooseDump(downloader, config, listen, signal);
  const { version } = choice;
  const published = await downloader.checksums(choice, { signal });
  const found = await store.load(version);
  if (found.status === 'corrupt') listen({ type: 'marker-set-aside', path: found.movedTo ?? config.discogsRoot });
  const decision = decide(found, {
    files: choice.files.map(({ name }) => ({ name, checksum: published.get(name) })),
    forceReprocess: config.forceReprocess,
  });
  listen({
    type: 'pass-started',
    version,
    decision: decision.action,
    reason: decision.text,
    files: choice.files.flatMap(({ name: file, kind, size }) =>
      kind === 'checksum' ? [] : [{ file, dataType: kind, bytes: size ?? undefined }],
    ),
  });

  const finish = (outcome: PassResult['outcome'], files: readonly FileSummary[], undelivered: number): PassResult => {
    const seconds = (performance.now() - startedAt) / 1000;
    listen({ type: 'pass-finished', version, outcome, files, undelivered, seconds } satisfies RunEvent);
    return { outcome, version, files, undelivered };
  };
  const isKept = decision.action === 'continue' || decision.action === 'skip';
  const known = isKept && found.status === 'found' ? found.marker : undefined;
  if (known) assertSameSink(known, sink);
  if (known && decision.action === 'skip') return finish('skipped', [], undeliveredIn(known));

  const session = createMarkerSession({
    store,
    marker: known ?? createMarker(version, new Date()),
    saveIntervalRecords: config.stateSaveInterval,
    onSaveError: (error) => saving.abort(error),
  });
  session.recordSink(sink.name);
  const files = await downloadPhase({ downloader, choice, session, listen, signal });
  const earlierCounts = await findEarlierCounts(config.discogsRoot, version, listen);
  const summaries = await processingPhase({
    config,
    version,
    files,
    earlierCounts,
    sink,
    session,
    listen,
    signal,
  });
  const outcome = summaries.some((summary) => summary.outcome === 'failed') ? 'failed' : 'completed';
  return finish(outcome, summaries, sum(summaries));
};

const sum = (files: readonly { readonly undelivered?: number | undefined }[]): number =>
  files.reduce((total, { undelivered = 0 }) => total + undelivered, 0);

const undeliveredIn = ({ processing_phase: phase }: StateMarker): number => sum(Object.values(phase.progress_by_file));

/** What one sink has confirmed, another does not have: going on there would leave it out. */
const assertSameSink = (marker: StateMarker, sink: Sink): void => {
  // The older extractors, which say nothing of it, know only one.
  const { sink: before = 'amqp', messages_published: records } = marker.publishing_phase;
  if (before === sink.name || records === 0) return;
  const { current_version: version } = marker;
  throw new ExtractorError(
    'SINK_CHANGED',
    `${records} records of dump ${version} were delivered to the ${before} sink from this data folder, and would be missing in the ${sink.name} sink. Use another DISCOGS_ROOT for it, or --force-reprocess to deliver everything from the first record.`,
    { version, records },
  );
};
