import { createReadStream } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { mapConcurrently } from '@discogs-extractor/internal/concurrency';
import { makeDirectory, replaceFile, syncDirectory, TEMPORARY_SUFFIX } from '@discogs-extractor/internal/durable-file';
import { countFinding, createQualityCounts, mergeQualityCounts, type QualityCounts } from '../counts/quality-counts.js';
import { DATA_TYPES, type DataType } from '../data-type.js';
import { isQualityFinding, type QualityFinding } from '../finding.js';
import { checks } from '../option-checks.js';
import { LineFile } from './line-file.js';
import { recordFileName } from './record-file-name.js';
import { skipLine, violationLine } from './report-lines.js';
import { reportText, type SkippedIds } from './report-text.js';
import { explainWriteErrors } from './write-errors.js';

export interface FlaggedReportsOptions {
  /** Folder of the reports on one dump file; created if it is missing. It holds nothing else. */
  readonly directory: string;
  /** Version of the dump, `YYYYMMDD`. */
  readonly version: string;
  readonly dataType: DataType;
  /** How many records are kept as files; more are counted. @default 10000 */
  readonly maxRecords?: number | undefined;
  /**
   * What {@link FlaggedReports.commit} resolved with for the record that reading resumes after. The reports then continue
   * there, whatever was written since. @default the reports begin empty
   */
  readonly resume?: FlaggedProgress | undefined;
  /** The clock. @default the system's */
  readonly now?: (() => Date) | undefined;
}

/** How far reports have come: plain data, to be kept until reading resumes. */
export interface FlaggedProgress {
  /** Sizes of the files of lines, in bytes. */
  readonly violationsBytes: number;
  readonly skippedBytes: number;
  /** Records that are kept as files, and those that are not because there were too many. */
  readonly keptRecords: number;
  readonly unkeptRecords: number;
  readonly counts: QualityCounts;
}

/** What a transform reported about a record: a `RecordFinding` of the parser. */
export interface ReportedFinding {
  /** The record's number in its file. */
  readonly number: number;
  readonly id: string;
  /** Only a {@link QualityFinding} matters; others are ignored. */
  readonly finding: unknown;
}

/**
 * Reports on one dump file: `violations.jsonl`, `skipped.jsonl`, the flagged records as `ID.xml` and `ID.json`, and at
 * the end `report.txt`.
 *
 * Lines are written by `commit` only. So if you keep what it resolves with together with the record that you resume
 * after, no line is lost or written twice, whenever the process ends. Records are kept at once: reading them again
 * writes the same files.
 */
export interface FlaggedReports extends AsyncDisposable {
  /** What was found so far, including what is not written yet. */
  readonly counts: Readonly<QualityCounts>;
  /** Records that are not kept as files, because there were too many. */
  readonly unkeptRecords: number;
  /**
   * Takes findings in the order of their records. Resolves when the records among them are kept, on the disk.
   *
   * @throws DataQualityError `REPORTS_FAILED`
   */
  add(findings: readonly ReportedFinding[]): Promise<void>;
  /**
   * Appends the lines about the records up to a number, and makes them durable. Calls are carried out one after the other.
   *
   * @param throughRecord - not lower than in an earlier call. @default all
   * @throws DataQualityError `REPORTS_FAILED`, also later if an earlier call has failed
   */
  commit(throughRecord?: number): Promise<FlaggedProgress>;
  /**
   * Commits everything, and writes `report.txt`.
   *
   * @param records - how many the dump file has, skipped ones included
   * @throws DataQualityError `REPORTS_FAILED`
   */
  finish(records: number): Promise<FlaggedProgress>;
  /** Lines that are not committed are not written. Idempotent. */
  close(): Promise<void>;
}

/** How many flagged records of a data type and version are kept, unless an option says otherwise. */
export const DEFAULT_MAX_FLAGGED_RECORDS = 10_000;

const KNOWN: Readonly<Record<keyof FlaggedReportsOptions, true>> = {
  directory: true,
  version: true,
  dataType: true,
  maxRecords: true,
  resume: true,
  now: true,
};

/** Files that are written or removed at a time. */
const CONCURRENCY = 8;

const VIOLATIONS_FILE = 'violations.jsonl';
const SKIPPED_FILE = 'skipped.jsonl';
const REPORT_FILE = 'report.txt';

/**
 * Opens the reports on a dump file. Without `resume`, they begin empty: those of an earlier reading are removed.
 *
 * @throws DataQualityError `REPORTS_CHANGED` if the reports to continue are not there any more; `REPORTS_FAILED`,
 *   `INVALID_OPTIONS`
 */
export const openFlaggedReports = async (options: FlaggedReportsOptions): Promise<FlaggedReports> => {
  const {
    directory,
    version,
    dataType,
    maxRecords = DEFAULT_MAX_FLAGGED_RECORDS,
    resume,
    now = () => new Date(),
  } = checks.object('', options, KNOWN);
  checks.text('directory', directory);
  checks.text('version', version);
  checks.oneOf('dataType', dataType, DATA_TYPES);
  checks.wholeNumber('maxRecords', maxRecords, { min: 0 });
  checks.optionalFunction('now', now);
  await explainWriteErrors(directory, () => makeDirectory(directory));
  if (resume === undefined) await removeReports(directory);
  const violations = await LineFile.open(join(directory, VIOLATIONS_FILE), resume?.violationsBytes ?? 0);
  try {
    const skipped = await LineFile.open(join(directory, SKIPPED_FILE), resume?.skippedBytes ?? 0);
    return new Reports({ directory, version, dataType, maxRecords, resume, now, violations, skipped });
  } catch (error) {
    await violations.close();
    throw error;
  }
};

/** Removes the reports of an earlier reading, and what a killed process left of them. */
const removeReports = (directory: string): Promise<void> =>
  explainWriteErrors(directory, async () => {
    const names = (await readdir(directory)).filter(
      (name) =>
        [VIOLATIONS_FILE, SKIPPED_FILE, REPORT_FILE].includes(name.replace(TEMPORARY_SUFFIX, '')) ||
        name.endsWith('.xml') ||
        name.endsWith('.json'),
    );
    await mapConcurrently(CONCURRENCY, names, (name) => rm(join(directory, name), { force: true }));
  });

type ReportsOptions = Required<Pick<FlaggedReportsOptions, 'directory' | 'version' | 'dataType'>> & {
  readonly maxRecords: number;
  readonly resume: FlaggedProgress | undefined;
  readonly now: () => Date;
  readonly violations: LineFile;
  readonly skipped: LineFile;
};

/** What is known of a record until the lines about it are written. */
interface PendingRecord {
  readonly number: number;
  readonly violationLines: string;
  readonly skipLine: string;
  /** Without the record itself. */
  readonly finding: QualityFinding;
  readonly isKept: boolean;
  readonly isUnkept: boolean;
}

class Reports implements FlaggedReports {
  readonly counts = createQualityCounts();
  readonly #options: ReportsOptions;
  readonly #violations: LineFile;
  readonly #skipped: LineFile;
  /** Of the records whose lines are written, or being written. */
  readonly #committed = createQualityCounts();
  #committedKept: number;
  #committedUnkept: number;
  #kept: number;
  #unkept: number;
  /** Records were kept, and their names may not be durable. */
  #hasNewNames = false;
  #pending: PendingRecord[] = [];
  /** The last commit: if it fails, so do all that follow. */
  #lastCommit: Promise<unknown> = Promise.resolve();

  constructor(options: ReportsOptions) {
    const { resume } = options;
    this.#options = options;
    this.#violations = options.violations;
    this.#skipped = options.skipped;
    this.#kept = resume?.keptRecords ?? 0;
    this.#unkept = resume?.unkeptRecords ?? 0;
    this.#committedKept = this.#kept;
    this.#committedUnkept = this.#unkept;
    if (resume === undefined) return;
    mergeQualityCounts(this.counts, resume.counts);
    mergeQualityCounts(this.#committed, resume.counts);
  }

  get unkeptRecords(): number {
    return this.#unkept;
  }

  async add(findings: readonly ReportedFinding[]): Promise<void> {
    const at = this.#options.now();
    const toKeep: { readonly path: string; readonly data: string | Uint8Array }[] = [];
    for (const { number, id, finding } of findings) {
      if (!isQualityFinding(finding)) continue;
      const { record, ...rest } = finding;
      const { skip, violations } = rest;
      const fileName = recordFileName(id, number);
      const reported = { id, fileName, at };
      const isToKeep = skip !== undefined || violations.some(({ severity }) => severity !== 'info');
      const isKept = isToKeep && record !== undefined && this.#kept < this.#options.maxRecords;
      if (isKept) {
        this.#kept++;
        const path = join(this.#options.directory, fileName);
        toKeep.push({ path: `${path}.xml`, data: record.xml }, { path: `${path}.json`, data: record.json });
      } else if (isToKeep) {
        this.#unkept++;
      }
      countFinding(this.counts, rest);
      this.#pending.push({
        number,
        violationLines: violations.map((violation) => violationLine(reported, violation)).join(''),
        skipLine: skip === undefined ? '' : skipLine(reported, skip),
        finding: rest,
        isKept,
        isUnkept: isToKeep && !isKept,
      });
    }
    if (toKeep.length === 0) return;
    this.#hasNewNames = true;
    await mapConcurrently(CONCURRENCY, toKeep, ({ path, data }) =>
      explainWriteErrors(path, () => writeFile(path, data, { flush: true })),
    );
  }

  commit(throughRecord = Number.POSITIVE_INFINITY): Promise<FlaggedProgress> {
    const later = this.#pending.findIndex(({ number }) => number > throughRecord);
    const records = this.#pending.splice(0, later < 0 ? this.#pending.length : later);
    for (const { finding, isKept, isUnkept } of records) {
      countFinding(this.#committed, finding);
      if (isKept) this.#committedKept++;
      if (isUnkept) this.#committedUnkept++;
    }
    const progress = {
      keptRecords: this.#committedKept,
      unkeptRecords: this.#committedUnkept,
      counts: structuredClone(this.#committed),
    };
    const write = async (): Promise<FlaggedProgress> => {
      const areNew = [
        await this.#violations.append(records.map(({ violationLines }) => violationLines).join('')),
        await this.#skipped.append(records.map(({ skipLine }) => skipLine).join('')),
      ];
      if (this.#hasNewNames || areNew.includes(true)) {
        this.#hasNewNames = false;
        await explainWriteErrors(this.#options.directory, () => syncDirectory(this.#options.directory));
      }
      return { violationsBytes: this.#violations.length, skippedBytes: this.#skipped.length, ...progress };
    };
    const written = this.#lastCommit.then(write);
    this.#lastCommit = written;
    // If the caller does not wait for it, the next call reports the failure.
    written.catch(() => undefined);
    return written;
  }

  async finish(records: number): Promise<FlaggedProgress> {
    const { directory, version, dataType } = this.#options;
    const progress = await this.commit();
    const { counts } = progress;
    const skippedIds = counts.skipped === 0 ? new Map<string, string[]>() : await this.#readSkippedIds();
    const path = join(directory, REPORT_FILE);
    await explainWriteErrors(path, () =>
      replaceFile(path, reportText({ version, dataType, counts, records, skippedIds })),
    );
    return progress;
  }

  /** The first ids of each reason, so that memory is bounded. */
  async #readSkippedIds(): Promise<SkippedIds> {
    const ids = new Map<string, string[]>();
    const { path } = this.#skipped;
    return explainWriteErrors(path, async () => {
      for await (const line of createInterface({
        input: createReadStream(path),
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        const { record_id: id, reason } = JSON.parse(line) as { record_id: string; reason: string };
        const ofReason = ids.get(reason) ?? [];
        ids.set(reason, ofReason);
        if (ofReason.length < MAX_LISTED_IDS) ofReason.push(id);
      }
      return ids;
    });
  }

  async close(): Promise<void> {
    await this.#lastCommit.catch(() => undefined);
    await this.#violations.close();
    await this.#skipped.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Ids of a reason that `report.txt` lists. */
const MAX_LISTED_IDS = 10_000;
