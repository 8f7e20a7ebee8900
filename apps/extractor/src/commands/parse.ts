import { type FileHandle, open, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type DataType, encodeRecords, type MalformedRecord } from '@discogs-extractor/parser';
import { describeError, EXIT, ExtractorError } from '../errors.js';
import { createQuarantine } from '../pipeline/quarantine.js';
import { countUndelivered } from '../pipeline/undelivered.js';
import { isReaderGone } from '../system/output-streams.js';

export interface ParseOptions {
  /** Path of the dump file, `-` for standard input. */
  readonly file: string;
  readonly dataType: DataType | undefined;
  /** Path of the NDJSON, `-` for standard output. */
  readonly output: string;
  /** Parsing threads. @default one per core */
  readonly workers: number | undefined;
  /** Records to stop after. @default all */
  readonly limit: number | undefined;
  /** Folder for malformed records. @default they are only reported */
  readonly quarantine: string | undefined;
}

/**
 * `discogs-extractor parse`. Standard output gets only records, standard error all messages. Resolves with the exit
 * status, which is 1 also if records were malformed, because the output lacks them.
 */
export const parseCommand = async (options: ParseOptions): Promise<number> => {
  if (await isSameFile(options.file, options.output)) {
    throw new ExtractorError('USAGE', `--output ${options.output} is the dump itself. Choose another file.`);
  }
  const report = (text: string): boolean => process.stderr.write(`${text}\n`);
  const quarantine = options.quarantine === undefined ? undefined : createQuarantine(options.quarantine);
  const malformed: MalformedRecord[] = [];
  const reportMalformed = async (): Promise<void> => {
    for (const record of malformed.splice(0)) {
      const kept = quarantine ? `, kept in ${await quarantine.keep(record)}` : '';
      report(`⚠️ Malformed record at byte ${record.byteOffset}: ${record.detail}${kept}`);
    }
  };

  const records = encodeRecords(options.file === '-' ? process.stdin : options.file, {
    dataType: options.dataType,
    workers: options.workers ?? availableParallelism(),
    limit: options.limit,
    onMalformed: (record) => malformed.push(record),
  });
  const output = createOutput(options.output);
  let delivered = 0;
  try {
    for await (const block of records) {
      await reportMalformed();
      await output.write(block.bytes);
      delivered += block.count;
      block.release();
    }
    await reportMalformed();
    await output.finish();
  } catch (error) {
    // A reader that ends early, such as `head`, is not a failure.
    if (isReaderGone(error)) return EXIT.done;
    await reportMalformed();
    report(`❌ ${describeError(error)}`);
    return EXIT.failed;
  } finally {
    await output.close();
  }

  const irregularities = Object.entries(records.stats.irregularities).filter(([, count]) => count > 0);
  if (irregularities.length > 0) {
    report(`⚠️ Irregularities: ${irregularities.map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  }
  if (records.stats.malformed > 0) {
    report(`❌ ${records.stats.malformed} malformed records were skipped; ${delivered} records were written`);
    return EXIT.failed;
  }
  const undelivered = countUndelivered(records.stats.irregularities);
  if (undelivered > 0) {
    report(`❌ Content outside records was skipped in ${undelivered} places; ${delivered} records were written`);
    return EXIT.failed;
  }
  return EXIT.done;
};

/** Whether two paths refer to one existing file. */
const isSameFile = async (one: string, other: string): Promise<boolean> => {
  if (one === '-' || other === '-') return false;
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.isFile() && a.dev === b.dev && a.ino === b.ino;
};

interface Output {
  write(bytes: Uint8Array): Promise<void>;
  /** Called after the last write; also creates an output without records. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

const createOutput = (path: string): Output => (path === '-' ? standardOutput() : fileOutput(path));

const standardOutput = (): Output => ({
  write: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }),
  finish: async () => {},
  close: async () => {},
});

/** Opened at the first record, so that an unreadable input leaves an existing output unchanged. */
const fileOutput = (path: string): Output => {
  let handle: FileHandle | undefined;
  const opened = async (): Promise<FileHandle> => {
    handle ??= await open(path, 'w');
    return handle;
  };
  return {
    write: async (bytes) => (await opened()).writeFile(bytes),
    finish: async () => {
      await opened();
    },
    close: async () => handle?.close(),
  };
};
