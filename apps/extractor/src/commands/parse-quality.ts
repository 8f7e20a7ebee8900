import type { FlaggedReports, QualityCounts } from '@discogs-extractor/data-quality';
import type { DataType, ReadOptions, ReadStats } from '@discogs-extractor/parser';
import type { RulesFile } from '../config/rules-file.js';
import { countOf } from '../count-of.js';
import { exceededError } from '../pipeline/file-quality.js';
import { MAX_SHOWN_RULES, qualityText } from '../report/quality-text.js';

export interface ParseQualityOptions {
  readonly rulesFile: RulesFile;
  /** Folder for the reports. @default what is found is only counted */
  readonly directory: string | undefined;
  readonly maxFlaggedRecords: number;
  /** The dump file, for people. */
  readonly name: string;
}

/** What rules find in the records of one file. */
export interface ParseQuality extends AsyncDisposable {
  readonly onFinding: NonNullable<ReadOptions['onFinding']>;
  /** Writes the reports on what was found until now. */
  write(stats: ReadStats): Promise<void>;
  /** Writes the rest. @param isWhole - whether the file was read to its end */
  finish(stats: ReadStats, isWhole: boolean): Promise<void>;
  /** What was found, as lines for people. */
  notes(): string[];
  /** Why the file is not acceptable. */
  problems(stats: ReadStats): string[];
}

export const createParseQuality = async (options: ParseQualityOptions): Promise<ParseQuality> => {
  const { rulesFile, directory, maxFlaggedRecords: maxRecords, name } = options;
  const { countFinding, createQualityCounts, isQualityFinding, openFlaggedReports } = await import(
    '@discogs-extractor/data-quality'
  );
  const counts: QualityCounts = createQualityCounts();
  const version = /discogs_(\d{8})_/.exec(name)?.[1] ?? 'unknown';
  let waiting: Parameters<ParseQuality['onFinding']>[0][] = [];
  let reports: FlaggedReports | undefined;
  /** Known once the first block was read. */
  const open = async (dataType: DataType): Promise<FlaggedReports | undefined> => {
    if (directory !== undefined) reports ??= await openFlaggedReports({ directory, version, dataType, maxRecords });
    return reports;
  };
  const write = async ({ dataType }: ReadStats): Promise<void> => {
    const findings = waiting;
    waiting = [];
    if (dataType === undefined || directory === undefined) return;
    const opened = await open(dataType);
    await opened?.add(findings);
    await opened?.commit();
  };
  return {
    onFinding: (finding) => {
      if (!isQualityFinding(finding.finding)) return;
      countFinding(counts, finding.finding);
      if (directory !== undefined) waiting.push(finding);
    },
    write,
    finish: async (stats, isWhole) => {
      await write(stats);
      if (isWhole) await reports?.finish(stats.records);
    },
    notes: () => {
      const rules = Object.entries(counts.rules);
      const shown = rules
        .slice(0, MAX_SHOWN_RULES)
        .map(
          ([rule, { severity, violations, records }]) =>
            `${rule} (${severity}): ${countOf(violations, 'violation')} in ${countOf(records, 'record')}`,
        );
      const rest = rules.length > shown.length ? [`and ${countOf(rules.length - shown.length, 'rule')} more`] : [];
      return [`By the rules: ${qualityText(counts) || 'nothing found'}`, ...shown, ...rest];
    },
    problems: ({ dataType, records }) => {
      if (dataType === undefined) return [];
      const rules = rulesFile.rules[dataType];
      const error = exceededError(name, { rulesPath: rulesFile.path, rules, directory }, counts, records);
      return error === undefined ? [] : [error.message];
    },
    [Symbol.asyncDispose]: async () => reports?.close(),
  };
};
