import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Inventory, parseInventory } from '@discogs-extractor/data-quality/drift';
import { parseFileName } from '@discogs-extractor/downloader';
import {
  addInventory,
  createInventory,
  type DataType,
  encodeRecords,
  type MalformedRecord,
  ParserError,
  type RecordInventory,
} from '@discogs-extractor/parser';
import { countOf } from '../count-of.js';
import { describeError, ExtractorError } from '../errors.js';
import { countUndelivered } from '../pipeline/undelivered.js';
import { explainFileErrors } from '../system/file-errors.js';
import { StopRequested } from '../system/signal-handlers.js';
import type { ParseProgress } from './parse-progress.js';

export interface InspectDumpOptions {
  readonly dataType: DataType | undefined;
  readonly workers: number;
  /** Records to stop after. @default all */
  readonly limit: number | undefined;
  readonly progress: ParseProgress;
  readonly signal: AbortSignal;
}

/** What was read of a dump. */
export interface InspectedDump {
  /** Path of the file, or `standard input`. */
  readonly name: string;
  /** `undefined` if not one record was read. */
  readonly inventory: Inventory | undefined;
  /** Why the inventory is not that of the whole dump. */
  readonly problems: readonly string[];
  /** The stop that ended the read. */
  readonly stop: StopRequested | undefined;
}

/**
 * Takes the inventory of a dump, as far as it can be read, or reads one that was saved (a file in `.json`).
 *
 * @param file - path, `-` for standard input
 * @throws ExtractorError `INVENTORY_FAILED`, `USAGE` if a saved one is of another type; DataQualityError
 *   `INVALID_INVENTORY`
 */
export const inspectDump = async (file: string, options: InspectDumpOptions): Promise<InspectedDump> => {
  const name = file === '-' ? 'standard input' : file;
  const { dataType, workers, limit, progress, signal } = options;
  if (file.endsWith('.json')) {
    const inventory = await readSavedInventory(file);
    if (inventory.dataType === (dataType ?? inventory.dataType)) {
      return { name, inventory, problems: [], stop: undefined };
    }
    throw new ExtractorError('USAGE', `${name} has ${inventory.dataType}, and not ${dataType}.`);
  }
  let total: RecordInventory | undefined;
  const malformed: MalformedRecord[] = [];
  progress.begin(file === '-' ? name : basename(file));
  const blocks = encodeRecords(file === '-' ? process.stdin : file, {
    dataType,
    workers,
    signal,
    // Whatever is malformed is to be seen.
    maxMalformed: Number.MAX_SAFE_INTEGER,
    // Skipped records are in the inventory too, and nothing else is wanted.
    ...(limit === undefined ? { skip: Number.MAX_SAFE_INTEGER } : { limit }),
    inventoryAfter: 0,
    onInventory: (part) => {
      total ??= createInventory(part.dataType);
      addInventory(total, part);
    },
    onProgress: progress.update,
    onMalformed: (record) => {
      if (malformed.length === 0) malformed.push(record);
    },
  });
  const result = (failure: readonly string[], stop?: StopRequested): InspectedDump => {
    const version = parseFileName(basename(file))?.version;
    const inventory = total && total.records > 0 ? { ...(version !== undefined && { version }), ...total } : undefined;
    return { name, inventory, problems: [...problemsOf(blocks.stats, malformed[0]), ...failure], stop };
  };
  try {
    for await (const block of blocks) block.release();
    return result([]);
  } catch (error) {
    if (error instanceof StopRequested) return result([], error);
    if (!(error instanceof ParserError)) throw error;
    return result([`${describeError(error)} (after ${countOf(blocks.stats.records, 'record')})`]);
  }
};

const problemsOf = (
  { malformed, irregularities }: ReturnType<typeof encodeRecords>['stats'],
  first: MalformedRecord | undefined,
): string[] => {
  const leftOut = countUndelivered(irregularities);
  return [
    ...(first === undefined
      ? []
      : [
          `${countOf(malformed, 'malformed record')} not counted: the first is at byte ${first.byteOffset}, ${first.detail}`,
        ]),
    ...(leftOut === 0 ? [] : [`Content outside records not counted, in ${countOf(leftOut, 'place')}`]),
  ];
};

const readSavedInventory = async (path: string): Promise<Inventory> => {
  const text = await explainFileErrors(
    (cause) =>
      new ExtractorError('INVENTORY_FAILED', `Cannot read ${path}: ${describeError(cause)}`, {
        facts: { path },
        cause,
      }),
    () => readFile(path, 'utf8'),
  );
  return parseInventory(text, path);
};
