import { availableParallelism } from 'node:os';
import { type ComparableBlock, compareDumps, type DumpChange, readRecordId } from '@discogs-extractor/changes';
import { encodeRecords, type MalformedRecord, ParserError } from '@discogs-extractor/parser';
import type { DataType } from '../config/data-type.js';
import { readSetting } from '../config/load-config.js';
import { countOf } from '../count-of.js';
import { EXIT, ExtractorError } from '../errors.js';
import { countUndelivered } from '../pipeline/undelivered.js';
import { isReaderGone } from '../system/output-streams.js';
import { exitStatusOfStop, installStopHandlers, StopRequested } from '../system/signal-handlers.js';
import { type FilePair, findPairs } from './diff-inputs.js';
import { createLineOutput, type LineOutput } from './parse-output.js';

export interface DiffOptions {
  /** Each a path of a file or a folder, or a version in the data folder. */
  readonly before: string;
  readonly after: string;
  /** @default all types of the dumps, or that of the files */
  readonly types: readonly DataType[] | undefined;
  /** Path of the NDJSON, `-` for standard output. A name in `.gz` or `.zst` is compressed. */
  readonly output: string;
  /** Parsing threads. @default MAX_WORKERS, else one per core */
  readonly workers: number | undefined;
}

/** What the comparisons have in common. */
interface Common {
  readonly output: LineOutput;
  readonly workers: number;
  readonly signal: AbortSignal;
}

/**
 * `discogs-extractor diff`: prints what was added, changed and deleted between two dumps. Standard output gets only
 * NDJSON, standard error all messages. Resolves with the exit status: 1 if something of a dump could not be compared.
 */
export const diffCommand = async ({ before, after, types, output: path, workers }: DiffOptions): Promise<number> => {
  const pairs = await findPairs(before, after, (await readSetting('discogsRoot')) ?? '.', types);
  const output = createLineOutput(path);
  const threads = workers ?? (await readSetting('maxWorkers')) ?? availableParallelism();
  using stop = installStopHandlers(() => {});
  let isWhole = true;
  try {
    for (const pair of pairs) {
      if (!(await comparePair(pair, { output, workers: threads, signal: stop.signal }))) isWhole = false;
    }
    await output.finish();
    return isWhole ? EXIT.done : EXIT.failed;
  } catch (error) {
    if (isReaderGone(error)) return EXIT.done;
    if (!(error instanceof StopRequested)) throw error;
    print(`🛑 ${error.message}: the output ends after a whole line, but it is not complete`);
    return exitStatusOfStop(error);
  } finally {
    await output.close();
  }
};

const print = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Lines per write: few enough to come soon, enough to cost little. */
const LINES_PER_WRITE = 200;

/** Compares the files of one type. Returns whether everything in them was compared. */
const comparePair = async ({ dataType: given, before, after }: FilePair, common: Common): Promise<boolean> => {
  const older = new DumpFile(before, given, common);
  const newer = new DumpFile(after, given, common);
  const comparison = compareDumps({
    before: () => older.read(),
    after: () => newer.read(older.dataType),
    signal: common.signal,
  });
  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(lines.join(''));
    lines = [];
    await common.output.write(bytes);
  };
  // An id whose record is malformed in one of the dumps is neither new nor gone.
  const notCompared = { added: 0, deleted: 0 };
  for await (const change of comparison) {
    const isMalformedIn = change.type === 'added' ? older : newer;
    if (change.type !== 'changed' && isMalformedIn.malformedIds.has(change.id)) notCompared[change.type]++;
    else lines.push(`${JSON.stringify(lineOf(change, newer.dataType))}\n`);
    if (lines.length === LINES_PER_WRITE) await flush();
  }
  const { changed, unchanged, withoutIdBefore, withoutIdAfter, ...records } = comparison.summary;
  const added = records.added - notCompared.added;
  const deleted = records.deleted - notCompared.deleted;
  const summary = {
    ...{ type: 'summary', data_type: newer.dataType, old_records: records.before, new_records: records.after },
    ...{ added, changed, deleted, unchanged, not_compared: notCompared.added + notCompared.deleted },
    ...{ old_without_id: withoutIdBefore, new_without_id: withoutIdAfter },
  };
  lines.push(`${JSON.stringify(summary)}\n`);
  await flush();
  const problems = [...older.problems, ...newer.problems];
  for (const problem of problems) print(`❌ ${problem}`);
  return problems.length === 0;
};

/** A change as it is printed. */
const lineOf = (change: DumpChange, dataType: DataType | undefined): Record<string, unknown> => {
  const { type, id } = change;
  const line = { type, data_type: dataType, id };
  if (change.type === 'added') return { ...line, sha256: change.sha256 };
  if (change.type === 'deleted') return { ...line, last_sha256: change.lastSha256 };
  return { ...line, sha256: change.sha256, last_sha256: change.lastSha256, members: change.members };
};

/** A dump file that can be read again. */
class DumpFile {
  dataType: DataType | undefined;
  readonly malformedIds = new Set<string>();
  /** What could not be compared. */
  problems: string[] = [];
  readonly #path: string;
  readonly #common: Common;

  constructor(path: string, dataType: DataType | undefined, common: Common) {
    this.#path = path;
    this.dataType = dataType;
    this.#common = common;
  }

  /**
   * @param expected - the type that it must have, if it is not known
   * @throws ExtractorError `USAGE` if it is a dump of another type; errors of the parser
   */
  async *read(expected?: DataType): AsyncGenerator<ComparableBlock, void, undefined> {
    let unreadable = 0;
    const onMalformed = ({ bytes }: MalformedRecord): void => {
      const id = readRecordId(bytes);
      if (id === undefined) unreadable++;
      else this.malformedIds.add(id);
    };
    const { workers, signal } = this.#common;
    const stream = encodeRecords(this.#path, {
      dataType: this.dataType ?? expected,
      ...{ workers, signal, onMalformed },
    });
    try {
      yield* stream;
    } catch (error) {
      throw this.#explain(error, expected);
    }
    this.dataType = stream.stats.dataType;
    const { malformed, irregularities } = stream.stats;
    const places = countUndelivered(irregularities);
    // A second read finds the same.
    this.problems = [];
    if (malformed > 0) {
      const ids =
        unreadable === 0
          ? ''
          : `; the ids of ${unreadable} cannot be read, so they may be reported as added or deleted`;
      this.problems.push(`${this.#path}: ${countOf(malformed, 'malformed record')} could not be compared${ids}`);
    }
    if (places > 0)
      this.problems.push(`${this.#path}: content outside records was skipped in ${countOf(places, 'place')}`);
  }

  #explain(error: unknown, expected: DataType | undefined): unknown {
    if (!(error instanceof ParserError) || error.code !== 'DATA_TYPE_MISMATCH') return error;
    const remedy =
      this.dataType === undefined
        ? `The other file is a dump of ${expected}: compare files of the same type.`
        : 'Give the type that both files have with --types.';
    return new ExtractorError('USAGE', `${error.message}. ${remedy}`, { cause: error });
  }
}
