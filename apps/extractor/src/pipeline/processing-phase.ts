import { join } from 'node:path';
import type { ChangeStore, PassMode } from '@discogs-extractor/changes';
import type { VerifiedFile } from '@discogs-extractor/downloader';
import { mapConcurrently } from '@discogs-extractor/internal/concurrency';
import { createWorkerPool, type WorkerPool } from '@discogs-extractor/parser';
import { PublisherError } from '@discogs-extractor/publisher';
import {
  type Annotations,
  type Checkpoint,
  createFileMarkerStore,
  type Destination,
  type FileProgress,
  type MarkerSession,
  planFile,
  type StateMarker,
  StateMarkerError,
  unfinishedFiles,
  watermarkOf,
} from '@discogs-extractor/state-marker';
import type { ChangeStores } from '../changes/change-stores.js';
import type { DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import { describeError, errorCodeOf } from '../errors.js';
import type { FileSummary, RunListener } from '../events/run-events.js';
import { LOST_DELIVERY_CODES } from '../sinks/lost-delivery.js';
import { countRefused } from '../sinks/refused-records.js';
import type { Sink } from '../sinks/sink.js';
import { changesAnnotation, knownChangesOf } from './changes-annotation.js';
import { createFormatCheck } from './check-format.js';
import type { EarlierCounts } from './earlier-counts.js';
import {
  type ChangesOptions,
  type ExtractedFile,
  type ExtractFileOptions,
  extractFile,
  type Progress,
} from './extract-file.js';
import type { FileQuality } from './file-quality.js';
import { markerFiles } from './marker-files.js';
import { hasRules, knownQualityOf, qualityAnnotation, rulesDigests } from './quality-annotation.js';
import { createQuarantine } from './quarantine.js';
import { recordFormOf } from './record-form.js';
import { countUndelivered } from './undelivered.js';
import type { Confirmed } from './watermark.js';

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
  readonly changeStores: ChangeStores;
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
  // They load while the sink connects.
  if (unfinishedFiles(session.marker).length > 0) workers.start();
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

/** Where a run began in a file, and how far it has come. */
interface Work {
  readonly begin: Progress;
  readonly at: Progress;
}

const processFile = async (
  options: ProcessingPhaseOptions,
  dump: VerifiedFile,
  workers: WorkerPool,
  /** When this run began and what it has done, if it has to resume. */
  earlier?: { readonly startedAt: number; readonly work: Work | undefined },
): Promise<FileSummary> => {
  const { config, version, earlierCounts, sink, destinations, changeStores, session, onEvent, signal } = options;
  const { name: file, size, sha256, dataType } = dump;
  const startedAt = earlier?.startedAt ?? performance.now();
  const summary = (rest: Partial<FileSummary> & Pick<FileSummary, 'outcome'>): FileSummary => {
    const known = session.marker.processing_phase.progress_by_file[file];
    const changes = known && knownChangesOf(known);
    const sent = known ? known.messages_published - countRefused(known.checkpoint) : 0;
    const records = sent + (changes?.unchanged ?? 0);
    const seconds = (performance.now() - startedAt) / 1000;
    const quality = known && knownQualityOf(known)?.reports.counts;
    const summarized = { file, dataType, records, delivered: 0, seconds, quality, changes, ...NO_ISSUES, ...rest };
    onEvent({ type: 'file-finished', ...summarized });
    return summarized;
  };
  const known = () => session.marker.processing_phase.progress_by_file[file]!;
  const plan = planFile(session.marker, file, sha256);
  if (plan.action === 'skip') {
    return summary({ outcome: 'skipped', undelivered: known().undelivered ?? 0 });
  }

  /** Where this run began, and what it has done since, once it reads the file. */
  let work = earlier?.work;
  const done = ({ begin, at }: Work) => ({
    delivered: Math.max(0, deliveredAt(at) - deliveredAt(begin)),
    ...issuesOf(at),
  });
  try {
    signal.throwIfAborted();
    session.beginFile(file, { checksum: sha256, destination: destinations.get(dataType) });
    const restart = async (reason: string): Promise<void> => {
      const records = watermarkOf(known());
      session.invalidateFile(file, reason);
      await session.save();
      onEvent({ type: 'file-restarted', file, dataType, records, reason });
    };
    const { checkpoint, restart_reason: restartReason } = known();
    const resumeAfter = watermarkOf(known());
    // The sink cannot recognise records 1 to N by what it noted at another record.
    if (resumeAfter > 0 && checkpoint?.[CHECKPOINT_RECORDS] !== resumeAfter) {
      await restart("the state marker's count of confirmed records was not saved by this program");
    } else if (resumeAfter === 0 && restartReason !== undefined) {
      onEvent({ type: 'file-restarted', file, dataType, records: 0, reason: restartReason });
    } else if (config.publish === 'all' && (knownChangesOf(known())?.unchanged ?? 0) > 0) {
      await restart('unchanged records were not sent, and PUBLISH=all sends every record');
    }
    await session.save();

    const quality = qualityOf(dump, known(), config, (reason) => {
      onEvent({ type: 'reports-restarted', file, dataType, records: watermarkOf(known()), reason });
    });
    const countsAt = ({ confirmed, checkpoint, omitted, transformFailures, reports, changes }: Confirmed) => ({
      messagesPublished: confirmed - omitted,
      omitted,
      batchesSent: Math.max(Math.ceil(confirmed / config.batchSize), known().batches_sent),
      checkpoint: checkpointAt(confirmed, checkpoint),
      annotations: annotationsOf(transformFailures, quality, reports, changes),
    });
    const advance = (at: Confirmed, records: number): void => {
      const { records_extracted } = known();
      // `save` and progress reports may arrive in another order than they were requested in.
      if (at.confirmed < watermarkOf(known())) return;
      session.advanceFile(file, { recordsExtracted: Math.max(records, records_extracted), ...countsAt(at) });
    };
    const eventFields = ({ records, confirmed, bytesRead, bytesDelivered, xmlBytes, ...rest }: Progress) => ({
      ...{ file, dataType, records, confirmed, bytesRead, bytesDelivered, bytesTotal: size, xmlBytes },
      ...{ irregularities: rest.irregularities, missing: rest.missing, quality: rest.quality, changes: rest.changes },
    });

    const completed = await extractWithChanges(
      changeStores,
      dataType,
      {
        mode: modeOf(config, session.marker, dataType),
        maxDeletedPercent: config.maxDeletedPercent,
        maxUnsaved: config.queueSize,
        onOpened: ({ path, ids, isNew }) => {
          const isDeliveredBefore = earlierCounts.has(dataType);
          // With PUBLISH=all, only what cannot be known any more is worth a word.
          if (config.publish === 'all' && !(isNew && isDeliveredBefore)) return;
          onEvent({ type: 'changes-opened', file, dataType, path, ids, isNew, isDeliveredBefore });
        },
        isProofUsed: (other, proof) => isProofIn(config.discogsRoot, other, dataType, proof),
        onDistrusted: (reason) => onEvent({ type: 'changes-distrusted', file, dataType, reason }),
        onWithheld: (missing, reason) => onEvent({ type: 'deletions-withheld', file, dataType, missing, reason }),
        onFailed: (error) => onEvent({ type: 'changes-failed', file, dataType, error }),
      },
      {
        dump,
        afterRecord: watermarkOf(known()),
        checkpoint: known().checkpoint,
        omitted: known().omitted ?? 0,
        transformFailures: transformFailuresIn(known()),
        sink,
        form: recordFormOf(
          config.contract,
          quality && { rules: config.dataQualityRules!.rules, maxFlaggedRecords: config.maxFlaggedRecords },
        ),
        quality,
        saveInterval: config.stateSaveInterval,
        quarantine: createQuarantine(join(config.discogsRoot, 'quarantine', version, dataType)),
        workers,
        maxMalformed: config.maxMalformedRecords,
        maxLeftOut: config.maxLeftOut,
        earlier: earlierCounts.get(dataType),
        minRecordsPercent: config.minRecordsPercent,
        format: createFormatCheck(config, dump, onEvent),
        signal,
        save: async (at) => {
          advance(at, at.confirmed);
          await session.save();
        },
        onReportsFailed: (error) => onEvent({ type: 'reports-failed', file, dataType, error }),
        restart,
        onStart: (resumedAfter, at) => {
          work = { begin: work?.begin ?? at, at };
          const { malformed } = at;
          onEvent({ type: 'file-started', ...eventFields(at), malformed, resumedAfter, reason: plan.reason });
        },
        onProgress: (at) => {
          work = { begin: at, ...work, at };
          advance(at.durable, at.records);
          onEvent({ type: 'file-progress', ...eventFields(at) });
        },
        onMalformed: ({ byteOffset, reason: kind, detail }, keptIn) =>
          onEvent({ type: 'record-malformed', file, dataType, kind, byteOffset, reason: detail, keptIn }),
        onFinding: (finding) => onEvent({ type: 'record-finding', file, dataType, ...finding }),
        onRefused: ({ error: { message: reason } }, keptIn) =>
          onEvent({ type: 'record-malformed', file, dataType, kind: 'refused', byteOffset: undefined, reason, keptIn }),
      },
    );
    session.update((marker) => withoutResend(marker, dataType));
    session.completeFile(file, {
      recordsExtracted: completed.confirmed,
      ...countsAt(completed),
      undelivered: issuesOf(work!.at).undelivered,
    });
    await session.save();
    return summary({ outcome: 'completed', ...done(work!) });
  } catch (error) {
    const partly = work && done(work);
    if (signal.aborted) return summary({ outcome: 'stopped', ...partly });
    // The marker itself failed, so the failure cannot be recorded in it.
    if (error instanceof StateMarkerError) throw error;
    const queue = queueThatIsBack(error);
    if (queue !== undefined) {
      // It may lack what was confirmed after the watermark, and nothing before it.
      const reason = `queue ${queue} took nothing for some time, and may lack records that were confirmed meanwhile`;
      onEvent({ type: 'file-interrupted', file, dataType, records: watermarkOf(known()), reason });
      return processFile(options, dump, workers, { startedAt, work });
    }
    const reason = describeError(error);
    session.failFile(file, reason);
    // A file whose queues never came has nothing to deliver again.
    const hasBegun = work !== undefined || watermarkOf(known()) > 0;
    if (hasBegun && isLoss(error)) session.invalidateFile(file, reason);
    if (isPublisherError(error)) session.failPublishing(`${file}: ${reason}`);
    // Reported before the marker is saved, which can fail too.
    const failed = summary({ outcome: 'failed', ...partly, error: error instanceof Error ? error : new Error(reason) });
    await session.save();
    return failed;
  }
};

type StoreOptions = Omit<ChangesOptions, 'store'> & { readonly onOpened: (store: ChangeStore) => void };

/** Delivers a file with the store of its type, if one is kept. */
const extractWithChanges = async (
  stores: ChangeStores,
  dataType: DataType,
  { onOpened, ...options }: StoreOptions,
  file: Omit<ExtractFileOptions, 'changes'>,
): Promise<ExtractedFile> => {
  const store = await stores.open(dataType);
  if (store === undefined) return extractFile({ ...file, changes: undefined });
  let extracted: ExtractedFile;
  try {
    onOpened(store);
    extracted = await extractFile({ ...file, changes: { ...options, store } });
  } catch (error) {
    await store.close().catch((closing: unknown) => {
      if (closing !== error) options.onFailed(closing);
    });
    throw error;
  }
  await store.close();
  return extracted;
};

/** Whether the state marker of a version, which is not completed then, needs what proves that its records are there. */
const isProofIn = async (
  directory: string,
  version: string,
  dataType: DataType,
  proof: Checkpoint,
): Promise<boolean> => {
  await using store = await createFileMarkerStore({ directory, readOnly: true });
  const found = await store.load(version);
  return (
    found.status === 'found' &&
    markerFiles(found.marker).some(
      (file) => file.dataType === dataType && file.progress.checkpoint?.['token'] === proof['token'],
    )
  );
};

const modeOf = ({ publish }: Config, { publishing_phase: phase }: StateMarker, dataType: DataType): PassMode => {
  if (publish === 'all') return 'all';
  return phase.resend?.includes(dataType) ? 'forced' : 'changed';
};

/** The next delivery of a type that was sent again as requested sends only what has changed. */
const withoutResend = (marker: StateMarker, dataType: DataType): StateMarker => {
  const { resend, ...phase } = marker.publishing_phase;
  const rest = resend?.filter((type) => type !== dataType) ?? [];
  return { ...marker, publishing_phase: { ...phase, ...(rest.length > 0 && { resend: rest }) } };
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

/** The name of the queue if one that was on a node that was down is there again. */
const queueThatIsBack = (error: unknown): string | undefined => {
  if (error instanceof PublisherError && error.code === 'QUEUE_UNAVAILABLE') return error.facts.queue;
  return error instanceof Error ? queueThatIsBack(error.cause) : undefined;
};

const LOSSES: ReadonlySet<string> = new Set([...LOST_DELIVERY_CODES, 'DUMP_DAMAGED']);

/** Whether the delivery failed; the sink may have wrapped the publisher's error. */
const isPublisherError = (error: unknown): boolean =>
  error instanceof PublisherError || (error instanceof Error && error.cause instanceof PublisherError);

/** Of the records that the sink has confirmed, those that have a message, and that it did take. */
const deliveredAt = ({ confirmed, omitted, checkpoint }: Progress): number =>
  confirmed - omitted - countRefused(checkpoint);

/** Name of the annotation in the marker: records up to the watermark that a transform failed on. */
const TRANSFORM_FAILURES = 'transform_failures';

const transformFailuresIn = ({ annotations }: FileProgress): number => Number(annotations?.[TRANSFORM_FAILURES] ?? 0);

const annotationsOf = (
  transformFailures: number,
  quality: FileQuality | undefined,
  reports: Confirmed['reports'],
  changes: Confirmed['changes'],
): Annotations | undefined => {
  const annotations = {
    ...(transformFailures > 0 && { [TRANSFORM_FAILURES]: transformFailures }),
    ...(quality && reports && qualityAnnotation(rulesDigests(quality.rules), reports)),
    ...(changes && changesAnnotation(changes)),
  };
  return Object.keys(annotations).length === 0 ? undefined : annotations;
};

/** The rules for the records of a file; `undefined` if there are none. */
const qualityOf = (
  { version, dataType }: VerifiedFile,
  progress: FileProgress,
  { discogsRoot, dataQualityRules, maxFlaggedRecords }: Config,
  onReread: (reason: string) => void,
): FileQuality | undefined => {
  const rules = dataQualityRules?.rules[dataType];
  if (dataQualityRules === undefined || rules === undefined || !hasRules(rules)) return undefined;
  const directory = join(discogsRoot, 'flagged', version, dataType);
  const known = knownQualityOf(progress);
  return { rulesPath: dataQualityRules.path, rules, directory, maxFlaggedRecords, known, onReread };
};

/** What of a file was not delivered, or not as it should be. */
type Issues = Pick<FileSummary, 'malformed' | 'irregularities' | 'undelivered' | 'missing'>;

const NO_ISSUES: Issues = { malformed: 0, irregularities: {}, undelivered: 0, missing: 0 };

const issuesOf = ({ malformed, irregularities, missing }: Progress): Issues => ({
  malformed,
  irregularities: Object.fromEntries(Object.entries(irregularities).filter(([, count]) => count > 0)),
  missing,
  undelivered: malformed + countUndelivered(irregularities) + missing,
});
