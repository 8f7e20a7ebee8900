import type { ChangeStore, PassCounts, PassMode } from '@discogs-extractor/changes';
import { type FlaggedReports, isQualityFinding, type QualityCounts } from '@discogs-extractor/data-quality';
import type { VerifiedFile } from '@discogs-extractor/downloader';
import {
  encodeRecords,
  type Irregularity,
  LEFT_OUT_KINDS,
  type MalformedRecord,
  ParserError,
  type RecordFinding,
  type WorkerPool,
} from '@discogs-extractor/parser';
import type { Checkpoint } from '@discogs-extractor/state-marker';
import { countOf } from '../count-of.js';
import { FileInventory } from '../drift/file-inventory.js';
import { describeError, ExtractorError } from '../errors.js';
import { isLostDelivery } from '../sinks/lost-delivery.js';
import type { FileSink, RefusedRecord, Sink } from '../sinks/sink.js';
import { BackgroundTask } from './background-task.js';
import type { FormatCheck } from './check-format.js';
import type { EarlierCount } from './earlier-counts.js';
import { canResume, deletedBefore, FileChanges } from './file-changes.js';
import { fileCompleteMessage } from './file-complete-message.js';
import { exceededError, type FileQuality, openReports } from './file-quality.js';
import type { Quarantine } from './quarantine.js';
import type { RecordForm } from './record-form.js';
import { findLoss, isSameProof, readNote, writeNote } from './sink-proof.js';
import { countUndelivered } from './undelivered.js';
import { openVerifiedDump, type VerifiedDump } from './verified-dump.js';
import { type Confirmed, Watermark } from './watermark.js';

/** Time between two progress reports while no block arrives, in milliseconds. */
const PROGRESS_INTERVAL_MS = 500;

/**
 * How long a file that stops early waits for confirms in flight, in milliseconds. Closing the connection to a broker
 * that does not respond takes up to 2.5 s more, and a stop must end within 5 s.
 */
const CONFIRM_TIMEOUT_MS = 1500;

/** The parser's codes for a file that may be damaged on disk. */
const DAMAGE: ReadonlySet<string> = new Set(['CORRUPT_GZIP', 'TRUNCATED']);

export interface ExtractFileOptions {
  readonly dump: VerifiedFile;
  /** Records that were confirmed in earlier runs. */
  readonly afterRecord: number;
  /** The sink's checkpoint at that record. */
  readonly checkpoint: Checkpoint | undefined;
  /** Of these records, those without a message, and those of them that a transform failed on. */
  readonly omitted: number;
  readonly transformFailures: number;
  readonly sink: Sink;
  readonly form: RecordForm;
  /** What is reported about the records, and where; `undefined` if there are no rules for them. */
  readonly quality: FileQuality | undefined;
  /** What is remembered of the records that the sink has; `undefined` if nothing is. */
  readonly changes: ChangesOptions | undefined;
  /** Records between two saves. */
  readonly saveInterval: number;
  readonly quarantine: Quarantine;
  /** Parsing threads, shared with other files. */
  readonly workers: WorkerPool;
  /** The file fails if it has more malformed and refused records than this. */
  readonly maxMalformed: number;
  /** The file fails, without `file_complete`, if it has content outside of records in more places than this. */
  readonly maxLeftOut: number;
  /** Records of this type that were delivered before, if known. */
  readonly earlier: EarlierCount | undefined;
  /** The file fails if it has fewer records than this percentage of the earlier ones. */
  readonly minRecordsPercent: number;
  readonly signal: AbortSignal;
  /**
   * Checks the inventory of the whole file, whatever was delivered before, when all its records are confirmed. If it
   * throws, the file fails without `file_complete`.
   *
   * @default no inventory is taken
   */
  readonly format: FormatCheck | undefined;
  /** Makes it durable that records 1 to `confirmed` are confirmed, at that checkpoint of the sink. */
  readonly save: (at: Confirmed) => Promise<void>;
  /** Called if reports could not be written after another error. */
  readonly onReportsFailed: (error: unknown) => void;
  /** Makes it durable that no record is confirmed, because confirmed ones were lost. @param reason - what was lost */
  readonly restart: (reason: string) => Promise<void>;
  readonly onStart: (resumedAfter: number, at: Progress) => void;
  /** Called after each block, at least every {@link PROGRESS_INTERVAL_MS}, and at the end, also after a failure. */
  readonly onProgress: (progress: Progress) => void;
  readonly onMalformed: (record: MalformedRecord, keptIn: string) => void;
  /** Called with what a transform reports about a record, before the record's block is delivered. */
  readonly onFinding: (finding: RecordFinding) => void;
  /** Called for a record that the sink does not take, within the same limit. */
  readonly onRefused: (record: RefusedRecord, keptIn: string) => void;
}

/** The store of what the sink has, and what to do with it. */
export interface ChangesOptions {
  /** Opened by the caller, which closes it. */
  readonly store: ChangeStore;
  readonly mode: PassMode;
  /** See {@link Config.maxDeletedPercent}. */
  readonly maxDeletedPercent: number;
  /** Tombstones that may be sent again after a crash. */
  readonly maxUnsaved: number;
  /** Whether the state marker of another version needs a proof still. */
  readonly isProofUsed: (version: string, proof: Checkpoint) => Promise<boolean>;
  /** Called when the sink is found to have lost records: all of them are sent once more. */
  readonly onDistrusted: (reason: string) => void;
  /** Called if ids that the dump lacks are not deleted. */
  readonly onWithheld: (missing: number, reason: string) => void;
  /** Called if the store cannot be written after another error. */
  readonly onFailed: (error: unknown) => void;
}

/** The progress of a file, counted from its first record, so that records of earlier runs are included. */
export interface Progress extends Pick<Confirmed, 'confirmed' | 'checkpoint' | 'omitted'> {
  /** What the state marker may have. */
  readonly durable: Confirmed;
  /** Records read. */
  readonly records: number;
  /** Bytes of the dump file read, and those up to the last confirmed record, estimated. */
  readonly bytesRead: number;
  readonly bytesDelivered: number;
  /** Bytes of XML read in this run, and the irregularities in them, counted by kind. */
  readonly xmlBytes: number;
  readonly irregularities: Readonly<Record<string, number>>;
  /** Malformed records of this run, and of earlier ones those that a transform failed on; refused ones of all runs. */
  readonly malformed: number;
  /** What rules found in the records that were read; `undefined` if there are no rules for them. */
  readonly quality: QualityCounts | undefined;
  /** Confirmed messages that the sink's destination does not have any more. */
  readonly missing: number;
  /** What was sent and what was not, over all runs of the pass; `undefined` with PUBLISH=all. */
  readonly changes: PassCounts | undefined;
}

/** A file whose records are all confirmed, with the sink's checkpoint of the completed file. */
export type ExtractedFile = Confirmed;

/**
 * Parses one dump file and writes it to the sink: every record after `afterRecord`, in order, then `file_complete`.
 * Resolves when the sink has confirmed everything. After a failure or a stop, `onProgress` has received what was
 * confirmed by then.
 *
 * @throws ExtractorError `NO_RECORDS`, `TOO_FEW_RECORDS`, `CONTENT_LEFT_OUT`, `FORMAT_CHANGED`, `RULES_EXCEEDED`,
 *   `RECORD_REFUSED`, `FILE_CHANGED`, `DUMP_DAMAGED`, `DUMP_UNREADABLE`; DataQualityError `REPORTS_FAILED`; errors of the
 *   parser, the sink or the file system; the signal's reason
 */
export const extractFile = async (options: ExtractFileOptions): Promise<ExtractedFile> => {
  const { changes } = options;
  try {
    return await extract(options);
  } catch (error) {
    // Before the state marker says that nothing of this file is delivered: a run over another dump would not notice.
    if (changes && isLostDelivery(error)) await distrust(changes, describeError(error));
    throw error;
  }
};

const distrust = async ({ store, onDistrusted }: ChangesOptions, reason: string): Promise<void> => {
  if (store.ids === 0) return;
  onDistrusted(reason);
  await store.distrust();
};

/** With PUBLISH=all, nothing relies on a proof, and the destination is left as it was found. */
const noteProof = ({ store, mode }: ChangesOptions, version: string, { proof, missing }: FileSink): Promise<void> =>
  writeNote(store, version, { proof: mode === 'all' ? undefined : proof, missing, isChanged: mode !== 'all' });

const extract = async (options: ExtractFileOptions): Promise<ExtractedFile> => {
  const { dump: verified, sink, changes: kept, signal } = options;
  const { version, dataType, name: file } = verified;
  const target = { version, dataType, file };
  await using dump = await openVerifiedDump(verified, signal);
  let changes: FileChanges | undefined;
  /** Malformed records so far, and refused records of this run, including those that are being kept. */
  const undeliverable = { malformed: options.transformFailures, refused: 0 };
  const keepRefused = async (record: RefusedRecord): Promise<void> => {
    const { recordNumber, error } = record;
    undeliverable.refused++;
    // Others may be refused meanwhile.
    const count = undeliverable.malformed + refusedBefore + undeliverable.refused;
    // Before it counts as confirmed: the state marker then has it as confirmed, and the store must not.
    await changes?.refuse(recordNumber);
    if (count > options.maxMalformed) {
      throw new ExtractorError(
        'RECORD_REFUSED',
        `Record ${recordNumber} of ${file} cannot be delivered, and with it ${count} malformed or refused records are ` +
          `more than MAX_MALFORMED_RECORDS=${options.maxMalformed} allows. ${error.message}`,
        { facts: { file, recordNumber }, cause: error },
      );
    }
    options.onRefused(record, await options.quarantine.keepRefused(record));
  };
  let { afterRecord: resumeAfter } = options;
  if (kept && resumeAfter > 0 && !canResume(kept.store, verified, kept.mode, resumeAfter)) {
    await options.restart(
      'another dump was delivered since, it is not known which records the sink has, or some are deleted already',
    );
    resumeAfter = 0;
  }
  if (kept && resumeAfter === 0 && kept.mode !== 'all') {
    const reason = await findLoss(kept.store, sink, target, signal);
    if (reason !== undefined) await distrust(kept, reason);
  }
  // Once a consumer may follow the output, no line of it is written again.
  let append = kept !== undefined && (kept.mode !== 'all' || readNote(kept.store)?.changed === true);
  if (kept && resumeAfter === 0 && !append) {
    const found = await sink.findOutput?.(target);
    append = found === 'tombstones';
    if (found === 'records') await distrust(kept, `the output of ${file} is written again from the first record`);
  }
  let watermark: Watermark | undefined;
  let inventory: FileInventory | undefined;
  const save = async (): Promise<void> => {
    const committed = await watermark!.commit();
    await options.save(committed);
    if (kept && fileSink.missing > 0) await noteProof(kept, version, fileSink);
    await changes?.commit(committed.confirmed);
    await inventory?.keep(committed.confirmed);
  };
  const fileSink: FileSink = await sink.open(target, {
    resumeAfter,
    checkpoint: options.checkpoint,
    deleted: kept && deletedBefore(kept.store, verified, resumeAfter),
    append,
    save,
    onRefused: keepRefused,
    signal,
  });
  const refusedBefore = fileSink.refused ?? 0;
  try {
    // The marker has the new place before it gets the first record: after a crash, the next run would otherwise resume
    // after records that are lost, or not recognise those that are there.
    const { resumedAfter, restartReason } = fileSink;
    if (resumedAfter < resumeAfter) {
      const reason = restartReason ?? 'the sink does not have its records any more';
      if (kept) await distrust(kept, reason);
      await options.restart(reason);
    }
    const isRestarted = resumedAfter < options.afterRecord;
    if (isRestarted) undeliverable.malformed = 0;
    changes = kept && (await FileChanges.begin({ ...kept, dump: verified, resumedAfter }));
    // What is known of the reports is about all records that were confirmed before.
    const quality = options.quality && isRestarted ? { ...options.quality, known: undefined } : options.quality;
    await using reports = quality && (await openReports(options, quality, resumedAfter));
    watermark = await Watermark.begin({
      fileSink,
      before: isRestarted ? { omitted: 0, transformFailures: 0 } : options,
      reports,
      changes: kept?.mode === 'all' ? undefined : changes,
      commitInterval: options.saveInterval,
    });
    await options.save(watermark.durable);
    if (kept) {
      const before = readNote(kept.store);
      await noteProof(kept, version, fileSink);
      if (before?.proof && !isSameProof(before.proof, fileSink.proof)) {
        const isUsed = before.version !== version && (await kept.isProofUsed(before.version, before.proof));
        if (!isUsed) await sink.release?.(target, before.proof, signal);
      }
    }
    const readAfter = changes?.readAfter ?? resumedAfter;
    inventory =
      options.format &&
      (await FileInventory.open({ path: options.format.keptIn, dataType, sha256: verified.sha256 }, readAfter));
    const delivery = { dump, fileSink, readAfter, reports, watermark, inventory, changes, save, undeliverable };
    return await deliver(options, delivery);
  } finally {
    await fileSink.close({ timeoutMs: CONFIRM_TIMEOUT_MS });
  }
};

interface Delivery {
  readonly dump: VerifiedDump;
  readonly fileSink: FileSink;
  /** Where reading begins: the records from here to the sink's `resumedAfter` are only noted. */
  readonly readAfter: number;
  readonly reports: FlaggedReports | undefined;
  readonly watermark: Watermark;
  readonly inventory: FileInventory | undefined;
  readonly changes: FileChanges | undefined;
  /** Makes durable what the sink has confirmed by now. */
  readonly save: () => Promise<void>;
  readonly undeliverable: { malformed: number };
}

const deliver = async (
  options: ExtractFileOptions,
  { dump, fileSink, readAfter, reports, watermark, inventory, changes, save, undeliverable }: Delivery,
): Promise<ExtractedFile> => {
  const { name: file, dataType } = options.dump;
  const { quarantine, workers, maxMalformed, signal, onStart, onProgress } = options;
  const { resumedAfter } = fileSink;
  const malformed: MalformedRecord[] = [];
  /** Records of earlier runs that have a number and are malformed all the same: they are not read again. */
  const { transformFailures: failuresBefore } = watermark;
  /** Of the records that are only noted, those that a transform failed on: they are counted already. */
  let failuresAgain = 0;
  let firstLeftOut: Irregularity | undefined;
  let isReadToEnd = false;
  const keepMalformed = async (): Promise<void> => {
    for (const record of malformed.splice(0)) options.onMalformed(record, await quarantine.keep(record));
  };

  const blocks = encodeRecords(dump.file, {
    dataType,
    skip: readAfter,
    workers,
    maxMalformed,
    signal,
    ...options.form,
    ...(inventory && { inventoryAfter: inventory.after, onInventory: (block) => inventory.add(block) }),
    onFinding: (finding) => {
      // The reports have those.
      if (!isQualityFinding(finding.finding) && finding.number > resumedAfter) options.onFinding(finding);
    },
    onMalformed: (record) => {
      changes?.keepMalformed(record);
      if (record.recordNumber !== undefined && record.recordNumber <= resumedAfter) {
        failuresAgain++;
        return;
      }
      if (record.recordNumber !== undefined) watermark.addFailure(record.recordNumber);
      undeliverable.malformed++;
      malformed.push(record);
    },
    onIrregularity: (irregularity) => {
      changes?.noteIrregularity(irregularity);
      if (LEFT_OUT_KINDS.includes(irregularity.kind)) firstLeftOut ??= irregularity;
    },
  });
  let records = resumedAfter;
  let bytesDelivered = 0;
  const progress = (): Progress => {
    const { missing } = fileSink;
    const { confirmed, checkpoint, omitted } = watermark.now();
    const { durable } = watermark;
    const { sourceBytes, xmlBytes, parsedXmlBytes, irregularities } = blocks.stats;
    const malformed = failuresBefore + blocks.stats.malformed - failuresAgain + (fileSink.refused ?? 0);
    // The place of a record in the compressed file is not known: it is about where it is in the XML.
    const share = records > 0 && xmlBytes > 0 ? (parsedXmlBytes / xmlBytes) * (confirmed / records) : 0;
    bytesDelivered = Math.max(bytesDelivered, Math.floor(sourceBytes * share));
    return {
      ...{ records, confirmed, checkpoint, omitted, durable, missing, malformed },
      ...{ bytesRead: sourceBytes, bytesDelivered, xmlBytes },
      irregularities: { ...irregularities },
      quality: reports && structuredClone(reports.counts),
      changes: watermark.changes,
    };
  };
  const saves = changes && new BackgroundTask(save, options.saveInterval, resumedAfter);
  onStart(resumedAfter, progress());
  // Skipped records and confirms are progress, but no block comes with them.
  const ticker = setInterval(() => onProgress(progress()), PROGRESS_INTERVAL_MS);
  try {
    const settle = async (isAll: boolean): Promise<void> => {
      if (isAll || fileSink.advance === undefined) await fileSink.flush?.();
      else return fileSink.advance();
      await save();
    };
    for await (const block of changes === undefined ? blocks : changes.select(blocks, settle)) {
      // Before its records are sent: what is confirmed came from the verified bytes.
      await dump.assertUnchanged();
      await keepMalformed();
      await reports?.add(block.findings);
      watermark.addBlock(block);
      records = block.lastRecord;
      await fileSink.write(block);
      watermark.commitWhenDue();
      saves?.startWhenDue(fileSink.confirmed);
      onProgress(progress());
    }
    await keepMalformed();
    await saves?.settle();
    isReadToEnd = true;
    await dump.assertUnchanged();
    if (blocks.stats.records < resumedAfter) {
      throw new ExtractorError(
        'FILE_CHANGED',
        `${file} has fewer records (${blocks.stats.records}) than were delivered from it before (${resumedAfter}). ` +
          'Run with --force-reprocess to deliver it from the first record.',
        { facts: { file, records: blocks.stats.records } },
      );
    }
    // Which records the sink does not take is known once it has confirmed the others.
    await fileSink.flush?.();
    const { refused = 0 } = fileSink;
    const malformedInAll = failuresBefore + blocks.stats.malformed - failuresAgain;
    if (records - refused === 0) {
      throw new ExtractorError(
        'NO_RECORDS',
        `${file} has no record that can be delivered (malformed: ${blocks.stats.malformed}, refused: ${refused}, ` +
          `empty: ${blocks.stats.irregularities['not-an-object']}). Check its source.`,
        { facts: { file, records: 0 } },
      );
    }
    // `onRefused` does not see the malformed records that follow.
    if (malformedInAll + refused > maxMalformed) {
      throw new ExtractorError(
        'RECORD_REFUSED',
        `${file} has ${malformedInAll} malformed records and ${refused} that the broker does not take, together ` +
          `more than MAX_MALFORMED_RECORDS=${maxMalformed} allows. The others are delivered, but file_complete is not ` +
          'sent. Look at them in the quarantine; if you can do without them, raise the limit and run again.',
        { facts: { file } },
      );
    }
    assertRecordCount(options, records);
    const leftOut = countUndelivered(blocks.stats.irregularities);
    if (leftOut > options.maxLeftOut) throw contentLeftOut(file, leftOut, firstLeftOut!);
    if (inventory) {
      await options.format?.check(inventory.whole());
      await inventory.discard();
    }
    // Consumers take `file_complete` as a sign that they have what they need.
    const exceeded =
      options.quality && reports && exceededError(file, options.quality, reports.counts, records, NOT_ANNOUNCED);
    if (exceeded) throw exceeded;
    const undelivered = malformedInAll + refused + leftOut;
    const processed = records - refused - watermark.transformFailures;
    const counts = changes && (await finishChanges(options, { fileSink, changes, save }, () => onProgress(progress())));
    const message = fileCompleteMessage({
      ...{ dataType, file, records: processed, undelivered },
      changes: options.changes?.mode === 'all' ? undefined : counts,
      now: new Date(),
    });
    const checkpoint = await fileSink.complete(message);
    // Whether its records were taken by a consumer or lost is not known.
    if (options.changes && fileSink.missing > 0) {
      await distrust(options.changes, `confirmed messages are missing at the destination (${fileSink.missing})`);
    }
    const committed = await watermark.commit();
    await reports?.finish(records);
    onProgress(progress());
    return { ...committed, checkpoint };
  } catch (error) {
    await keepMalformed();
    await fileSink.close({ timeoutMs: CONFIRM_TIMEOUT_MS });
    await saves?.settle();
    try {
      const { confirmed } = await watermark.commit();
      if (isReadToEnd && confirmed === records) await reports?.finish(records);
    } catch (reportsError) {
      if (reportsError !== error) options.onReportsFailed(reportsError);
    }
    onProgress(progress());
    if (changes) await settleChanges(options, { fileSink, changes, save }, error);
    // What the parser cannot read may be what has replaced the verified bytes.
    if (error instanceof ParserError)
      await (DAMAGE.has(error.code) ? dump.assertUndamaged(error) : dump.assertUnchanged());
    throw error;
  } finally {
    clearInterval(ticker);
  }
};

type ChangesDelivery = Pick<Delivery, 'fileSink' | 'save'> & { readonly changes: FileChanges };

/** Delivers tombstones, and ends the pass over the file. */
const finishChanges = async (
  { changes: options, signal }: ExtractFileOptions,
  { fileSink, changes, save }: ChangesDelivery,
  onProgress: () => void,
): Promise<PassCounts> => {
  await fileSink.flush?.();
  await save();
  return changes.finish({ ...options!, fileSink, onProgress, signal });
};

/** Notes in the store what the sink has confirmed of a file that ends early. */
const settleChanges = async (
  { changes: options }: ExtractFileOptions,
  { fileSink, changes, save }: ChangesDelivery,
  reason: unknown,
): Promise<void> => {
  try {
    await save();
    await changes.settle(fileSink);
  } catch (error) {
    // If the store has failed before, or the marker cannot be saved, that is reported already: the next run notes the
    // records that the store does not have.
    if (error !== reason && error instanceof Error && error.name === 'ChangesError') options!.onFailed(error);
  }
};

const NOT_ANNOUNCED = 'The records are delivered, but file_complete is not sent. ';

/** Consumers take `file_complete` as a sign that they have the whole dump, and may delete records that it lacks. */
const assertRecordCount = (
  { dump: { name: file }, earlier, minRecordsPercent }: ExtractFileOptions,
  records: number,
): void => {
  if (!earlier || records >= (earlier.records * minRecordsPercent) / 100) return;
  const percent = Math.floor((100 * records) / earlier.records);
  throw new ExtractorError(
    'TOO_FEW_RECORDS',
    `${file} has too few records (${records}): only ${percent} % of the ${earlier.records} that were delivered from dump ${earlier.version} before; ` +
      `at least ${minRecordsPercent} % are expected. They are delivered, but file_complete is not sent. ` +
      `Check the dump; if it is right, run again with --min-records-percent ${percent} (0 turns the check off).`,
    { facts: { file, records, earlierRecords: earlier.records, earlierVersion: earlier.version } },
  );
};

/** Such content may be records that were not read, such as one whose start tag is damaged. */
const contentLeftOut = (file: string, places: number, first: Irregularity): ExtractorError => {
  const { kind, detail = kind, byteOffset } = first;
  return new ExtractorError(
    'CONTENT_LEFT_OUT',
    `${file} has content that is in no record, in ${countOf(places, 'place')}: the first is ` +
      `${detail} at byte ${byteOffset} of the XML. The records are delivered, but records may be missing, so ` +
      `file_complete is not sent. Check the dump; if it is right, run again with MAX_LEFT_OUT=${places}.`,
    { facts: { file, places, byteOffset } },
  );
};
