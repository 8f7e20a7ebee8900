import type { QualityCounts } from '../counts/quality-counts.js';
import type { DataType } from '../data-type.js';

/** The ids of skipped records, by reason. */
export type SkippedIds = ReadonlyMap<string, readonly string[]>;

export interface ReportTextOptions {
  /** Version of the dump, `YYYYMMDD`. */
  readonly version: string;
  readonly dataType: DataType;
  readonly counts: QualityCounts;
  /** How many the file has, skipped ones included. */
  readonly records: number;
  /** Some or all of the ids of each reason. */
  readonly skippedIds: SkippedIds;
}

/** The content of `report.txt`. */
export const reportText = ({ version, dataType, counts, records, skippedIds }: ReportTextOptions): string => {
  const title = `📊 Data Quality Report for discogs_${version}:`;
  const { skipped, error, warning, info } = counts;
  if (skipped + error + warning + info === 0) return `${title} No data quality violations found.\n`;
  const reasons = Object.entries(counts.skipReasons).map(([reason, total]) => {
    const ids = skippedIds.get(reason) ?? [];
    const rest = total > ids.length ? [`${total - ids.length} more in skipped.jsonl`] : [];
    return `${reason}: ${[...ids, ...rest].join(', ')}`;
  });
  const skips = skipped === 0 ? [] : ['  Skipped records:', `    ${dataType}: ${skipped} (${reasons.join('; ')})`];
  const rules = Object.entries(counts.rules)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { severity, violations }]) => {
      const of = (each: string): number => (each === severity ? violations : 0);
      return `    ${name}: ${of('error')} errors, ${of('warning')} warnings, ${of('info')} info`;
    });
  const total = `  ${dataType}: ${error} errors, ${warning} warnings (of ${records} records)`;
  return `${[title, ...skips, total, ...rules].join('\n')}\n`;
};
