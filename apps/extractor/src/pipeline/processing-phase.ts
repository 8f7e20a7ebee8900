import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerifiedFile } from '@discogs-extractor/downloader';
import { mapConcurrently } from '@discogs-extractor/internal/concurrency';
import { createWorkerPool, ParserError, type WorkerPool } from '@discogs-extractor/parser';
import { PublisherError } from '@discogs-extractor/publisher';
import { type MarkerSession, planFile, StateMarkerError, unfinishedFiles } from '@discogs-extractor/state-marker';
import type { Config } from '../config/settings.js';
import { describeError } from '../errors.js';
import type { FileSummary, RunListener } from '../events/run-events.js';
import type { Sink } from '../sinks/sink.js';
import type { EarlierCounts } from './earlier-counts.js';
import { extractFile, type Progress } from './extract-file.js';
import { createQuarantine } from './quarantine.js';
import { countLost } from './undelivered.js';

/**
 * Niceness of the parsing threads: publishing, a broker on this machine, and answers over HTTP go first. Measured beside a broker on the same
 * two cores, 10 has the main thread answer sooner than 5, and 19 no sooner than 10, but would all but stop beside any other busy program.
 */
const PARSER_NICE = 10;

export interface ProcessingPhaseOptions {
  readonly config: Config;
  readonly version: string;
  readonly files: readonly VerifiedFile[];
  /** Records of earlier dumps, to compare with. */
  readonly earlierCounts: EarlierCounts;
  readonly sink: Sink;
  readonly session: MarkerSession;
  readonly listen: RunListener;
  readonly signal: AbortSignal;
}

/**
 * Delivers the records of all files, several files side by side, and keeps the marker's processing phase. One that fails does not stop the others.
 *
 * The commits come in this order: records confirmed, `file_complete` confirmed, file completed, run completed; a failure between
 * any two is made up for by the next run.
 *
 * @throws the signal's reason; `StateMarkerError` for a marker that cannot be saved
 */
export const processingPhase = async (options: ProcessingPhaseOptions): Promise<readonly FileSummary[]> => {
  const { config, files, session, signal } = options;
  session.startProcessing(files.map(({ name }) => name));
  await session.save();

  const concurrency = Math.min(files.length, config.maxWorkers);
  // One pool for all: the last file, mostly the largest by far, then has all of it.
  await using workers = createWorkerPool({ threads: config.maxWorkers, nice: PARSER_NICE });
  const summaries = await mapConcurrently(concurrency, files, (file) => processFile(options, file, workers));

  if (!signal.aborted) endPhase(session, summaries);
  await session.save();
  signal.throwIfAborted();
  return summaries;
};

const endPhase = (session: MarkerSession, summaries: readonly FileSummary[]): void => {
  const failed = summaries.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0) {
    const list = failed.map(({ file }) => file).join(', ');
    session.failProcessing(`not delivered: ${list}`);
  } else if (unfinishedFiles(session.marker).length === 0) {
    // Files of types that this run did not ask for may be unfinished; the version then stays in progress.
    session.completeProcessing();
    session.completeRun();
  }
};

const processFile = async (
  { config, version, earlierCounts, sink, session, listen, signal }: ProcessingPhaseOptions,
  { name: file, path, size, sha256, type: dataType }: VerifiedFile,
  workers: WorkerPool,
): Promise<FileSummary> => {
  const startedAt = performance.now();
  const summary = (rest: Partial<FileSummary> & Pick<FileSummary, 'outcome'>): FileSummary => {
    const confirmed = session.marker.processing_phase.progress_by_file[file]?.messages_published ?? 0;
    const seconds = (performance.now() - startedAt) / 1000;
    const whole = { file, dataType, records: confirmed, delivered: 0, seconds, ...NOTHING_ODD, ...rest };
    listen({ type: 'file-finished', ...whole });
    return whole;
  };
  const plan = planFile(session.marker, file, sha256);
  if (plan.action === 'skip') {
    const { undelivered = 0 } = session.marker.processing_phase.progress_by_file[file]!;
    return summary({ outcome: 'skipped', records: plan.afterRecord, undelivered });
  }

  try {
    signal.throwIfAborted();
    session.beginFile(file, { checksum: sha256 });
    await session.save();

    const advance = ({ records, confirmed }: Pick<Progress, 'records' | 'confirmed'>): void => {
      const known = session.marker.processing_phase.progress_by_file[file];
      // A sink that lost confirmed records (a deleted output) starts lower: the marker waits until it is level again.
      const messagesPublished = Math.max(confirmed, known?.messages_published ?? 0);
      const recordsExtracted = Math.max(records, messagesPublished, known?.records_extracted ?? 0);
      const batchesSent = Math.max(Math.ceil(messagesPublished / config.batchSize), known?.batches_sent ?? 0);
      session.advanceFile(file, { recordsExtracted, messagesPublished, batchesSent });
    };
    const shown = (progress: Progress) => ({ file, dataType, ...progress, bytesTotal: size });

    const { records, delivered, stats } = await extractFile({
      path,
      file,
      version,
      dataType,
      afterRecord: plan.afterRecord,
      sink,
      quarantine: createQuarantine(join(config.discogsRoot, 'quarantine', version, dataType)),
      workers,
      maxMalformed: config.maxMalformedRecords,
      earlier: earlierCounts.get(dataType),
      minRecordsPercent: config.minRecordsPercent,
      signal,
      save: async (confirmed) => {
        advance({ records: confirmed, confirmed });
        await session.save();
      },
      onStart: (resumedAfter, at) => listen({ type: 'file-started', ...shown(at), resumedAfter, reason: plan.reason }),
      onProgress: (at) => {
        advance(at);
        listen({ type: 'file-progress', ...shown(at) });
      },
      onMalformed: ({ byteOffset, reason: kind, detail }, keptIn) =>
        listen({ type: 'record-malformed', file, dataType, kind, byteOffset, reason: detail, keptIn }),
    });
    const progress = session.marker.processing_phase.progress_by_file[file]!;
    const irregularities = Object.fromEntries(Object.entries(stats.irregularities).filter(([, count]) => count > 0));
    const { malformed } = stats;
    const undelivered = malformed + countLost(irregularities);
    const { batches_sent: batchesSent } = progress;
    session.completeFile(file, { recordsExtracted: records, messagesPublished: records, batchesSent, undelivered });
    await session.save();
    return summary({ outcome: 'completed', records, delivered, malformed, irregularities, undelivered });
  } catch (error) {
    if (signal.aborted) return summary({ outcome: 'stopped' });
    // The marker itself is at fault: there is no way to note that down in it.
    if (error instanceof StateMarkerError) throw error;
    // Damaged on this disk, perhaps, since it was verified: another time makes the next run hash it again.
    if (error instanceof ParserError && DAMAGE.has(error.code)) await utimes(path, new Date(), new Date());
    const reason = describeError(error);
    session.failFile(file, reason);
    if (error instanceof PublisherError) session.failPublishing(`${file}: ${reason}`);
    await session.save();
    return summary({ outcome: 'failed', error: error instanceof Error ? error : new Error(reason) });
  }
};

/** What a file that changed on the disk looks like to the parser. */
const DAMAGE: ReadonlySet<string> = new Set(['CORRUPT_GZIP', 'TRUNCATED']);

const NOTHING_ODD = { malformed: 0, irregularities: {}, undelivered: 0 } as const;
