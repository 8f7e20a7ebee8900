import { createDownloader, type DumpSource } from '@discogs-extractor/downloader';
import {
  createFileMarkerStore,
  createMarker,
  createMarkerSession,
  type StateMarker,
} from '@discogs-extractor/state-marker';
import { type ChangeStores, createChangeStores } from '../changes/change-stores.js';
import type { DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import type { FileSummary, RunEvent, RunListener } from '../events/run-events.js';
import type { Sink } from '../sinks/sink.js';
import { knownChangesOf } from './changes-annotation.js';
import { completeDump } from './complete-dump.js';
import { downloadPhase } from './download-phase.js';
import { findEarlierCounts } from './earlier-counts.js';
import { markerFiles } from './marker-files.js';
import { planRun } from './plan-run.js';
import { processingPhase } from './processing-phase.js';
import { knownQualityOf } from './quality-annotation.js';

export interface RunContext {
  /** Where dumps come from; the caller closes it. */
  readonly source: DumpSource;
  readonly sink: Sink;
  readonly onEvent: RunListener;
  /** Called before each save of the state marker; if it rejects, the marker stays as it is, and the run ends. */
  readonly beforeSave?: (() => Promise<void>) | undefined;
  /** Called when the state marker of this run is on the disk: from then on, the next run continues it. */
  readonly onMarkerSaved?: (() => Promise<void>) | undefined;
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
  await using store = await createFileMarkerStore({ directory: config.discogsRoot, beforeSave: context.beforeSave });

  const plan = await planRun({ config, downloader, store, sink, onEvent, signal });
  const { choice, known, destinations } = plan;
  const { version } = choice;

  const finish = (outcome: RunResult['outcome'], files: readonly FileSummary[], undelivered: number): RunResult => {
    const seconds = (performance.now() - startedAt) / 1000;
    const missing = files.reduce((total, file) => total + file.missing, 0);
    onEvent({ type: 'dump-finished', version, outcome, files, undelivered, missing, seconds } satisfies RunEvent);
    return { outcome, version, files, undelivered };
  };
  if (known && plan.remaining === 'nothing') {
    const { withheld_because: withheldBecause } = known.publishing_phase.extraction_complete ?? {};
    if (config.contract === 'fanout' && withheldBecause)
      onEvent({ type: 'extraction-complete', version, withheldBecause });
    return finish('skipped', [], undeliveredIn(known));
  }

  const session = createMarkerSession({
    store,
    marker: known ?? createMarker(version, new Date(), plan.found),
    saveIntervalRecords: config.stateSaveInterval,
    onSaveError: (error) => saveFailure.abort(error),
  });
  const changeStores = createChangeStores(config, destinations);
  for (const { file, dataType } of markerFiles(session.marker)) {
    const reason = plan.lost.get(file);
    if (reason === undefined) continue;
    await distrustStore(changeStores, dataType, () => onEvent({ type: 'changes-distrusted', file, dataType, reason }));
    session.invalidateFile(file, reason);
  }
  if (known === undefined && config.forceReprocess && config.publish === 'changed') {
    // Whatever ends this run, the next ones send the rest as well.
    session.update((marker) => ({
      ...marker,
      publishing_phase: { ...marker.publishing_phase, resend: config.dataTypes },
    }));
  }
  session.recordSink(sink.name);
  await session.save();
  await context.onMarkerSaved?.();
  const complete = (): Promise<void> => completeDump({ config, session, sink, changeStores, onEvent, signal });
  if (plan.remaining === 'completion') {
    await complete();
    return finish('completed', summariesOf(session.marker), undeliveredIn(session.marker));
  }
  const files = await downloadPhase({ downloader, choice, session, onEvent, signal });
  const earlierCounts = await findEarlierCounts(config.discogsRoot, session.marker, onEvent);
  const summaries = await processingPhase({
    config,
    version,
    files,
    earlierCounts,
    sink,
    destinations,
    changeStores,
    session,
    onEvent,
    signal,
  });
  if (session.marker.processing_phase.status === 'completed') await complete();
  const outcome = summaries.some((summary) => summary.outcome === 'failed') ? 'failed' : 'completed';
  return finish(outcome, summaries, sum(summaries));
};

/** Notes that the sink has lost records of a type, before the state marker says that they are to be delivered again. */
const distrustStore = async (stores: ChangeStores, dataType: DataType, onDistrusted: () => void): Promise<void> => {
  await using store = await stores.open(dataType);
  if (store === undefined || store.ids === 0) return;
  onDistrusted();
  await store.distrust();
};

/** What a marker says about files that this run has nothing to do with. */
const summariesOf = (marker: StateMarker): FileSummary[] =>
  markerFiles(marker).map(({ file, dataType, progress }) => {
    const { messages_published: sent, undelivered = 0 } = progress;
    const quality = knownQualityOf(progress)?.reports.counts;
    const changes = knownChangesOf(progress);
    const records = sent + (changes?.unchanged ?? 0);
    const counts = { records, delivered: 0, seconds: 0, malformed: 0, irregularities: {}, undelivered, missing: 0 };
    return { file, dataType, outcome: 'skipped', ...counts, quality, changes };
  });

const sum = (files: readonly { readonly undelivered?: number | undefined }[]): number =>
  files.reduce((total, { undelivered = 0 }) => total + undelivered, 0);

const undeliveredIn = ({ processing_phase: phase }: StateMarker): number => sum(Object.values(phase.progress_by_file));
