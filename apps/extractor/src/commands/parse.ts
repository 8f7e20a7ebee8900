import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import {
  createWorkerPool,
  type DataType,
  type Irregularity,
  LEFT_OUT_KINDS,
  type MalformedRecord,
  ParserError,
  type WorkerPool,
} from '@discogs-extractor/parser';
import type { Contract } from '../config/contract-settings.js';
import { readRulesSetting, readSetting } from '../config/load-config.js';
import type { RulesFile } from '../config/rules-file.js';
import { SETTINGS } from '../config/settings.js';
import { countOf } from '../count-of.js';
import { describeError, EXIT, ExtractorError } from '../errors.js';
import { createQuarantine } from '../pipeline/quarantine.js';
import { recordFormOf } from '../pipeline/record-form.js';
import { countUndelivered } from '../pipeline/undelivered.js';
import { isReaderGone } from '../system/output-streams.js';
import { exitStatusOfStop, installStopHandlers, StopRequested } from '../system/signal-handlers.js';
import { type LineStream, readLines } from './parse-lines.js';
import { createLineOutput, type LineOutput } from './parse-output.js';
import { createParseProgress, type ParseProgress } from './parse-progress.js';
import { createParseQuality } from './parse-quality.js';
import type { Shape } from './parse-shapes.js';

export interface ParseOptions {
  /** Paths of dump files, `-` for standard input. */
  readonly files: readonly string[];
  readonly dataType: DataType | undefined;
  /** Path of the NDJSON, `-` for standard output. A name in `.gz` or `.zst` is compressed. */
  readonly output: string;
  readonly shape: Shape;
  /** Whose message bodies. @default CONTRACT, else topic */
  readonly contract: Contract | undefined;
  /** Parsing threads. @default MAX_WORKERS, else one per core */
  readonly workers: number | undefined;
  /** Records of all files together to stop after. @default all */
  readonly limit: number | undefined;
  /** Folder for malformed records; with several files, each has a folder in it. @default they are only reported */
  readonly quarantine: string | undefined;
  /** Path of a rules file. @default DATA_QUALITY_RULES, else no rules */
  readonly dataQualityRules: string | undefined;
  /** Folder for reports on what rules find; with several files, each has a folder in it. @default it is only counted */
  readonly flagged: string | undefined;
}

/** What the files have in common. */
interface Common {
  readonly options: ParseOptions;
  readonly contract: Contract;
  readonly rulesFile: RulesFile | undefined;
  readonly maxFlaggedRecords: number;
  readonly workers: number | WorkerPool;
  readonly output: LineOutput;
  readonly progress: ParseProgress;
  readonly signal: AbortSignal;
}

/**
 * `discogs-extractor parse`. Standard output gets only records, standard error all messages. A file that cannot be read
 * does not keep the next from being read. Resolves with the exit status, which is 1 also if something in a file was not
 * delivered, and 128 plus the signal's number after a signal: then the output ends after a whole line.
 */
export const parseCommand = async (options: ParseOptions): Promise<number> => {
  await assertUsable(options);
  const contract = options.contract ?? (await readSetting('contract')) ?? 'topic';
  const notices: string[] = [];
  const rulesFile = await readRulesSetting(options.dataQualityRules, ({ level, text }) => {
    if (level === 'warn') notices.push(text);
  });
  if (rulesFile === undefined && options.flagged !== undefined) {
    throw new ExtractorError('USAGE', '--flagged needs rules: give --data-quality-rules, or set DATA_QUALITY_RULES.');
  }
  const maxFlaggedRecords = (await readSetting('maxFlaggedRecords')) ?? SETTINGS.maxFlaggedRecords.defaultValue();
  const output = createLineOutput(options.output);
  const threads = options.workers ?? (await readSetting('maxWorkers')) ?? availableParallelism();
  // A pool is a little slower for one file, since its reads take smaller segments.
  const workers = threads > 0 && options.files.length > 1 ? createWorkerPool({ threads }) : threads;
  using stop = installStopHandlers((reason) => {
    if (options.output === '-') limitStop(new StopRequested(reason));
  });
  const progress = createParseProgress(options.output === '-' && process.stdout.isTTY);
  for (const notice of notices) progress.print(notice);
  const common: Common = {
    ...{ options, contract, rulesFile, maxFlaggedRecords, workers, output, progress },
    signal: stop.signal,
  };
  let status: number = EXIT.done;
  let written = 0;
  let isAnyWhole = false;
  try {
    for (const [index, file] of options.files.entries()) {
      const limit = options.limit === undefined ? undefined : options.limit - written;
      if (limit === 0 && index > 0) break;
      const done = await parseFile(common, file, index, limit);
      written += done.written;
      if (done.isWhole) isAnyWhole = true;
      else status = EXIT.failed;
    }
    if (isAnyWhole || written > 0) await output.finish();
    return status;
  } catch (error) {
    // A reader that ends early, such as `head`, is not a failure.
    if (isReaderGone(error)) return status;
    if (!(error instanceof StopRequested)) {
      progress.print(`❌ ${describeError(error)}`);
      return EXIT.failed;
    }
    progress.print(`🛑 ${error.message}: the output ends after a whole line, but it is not complete`);
    return exitStatusOfStop(error);
  } finally {
    progress.end();
    await output.close();
    if (typeof workers === 'object') await workers.close();
    // A read of standard input that still waits would keep the process alive.
    if (options.files.includes('-')) process.stdin.destroy();
  }
};

/** How long a stop waits for a reader of standard output that takes nothing more, in milliseconds. */
const STOP_TIMEOUT_MS = 1000;

/** Ends the process if the block that is being written is not taken in time. */
const limitStop = (stop: StopRequested): void => {
  setTimeout(() => {
    process.stderr.write(`🛑 ${stop.message}: the reader does not take the output, so its last line may be cut\n`);
    process.exit(exitStatusOfStop(stop));
  }, STOP_TIMEOUT_MS).unref();
};

/** @throws ExtractorError `USAGE` */
const assertUsable = async (options: ParseOptions): Promise<void> => {
  const { files, output, shape, contract } = options;
  for (const name of ['flagged', 'quarantine'] as const) {
    if (options[name] === '') throw new ExtractorError('USAGE', `--${name} needs the name of a folder.`);
  }
  if (files.filter((file) => file === '-').length > 1) {
    throw new ExtractorError('USAGE', 'Standard input (-) can be read only once.');
  }
  if (shape === 'clean' && contract !== undefined) {
    throw new ExtractorError('USAGE', '--shape clean is the same for every contract: leave out --contract.');
  }
  for (const file of files) {
    if (await isSameFile(file, output)) {
      throw new ExtractorError('USAGE', `--output ${output} is the dump itself. Choose another file.`);
    }
  }
};

/** @throws errors of the output; StopRequested */
const parseFile = async (
  { options, contract, rulesFile, maxFlaggedRecords, workers, output, progress, signal }: Common,
  file: string,
  index: number,
  limit: number | undefined,
): Promise<{ written: number; isWhole: boolean }> => {
  const isOnly = options.files.length === 1;
  const name = file === '-' ? 'standard input' : file;
  // The parser's errors name the path already.
  const report = (text: string, mark: string): void => {
    progress.print(`${mark} ${isOnly || text.startsWith(name) ? '' : `${name}: `}${text}`);
  };
  /** Of the folder that an option names, that of this file. */
  const folderOf = (folder: string | undefined): string | undefined =>
    folder === undefined || isOnly ? folder : join(folder, folderName(options.files, index));
  const quarantineFolder = folderOf(options.quarantine);
  const quarantine = quarantineFolder === undefined ? undefined : createQuarantine(quarantineFolder);
  const malformed: MalformedRecord[] = [];
  const reportMalformed = async (): Promise<void> => {
    for (const record of malformed.splice(0)) {
      const kept = quarantine ? `, kept in ${await quarantine.keep(record)}` : '';
      report(`Malformed record at byte ${record.byteOffset}: ${record.detail}${kept}`, '⚠️');
    }
  };

  const directory = folderOf(options.flagged);
  await using quality = rulesFile && (await createParseQuality({ rulesFile, directory, maxFlaggedRecords, name }));
  let firstLeftOut: Irregularity | undefined;
  progress.begin(file === '-' ? name : basename(file));
  const stream = readLines(file === '-' ? process.stdin : file, options.shape, {
    dataType: options.dataType,
    workers,
    limit,
    signal,
    // The clean shape is made of raw records.
    ...recordFormOf(
      options.shape === 'message' ? contract : 'topic',
      rulesFile && { rules: rulesFile.rules, maxFlaggedRecords: directory === undefined ? 0 : maxFlaggedRecords },
    ),
    onFinding: (finding) => quality?.onFinding(finding),
    onProgress: progress.update,
    onMalformed: (record) => malformed.push(record),
    onIrregularity: (irregularity) => {
      if (LEFT_OUT_KINDS.includes(irregularity.kind)) firstLeftOut ??= irregularity;
    },
  });
  let written = 0;
  const finish = async (failure?: string): Promise<{ written: number; isWhole: boolean }> => {
    const problems = failure === undefined ? summaryOf(stream, written, firstLeftOut) : [failure];
    await quality?.finish(stream.stats, failure === undefined);
    if (failure === undefined && limit === undefined) problems.push(...(quality?.problems(stream.stats) ?? []));
    reportNotes(stream, (text) => report(text, '⚠️'));
    for (const note of quality?.notes() ?? []) report(note, '📊');
    for (const problem of problems) report(problem, '❌');
    return { written, isWhole: problems.length === 0 };
  };
  try {
    for await (const lines of stream.lines) {
      await reportMalformed();
      await quality?.write(stream.stats);
      await output.write(lines.bytes);
      written += lines.count;
      lines.release();
    }
    await reportMalformed();
    return await finish();
  } catch (error) {
    if (isReaderGone(error)) throw error;
    await reportMalformed();
    if (!(error instanceof ParserError)) {
      if (error instanceof StopRequested) reportNotes(stream, (text) => report(text, '⚠️'));
      throw error;
    }
    const { byteOffset } = error.facts;
    const place = byteOffset === undefined ? '' : ` (at byte ${byteOffset} of the XML, after ${records(written)})`;
    return await finish(`${file === '-' ? `${name}: ` : ''}${describeError(error)}${place}`);
  }
};

const reportNotes = ({ stats, dropped }: LineStream, report: (text: string) => void): void => {
  const irregularities = Object.entries(stats.irregularities).filter(([, count]) => count > 0);
  if (irregularities.length > 0) {
    report(`Irregularities: ${irregularities.map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  }
  if (dropped.count > 0) {
    report(`The clean shape has no field for ${countOf(dropped.count, 'value')}, such as ${dropped.firstPath}`);
  }
};

/** Why a dump that was read to its end was not delivered as a whole. */
const summaryOf = ({ stats }: LineStream, written: number, firstLeftOut: Irregularity | undefined): string[] => {
  const problems: string[] = [];
  const rest = `${records(written)} ${written === 1 ? 'was' : 'were'} written`;
  if (stats.malformed > 0) {
    const were = stats.malformed === 1 ? 'was' : 'were';
    problems.push(`${countOf(stats.malformed, 'malformed record')} ${were} skipped; ${rest}`);
  }
  const undelivered = countUndelivered(stats.irregularities);
  if (undelivered > 0) {
    const { kind, detail = kind, byteOffset } = firstLeftOut!;
    const first = undelivered === 1 ? '' : 'the first ';
    problems.push(
      `Content outside records was skipped in ${countOf(undelivered, 'place')}, ${first}at byte ${byteOffset} (${detail}): ` +
        `the dump may be damaged, or a piece of one; ${rest}`,
    );
  }
  return problems;
};

const records = (number: number): string => countOf(number, 'record');

/** Whether two paths refer to one existing file. */
const isSameFile = async (one: string, other: string): Promise<boolean> => {
  if (one === '-' || other === '-') return false;
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.isFile() && a.dev === b.dev && a.ino === b.ino;
};

/** A folder name for each file: its own name, with a number if an earlier file has the same. */
const folderName = (files: readonly string[], index: number): string => {
  const names = files.slice(0, index + 1).map((file) => (file === '-' ? 'stdin' : basename(file)));
  const name = names[index]!;
  const same = names.filter((each) => each === name).length;
  return same === 1 ? name : `${name}-${same}`;
};
