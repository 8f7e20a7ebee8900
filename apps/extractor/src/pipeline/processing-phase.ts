import { join } from 'node:path';
import type { VerifiedFile } from '@discogs-extractor/downloader';
import { mapConcurrently } from '@discogs-extractor/internal/concurrency';
import { createWorkerPool, type WorkerPool } from '@discogs-extractor/parser';
import { PublisherError } from '@discogs-extractor/publisher';
import {
  type Checkpoint,
  type Destination,
  type MarkerSession,
  planFile,
  StateMarkerError,
  unfinishedFiles,
} from '@discogs-extractor/state-marker';
import type { DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import { describeError, errorCodeOf } from '../errors.js';
import type { FileSummary, RunListener } from '../events/run-events.js';
import { LOST_DELIVERY_CODES } from '../sinks/lost-delivery.js';
import { countRefused } from '../sinks/refused-records.js';
import type { Sink } from '../sinks/sink.js';
import { createFormatCheck } from './check-format.js';
import type { EarlierCounts } from './earlier-counts.js';
import { type Confirmed, extractFile, type Progress } from './extract-file.js';
import { createQuarantine } from './quarantine.js';
import { countUndelivered } from './undelivered.js';

/**
 * Niceness of the parsing threads: publishing, HTTP and a broker on the same machine take precedence. Measured next to
 * a broker on the same two cores, 10 makes the main thread respond sooner than 5 does; 19 is no better than 10, and
 * would almost stop parsing next to any other busy program.
 */
const PARSER_NICENESS = 10;

export interface ProcessingPhaseOptions {
  readonly config: Config;
  readonly version: string;
  readonly files: readonly VerifiedFile[];
  /** Records of earlier dumps, to compare with. */
  readonly earlierCounts: EarlierCounts;
  readonly sink: Sink;
  /** Where the records of each type go. */
  readonly destinations: ReadonlyMap<DataType, Destination>;
  readonly session: MarkerSession;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
}

/**
 * Delivers the records of all files, several files at a time, and updates the marker's processing phase. A failed file
 * does not stop the others.
 *
 * The order of the commits: records confirmed, `file_complete` confirmed, file completed, processing completed. After a
 * failure between any two, the next run does the rest. `completeDump` is the step after it.
 *
 * @throws the signal's reason; `StateMarkerError` for a marker that cannot be saved
 */
export const processingPhase = async (options: ProcessingPhaseOptions): Promise<readonly FileSummary[]> => {
  const { config, files, session, signal } = options;
  session.startProcessing(files.map(({ name }) => name));
  await session.save();

  const concurrency = Math.min(files.length, config.maxWorkers);
  // One pool for all files: the last one, usually the largest by far, then has all threads.
  await using workers = createWorkerPool({ threads: config.maxWorkers, nice: PARSER_NICENESS });
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
    // If files of other data types are unfinished, the version stays in progress.
    session.completeProcessing();
  }
};

const processFile = async (
  { config, version, earlierCounts, sink, destinations, session, onEvent, signal }: ProcessingPhaseOptions,
  dump: VerifiedFile,
  workers: WorkerPool,
): Promise<FileSummary> => {
  const { name: file, size, sha256, dataType } = dump;
  const startedAt = performance.now();
  const summary = (rest: Partial<FileSummary> & Pick<FileSummary, 'outcome'>): FileSummary => {
    const known = session.marker.processing_phase.progress_by_file[file];
    const confirmed = known ? deliveredBy(known.messages_published, known.checkpoint) : 0;
    const seconds = (performance.now() - startedAt) / 1000;
    const summarized = { file, dataType, records: confirmed, delivered: 0, seconds, ...NO_ISSUES, ...rest };
    onEvent({ type: 'file-finished', ...summarized });
    return summarized;
  };
  const known = () => session.marker.processing_phase.progress_by_file[file]!;
  const plan = planFile(session.marker, file, sha256);
  if (plan.action === 'skip') {
    return summary({ outcome: 'skipped', undelivered: known().undelivered ?? 0 });
  }

  /** Where this run began, and what it has done since, once it reads the file. */
  let work: { readonly begin: Progress; readonly at: Progress } | undefined;
  const done = ({ begin, at }: NonNullable<typeof work>) => ({
    delivered: Math.max(0, deliveredBy(at.confirmed, at.checkpoint) - deliveredBy(begin.confirmed, begin.checkpoint)),
    ...issuesOf(at),
  });
  try {
    signal.throwIfAborted();
    session.beginFile(file, { checksum: sha256, destination: destinations.get(dataType) });
    const restart = async (reason: string): Promise<void> => {
      const { messages_published: records } = known();
      session.invalidateFile(file, reason);
      await session.save();
      onEvent({ type: 'file-restarted', file, dataType, records, reason });
    };
    const { messages_published: resumeAfter, checkpoint, restart_reason: restartReason } = known();
    // The sink cannot recognise records 1 to N by what it noted at another record.
    if (resumeAfter > 0 && checkpoint?.[CHECKPOINT_RECORDS] !== resumeAfter) {
      await restart("the state marker's count of confirmed records was not saved by this program");
    } else if (resumeAfter === 0 && restartReason !== undefined) {
      onEvent({ type: 'file-restarted', file, dataType, records: 0, reason: restartReason });
    }
    await session.save();

    const advance = ({ records, confirmed, checkpoint }: Confirmed & Pick<Progress, 'records'>): void => {
      const { messages_published, records_extracted, batches_sent } = known();
      // `save` and progress reports may arrive in another order than they were requested in.
      if (confirmed < messages_published) return;
      const recordsExtracted = Math.max(records, records_extracted);
      const batchesSent = Math.max(Math.ceil(confirmed / config.batchSize), batches_sent);
      session.advanceFile(file, {
        recordsExtracted,
        messagesPublished: confirmed,
        batchesSent,
        checkpoint: checkpointAt(confirmed, checkpoint),
      });
    };
    const eventFields = ({ records, confirmed, bytesRead, bytesDelivered, xmlBytes, ...rest }: Progress) => ({
      ...{ file, dataType, records, confirmed, bytesRead, bytesDelivered, bytesTotal: size, xmlBytes },
      ...{ irregularities: rest.irregularities, missing: rest.missing },
    });

    const { records, checkpoint: completedCheckpoint } = await extractFile({
      dump,
      afterRecord: known().messages_published,
      checkpoint: known().checkpoint,
      sink,
      contract: config.contract,
      quarantine: createQuarantine(join(config.discogsRoot, 'quarantine', version, dataType)),
      workers,
      maxMalformed: config.maxMalformedRecords,
      maxLeftOut: config.maxLeftOut,
      earlier: earlierCounts.get(dataType),
      minRecordsPercent: config.minRecordsPercent,
      checkFormat: createFormatCheck(config, dump, onEvent),
      signal,
      save: async (at) => {
        advance({ records: at.confirmed, ...at });
        await session.save();
      },
      restart,
      onStart: (resumedAfter, at) => {
        work = { begin: at, at };
        onEvent({ type: 'file-started', ...eventFields(at), resumedAfter, reason: plan.reason });
      },
      onProgress: (at) => {
        work = { begin: at, ...work, at };
        advance(at);
        onEvent({ type: 'file-progress', ...eventFields(at) });
      },
      onMalformed: ({ byteOffset, reason: kind, detail }, keptIn) =>
        onEvent({ type: 'record-malformed', file, dataType, kind, byteOffset, reason: detail, keptIn }),
      onFinding: (finding) => onEvent({ type: 'record-finding', file, dataType, ...finding }),
      onRefused: ({ error: { message: reason } }, keptIn) =>
        onEvent({ type: 'record-malformed', file, dataType, kind: 'refused', byteOffset: undefined, reason, keptIn }),
    });
    session.completeFile(file, {
      recordsExtracted: records,
      messagesPublished: records,
      batchesSent: known().batches_sent,
      checkpoint: checkpointAt(records, completedCheckpoint),
      undelivered: issuesOf(work!.at).undelivered,
    });
    await session.save();
    return summary({ outcome: 'completed', ...done(work!) });
  } catch (error) {
    const partly = work && done(work);
    if (signal.aborted) return summary({ outcome: 'stopped', ...partly });
    // The marker itself failed, so the failure cannot be recorded in it.
    if (error instanceof StateMarkerError) throw error;
    const reason = describeError(error);
    session.failFile(file, reason);
    if (isLoss(error)) session.invalidateFile(file, reason);
    if (isPublisherError(error)) session.failPublishing(`${file}: ${reason}`);
    // Reported before the marker is saved, which can fail too.
    const failed = summary({ outcome: 'failed', ...partly, error: error instanceof Error ? error : new Error(reason) });
    await session.save();
    return failed;
  }
};

/** In the checkpoint in the marker: the number of records that it was noted at. */
const CHECKPOINT_RECORDS = 'records';

const checkpointAt = (records: number, checkpoint: Checkpoint): Checkpoint => ({
  ...checkpoint,
  [CHECKPOINT_RECORDS]: records,
});

/** Whether confirmed records are lost, or may be wrong, so that the file must be delivered from its first record. */
const isLoss = (error: unknown): boolean =>
  error instanceof Error && (LOSSES.has(errorCodeOf(error) ?? '') || isLoss(error.cause));

const LOSSES: ReadonlySet<string> = new Set([...LOST_DELIVERY_CODES, 'DUMP_DAMAGED']);

/** Whether the delivery failed; the sink may have wrapped the publisher's error. */
const isPublisherError = (error: unknown): boolean =>
  error instanceof PublisherError || (error instanceof Error && error.cause instanceof PublisherError);

/** Records 1 to `confirmed` without those that the sink did not take. */
const deliveredBy = (confirmed: number, checkpoint: Checkpoint | undefined): number =>
  confirmed - countRefused(checkpoint);

/** What of a file was not delivered, or not as it should be. */
type Issues = Pick<FileSummary, 'malformed' | 'irregularities' | 'undelivered' | 'missing'>;

const NO_ISSUES: Issues = { malformed: 0, irregularities: {}, undelivered: 0, missing: 0 };

const issuesOf = ({ malformed, irregularities, missing }: Progress): Issues => ({
  malformed,
  irregularities: Object.fromEntries(Object.entries(irregularities).filter(([, count]) => count > 0)),
  missing,
  undelivered: malformed + countUndelivered(irregularities) + missing,
});
