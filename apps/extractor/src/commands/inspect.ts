import { availableParallelism } from 'node:os';
import {
  compareInventories,
  compareWithFormat,
  type DriftChange,
  describeChange,
  type FormatComparison,
  type Inventory,
} from '@discogs-extractor/data-quality/drift';
import { type DataType, knownFormat } from '@discogs-extractor/parser';
import { type ConfigSources, readSetting } from '../config/load-config.js';
import { countOf } from '../count-of.js';
import { describeError, EXIT, ExtractorError } from '../errors.js';
import { formatRecords } from '../report/format.js';
import { isReaderGone } from '../system/output-streams.js';
import { exitStatusOfStop, installStopHandlers } from '../system/signal-handlers.js';
import { type FindOther, resolveAgainst } from './inspect-against.js';
import { type InspectDumpOptions, type InspectedDump, inspectDump } from './inspect-dump.js';
import { inventoryTable } from './inspect-table.js';
import { createLineOutput } from './parse-output.js';
import { createParseProgress } from './parse-progress.js';

export interface InspectOptions extends ConfigSources {
  /** Paths of dumps or saved inventories, `-` for standard input. */
  readonly files: readonly string[];
  readonly dataType: DataType | undefined;
  /** What to compare each file with: a path, or a version. @default the known format */
  readonly against: string | undefined;
  readonly json: boolean;
  /** Parsing threads. @default MAX_WORKERS, else one per core */
  readonly workers: number | undefined;
  /** Records of each file to stop after. @default all */
  readonly limit: number | undefined;
}

/**
 * `discogs-extractor inspect`: prints what dumps have, as a table or JSON, or how they differ from another one. Resolves
 * with the exit status, which is 1 if a file was not read as a whole, and 128 plus the signal's number after a signal:
 * what was read until then is printed.
 *
 * @throws ExtractorError `USAGE`
 */
export const inspectCommand = async (options: InspectOptions): Promise<number> => {
  const { files, against, json, dataType, limit } = options;
  if (files.filter((file) => file === '-').length > 1) {
    throw new ExtractorError('USAGE', 'Standard input (-) can be read only once.');
  }
  const findOther = against === undefined ? undefined : await resolveAgainst(against, options);
  const workers = options.workers ?? (await readSetting('maxWorkers')) ?? availableParallelism();
  const output = createLineOutput('-');
  using stop = installStopHandlers(() => {});
  const progress = createParseProgress(false);
  const reading: InspectDumpOptions = { dataType, workers, limit, progress, signal: stop.signal };
  let status: number = EXIT.done;
  try {
    for (const [index, file] of files.entries()) {
      const dump = await inspectDump(file, reading);
      const other = await readOther(dump, findOther, reading);
      progress.end();
      const isWhole = report([dump, ...(other ? [other] : [])], progress.print);
      if (!isWhole) status = EXIT.failed;
      const isComparable = findOther === undefined || other?.inventory !== undefined;
      if (dump.inventory !== undefined && isComparable) {
        const text = (json ? asJson : asText)(dump.name, dump.inventory, other);
        await output.write(Buffer.from(index > 0 ? `\n${text}` : text));
      }
      const stopped = dump.stop ?? other?.stop;
      if (stopped !== undefined) return exitStatusOfStop(stopped);
    }
    return status;
  } catch (error) {
    if (isReaderGone(error)) return status;
    if (error instanceof ExtractorError && error.code === 'USAGE') throw error;
    progress.print(`❌ ${describeError(error)}`);
    return EXIT.failed;
  } finally {
    progress.end();
    // A read of standard input that still waits would keep the process alive.
    if (files.includes('-')) process.stdin.destroy();
  }
};

const readOther = async (
  { inventory, stop }: InspectedDump,
  findOther: FindOther | undefined,
  reading: InspectDumpOptions,
): Promise<InspectedDump | undefined> => {
  if (findOther === undefined || inventory === undefined || stop !== undefined) return undefined;
  const { dataType } = inventory;
  return inspectDump(await findOther(dataType), { ...reading, dataType });
};

/** Prints why files were not read as a whole. Returns whether they were. */
const report = (dumps: readonly InspectedDump[], print: (text: string) => void): boolean => {
  let isWhole = true;
  for (const { name, inventory, problems, stop } of dumps) {
    for (const problem of problems) print(`❌ ${problem.startsWith(name) ? problem : `${name}: ${problem}`}`);
    if (stop !== undefined) print(`🛑 ${stop.message}: ${formatRecords(inventory?.records ?? 0)} of ${name} were read`);
    else if (inventory === undefined && problems.length === 0) print(`❌ ${name}: no record`);
    isWhole &&= inventory !== undefined && problems.length === 0 && stop === undefined;
  }
  return isWhole;
};

const asJson = (_: string, inventory: Inventory, other: InspectedDump | undefined): string => {
  const value =
    other === undefined
      ? { ...inventory, format: compareWithFormat(inventory, knownFormat(inventory.dataType)) }
      : {
          ...{ version: inventory.version, dataType: inventory.dataType, records: inventory.records },
          against: { name: other.name, version: other.inventory?.version, records: other.inventory?.records ?? 0 },
          changes: changesSince(other, inventory),
        };
  return `${JSON.stringify(value, undefined, 2)}\n`;
};

const asText = (name: string, inventory: Inventory, other: InspectedDump | undefined): string => {
  const { dataType } = inventory;
  const lines = [`${name}: ${dataType}, ${formatRecords(inventory.records)}`];
  if (other === undefined) {
    const format = compareWithFormat(inventory, knownFormat(dataType));
    lines.push('', ...inventoryTable(inventory, process.stdout.isTTY), '', ...describeFormat(format));
    if (inventory.uncounted)
      lines.push('', `Not listed: ${countOf(inventory.uncounted, 'occurrence')} of further paths`);
  } else {
    const changes = changesSince(other, inventory);
    const head = `${changes.length === 0 ? 'No changes' : countOf(changes.length, 'change')} since ${other.name}`;
    lines.push(`${head}, ${formatRecords(other.inventory?.records ?? 0)}`, ...changes.map(describeLine));
  }
  return `${lines.join('\n')}\n`;
};

const changesSince = ({ inventory: before }: InspectedDump, after: Inventory): readonly DriftChange[] =>
  before === undefined ? [] : compareInventories(before, after, { format: knownFormat(after.dataType) });

const describeFormat = ({ era, changes }: FormatComparison): string[] => {
  const format = era === '' ? 'the format of the first dumps' : `the format known since ${era}`;
  return changes.length === 0
    ? [`It has ${format}.`]
    : [`${countOf(changes.length, 'deviation')} from ${format}:`, ...changes.map(describeLine)];
};

const SIGNS: Readonly<Record<DriftChange['type'], string>> = { new: '+', gone: '-', kind: '~', share: '%' };

const describeLine = (change: DriftChange): string => `  ${SIGNS[change.type]} ${describeChange(change)}`;
