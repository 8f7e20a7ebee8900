import {
  DataQualityError,
  type FlaggedReports,
  findExceededRules,
  openFlaggedReports,
  type QualityCounts,
  type TypeRules,
} from '@discogs-extractor/data-quality';
import type { VerifiedFile } from '@discogs-extractor/downloader';
import { encodeRecords, type WorkerPool } from '@discogs-extractor/parser';
import { ExtractorError } from '../errors.js';
import { type KnownQuality, rulesDigests } from './quality-annotation.js';
import type { RecordForm } from './record-form.js';
import { openVerifiedDump } from './verified-dump.js';

/** The rules for the records of a file, and the reports on them. */
export interface FileQuality {
  /** Path of the rules file, for people. */
  readonly rulesPath: string;
  readonly rules: TypeRules;
  /** Folder of the reports. */
  readonly directory: string;
  readonly maxFlaggedRecords: number;
  /** What the state marker has of earlier reports. */
  readonly known: KnownQuality | undefined;
  /** Called before the records of earlier runs are read again, only to report on them. */
  readonly onReread: (reason: string) => void;
}

export interface OpenReportsOptions {
  readonly dump: VerifiedFile;
  readonly form: RecordForm;
  readonly workers: WorkerPool;
  readonly maxMalformed: number;
  readonly signal: AbortSignal;
}

/**
 * Opens the reports on a file, which begin empty, or continue after record `resumedAfter`. If there are no such reports
 * on the records up to that one, these are read again, and not delivered.
 *
 * @throws DataQualityError `REPORTS_FAILED`; errors of the dump; the signal's reason
 */
export const openReports = async (
  options: OpenReportsOptions,
  { rules, directory, maxFlaggedRecords: maxRecords, known, onReread }: FileQuality,
  resumedAfter: number,
): Promise<FlaggedReports> => {
  const { version, dataType } = options.dump;
  const common = { directory, version, dataType, maxRecords };
  if (resumedAfter === 0) return openFlaggedReports(common);
  let reason = 'there are none of the earlier run';
  if (known !== undefined && known.digests.reports === rulesDigests(rules).reports) {
    try {
      return await openFlaggedReports({ ...common, resume: known.reports });
    } catch (error) {
      if (!(error instanceof DataQualityError && error.code === 'REPORTS_CHANGED')) throw error;
      reason = error.message;
    }
  } else if (known !== undefined) {
    reason = 'the rules have changed';
  }
  onReread(reason);
  const reports = await openFlaggedReports(common);
  try {
    await reread(options, reports, resumedAfter);
    return reports;
  } catch (error) {
    await reports.close();
    throw error;
  }
};

/** Reports on the first records of a file. */
const reread = async (
  { dump: file, form, workers, maxMalformed, signal }: OpenReportsOptions,
  reports: FlaggedReports,
  limit: number,
): Promise<void> => {
  await using dump = await openVerifiedDump(file, signal);
  const { dataType } = file;
  for await (const block of encodeRecords(dump.file, { dataType, limit, workers, maxMalformed, signal, ...form })) {
    await dump.assertUnchanged();
    await reports.add(block.findings);
    await reports.commit();
    block.release();
  }
};

/**
 * The error `RULES_EXCEEDED`, if the records of a file violate a rule more often than it allows.
 *
 * @param consequence - a sentence and a blank
 */
export const exceededError = (
  file: string,
  { rules, rulesPath, directory }: Pick<FileQuality, 'rules' | 'rulesPath'> & { directory: string | undefined },
  counts: QualityCounts,
  records: number,
  consequence = '',
): ExtractorError | undefined => {
  const exceeded = findExceededRules(rules, counts, records);
  if (exceeded.length === 0) return undefined;
  const list = exceeded.map(
    ({ rule, failAbove, percent, records: violating }) =>
      `${rule} by ${percentText(percent)} % of the records (${violating} of ${records}), and its fail_above is ${failAbove} %`,
  );
  return new ExtractorError(
    'RULES_EXCEEDED',
    `${file} violates rules too often: ${list.join('; ')}. ${consequence}` +
      `Look at ${directory ?? 'the records (--flagged)'}; if they are acceptable, raise fail_above in ${rulesPath} and run again.`,
    { facts: { file, records, rules: exceeded.map(({ rule }) => rule) } },
  );
};

const percentText = (percent: number): string => String(Number(percent.toPrecision(4)));
