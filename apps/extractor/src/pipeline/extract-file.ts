import { encodeRecords, type MalformedRecord, type ReadStats, type WorkerPool } from '@discogs-extractor/parser';
import type { DataType } from '../config/data-type.js';
import { ExtractorError } from '../errors.js';
import type { FileSink, Sink } from '../sinks/sink.js';
import type { EarlierCount } from './earlier-counts.js';
import { fileCompleteMessage } from './file-complete-message.js';
import type { Quarantine } from './quarantine.js';

/** Time between two reports of progress where no block gives occasion for one, in milliseconds. */
const TICK_MS = 500;

/**
 * How long a file that stops early waits for the confirms under way, in milliseconds. Parting from a broker that does not answer takes
 * up to 2.5 s more, and a stop 5 s in all.
 */
const CONFIRM_GRACE_MS = 1500;

export interface ExtractFileOptions {
  /** Where the verified dump file lies. */
  readonly path: string;
  /** Its name, such as `discogs_20260101_artists.xml.gz`. */
  readonly file: string;
  /** Version of the dump, `YYYYMMDD`. */
  readonly version: string;
  readonly dataType: DataType;
  /** Records that earlier runs have confirmed. */
  readonly afterRecord: number;
  readonly sink: Sink;
  readonly quarantine: Quarantine;
  /** Threads to parse with, which other files use as well. */
  readonly workers: WorkerPool;
  /** Malformed records above which the file fails. */
  readonly maxMalformed: number;
  /** What the dump before had of this type, where that is known. */
  readonly earlier: EarlierCount | undefined;
  /** The part of that, in percent, which this file must have at least. */
  readonly minRecordsPercent: number;
  readonly signal: AbortSignal;
  /** Makes it durable that records 1 to `confirmed` are. */
  readonly save: (confirmed: number) => Promise<void>;
  readonly onStart: (resumedAfter: number, at: Progress) => void;
  /** Called after each block, from time to time, and once more at the end, however it ends. */
  readonly onProgress: (progress: Progress) => void;
  readonly onMalformed: (record: MalformedRecord, keptIn: string) => void;
}

/** How far a file has come, counted from its first record, those of earlier runs included. */
export interface Progress {
  /** Records read. */
  readonly records: number;
  /** Records 1 to this one are confirmed by the sink. */
  readonly confirmed: number;
  /** Bytes of the dump file read. */
  readonly bytesRead: number;
  /** Bytes of XML read by this run, and the irregularities in them by kind. */
  readonly xmlBytes: number;
  readonly irregularities: Readonly<Record<string, number>>;
}

export interface Extraction {
  /** Records of the whole file, those of earlier runs included. */
  readonly records: number;
  /** Records delivered now. */
  readonly delivered: number;
  readonly stats: ReadStats;
}

/**
 * Takes one dump file through parser and sink: every record after `afterRecord`, in order, then `file_complete`. Resolves once the
 * sink has confirmed all of it. Where it fails or is stopped, what is confirmed by then has been reported to `onProgress`.
 *
 * @throws ExtractorError `NO_RECORDS`, `TOO_FEW_RECORDS`, `FILE_CHANGED`; the parser's, sink's or file system's error; the signal's reason
 */
export const extractFile = async (options: ExtractFileOptions): Promise<Extraction> => {
  const { sink, version, dataType, file, afterRecord, save, signal } = options;
  const fileSink = await sink.open({ version, dataType, file }, { resumeAfter: afterRecord, save, signal });
  try {
    return await deliver(options, fileSink);
  } finally {
    await fileSink.close({ timeout: CONFIRM_GRACE_MS });
  }
};

const deliver = async (options: ExtractFileOptions, fileSink: FileSink): Promise<Extraction> => {
  const { path, file, dataType, quarantine, workers, maxMalformed, signal, onStart, onProgress } = options;
  const { resumedAfter } = fileSink;
  const malformed: MalformedRecord[] = [];
  const keepMalformed = async (): Promise<void> => {
    for (const record of malformed.splice(0)) options.onMalformed(record, await quarantine.keep(record));
  };

  const blocks = encodeRecords(path, {
    dataType,
    skip: resumedAfter,
    workers,
    maxMalformed,
    signal,
    onMalformed: (record) => malformed.push(record),
  });
  let records = resumedAfter;
  const progress = (): Progress => ({
    records,
    confirmed: fileSink.confirmed,
    bytesRead: blocks.stats.sourceBytes,
    xmlBytes: blocks.stats.xmlBytes,
    irregularities: { ...blocks.stats.irregularities },
  });
  onStart(resumedAfter, progress());
  // Records that are passed over come in no block, and confirms come without one: both are progress.
  const ticker = setInterval(() => onProgress(progress()), TICK_MS);
  try {
    for await (const block of blocks) {
      await keepMalformed();
      // The one place between parser and sink where a record can be inspected, changed or dropped.
      records += block.count;
      await fileSink.write(block);
      onProgress(progress());
    }
    await keepMalformed();
    if (blocks.stats.skipped < resumedAfter) {
      throw new ExtractorError(
        'FILE_CHANGED',
        `${file} has only ${blocks.stats.skipped} records, but ${resumedAfter} of it were delivered before. Run with --force-reprocess to start again.`,
        { file, records: blocks.stats.skipped },
      );
    }
    if (records === 0) {
      throw new ExtractorError(
        'NO_RECORDS',
        `${file} holds no record that can be delivered (${blocks.stats.malformed} malformed, ${blocks.stats.irregularities['not-an-object']} empty ones). Check where it comes from.`,
        { file, records },
      );
    }
    assertEnough(options, records);
    await fileSink.complete(fileCompleteMessage(dataType, file, records, new Date()));
    onProgress(progress());
    return { records, delivered: records - resumedAfter, stats: blocks.stats };
  } catch (error) {
    await keepMalformed();
    await fileSink.close({ timeout: CONFIRM_GRACE_MS });
    onProgress(progress());
    throw error;
  } finally {
    clearInterval(ticker);
  }
};

/** Consumers take `file_complete` to mean that they have the whole dump, and may delete what was not in it. */
const assertEnough = ({ file, earlier, minRecordsPercent }: ExtractFileOptions, records: number): void => {
  if (!earlier || records >= (earlier.records * minRecordsPercent) / 100) return;
  const percent = Math.floor((100 * records) / earlier.records);
  throw new ExtractorError(
    'TOO_FEW_RECORDS',
    `${file} has ${records} records, only ${percent} % of the ${earlier.records} in dump ${earlier.version}; at least ${minRecordsPercent} % are expected. They are delivered, but file_complete is not sent. Check the dump; where it is right, run again with --min-records-percent ${percent} (0 turns the check off).`,
    { file, records, earlierRecords: earlier.records, earlierVersion: earlier.version },
  );
};
