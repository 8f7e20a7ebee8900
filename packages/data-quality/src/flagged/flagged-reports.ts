import { open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  /** Folder of the reports on one dump file; created if it is missing. */
  readonly directory: string;
  /** Version of the dump, `YYYYMMDD`. */
  readonly version: string;
  readonly dataType: DataType;
  /** How many records are kept as files; more are counted. @default 10000 */
  readonly maxRecords?: number | undefined;
  /**
   * What {@link FlaggedReports.commit} resolved with for the record that reading resumes after: the reports continue
   * there, and what was written since is removed. @default the reports begin empty
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
 * Keep what `commit` resolves with together with the record that you resume after: then no line is lost or written twice,
 * whenever the process ends.
 */
export interface FlaggedReports extends AsyncDisposable {
  /** What was found so far, including what is not written yet. */
  readonly counts: Readonly<QualityCounts>;
  /** Records that are not kept as files, because there were too many. */
  readonly unkeptRecords: number;
  /**
   * Writes down findings, in the order of their records. Call it again once it has resolved.
   *
   * @throws DataQualityError `REPORTS_FAILED`
   */
  add(findings: readonly ReportedFinding[]): Promise<void>;
  /**
   * Makes durable what is written about the records up to a number. Calls are carried out one after the other.
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
  /** Removes what is written about records that are not committed. Idempotent. */
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

/** Files that are written, synced or removed at a time. */
const CONCURRENCY = 8;

const VIOLATIONS_FILE = 'violations.jsonl';
const SKIPPED_FILE = 'skipped.jsonl';
const REPORT_FILE = 'report.txt';

/**
 * Opens the reports on a dump file. Without `resume`, they begin empty: those of an earlier reading, and the records that
 * they name, are removed.
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
  const violations = await LineFile.open(join(directory, VIOLATIONS_FILE), resume?.violationsBytes ?? 0);
  let skipped: LineFile | undefined;
  try {
    skipped = await LineFile.open(join(directory, SKIPPED_FILE), resume?.skippedBytes ?? 0);
    const { violationsBytes, skippedBytes } = resume ?? EMPTY;
    await removeAfter(directory, [
      { file: violations, length: violationsBytes },
      { file: skipped, length: skippedBytes },
    ]);
    if (resume === undefined) {
      // Their names say for which types there is something to look at.
      for (const name of [VIOLATIONS_FILE, SKIPPED_FILE, REPORT_FILE]) await removeFile(join(directory, name));
      await Promise.all([violations.close(), skipped.close()]);
    }
    return new Reports({ directory, version, dataType, maxRecords, resume, now, violations, skipped });
  } catch (error) {
    await violations.close();
    await skipped?.close();
    throw error;
  }
};

/** The reports on no record. */
const EMPTY = { violationsBytes: 0, skippedBytes: 0 } as const;

const RECORD_ENDINGS = ['.xml', '.json'];

/** Removes the lines that follow the first `length` bytes of files, and the records that they name. */
const removeAfter = async (
  directory: string,
  parts: readonly { readonly file: LineFile; readonly length: number }[],
): Promise<void> => {
  // No other record is removed, whatever else is in the folder.
  const kept = await explainWriteErrors(directory, async () => {
    const names = await readdir(directory);
    // A process that is killed while it replaces the summary leaves a temporary file.
    const leftover = names.filter((name) => TEMPORARY_SUFFIX.test(name) && name.startsWith(`${REPORT_FILE}.`));
    for (const name of leftover) await rm(join(directory, name), { force: true });
    return new Set(names.filter((name) => RECORD_ENDINGS.some((ending) => name.endsWith(ending))));
  });
  for (const { file, length } of parts) {
    await file.readAfter(length, async (line) => {
      for (const name of namesIn(line)) if (kept.delete(name)) await removeFile(join(directory, name));
    });
    await file.truncate(length);
  }
};

/** The files that a line names; none if the line is cut off. */
const namesIn = (line: string): string[] => {
  try {
    const { xml_file: xml, json_file: json } = JSON.parse(line) as { xml_file: string; json_file: string };
    return [xml, json];
  } catch {
    return [];
  }
};

/** Makes the content of a file durable. */
const syncFile = (path: string): Promise<void> =>
  explainWriteErrors(path, async () => {
    await using file = await open(path, 'r+');
    await file.datasync();
  });

const removeFile = (path: string): Promise<void> => explainWriteErrors(path, () => rm(path, { force: true }));

type ReportsOptions = Required<Pick<FlaggedReportsOptions, 'directory' | 'version' | 'dataType'>> & {
  readonly maxRecords: number;
  readonly resume: FlaggedProgress | undefined;
  readonly now: () => Date;
  readonly violations: LineFile;
  readonly skipped: LineFile;
};

/** What is written about a record, and not committed yet. */
interface PendingRecord {
  readonly number: number;
  /** Without the record itself. */
  readonly finding: QualityFinding;
  /** Name of the files that keep it, without their ending; `undefined` if it is not kept. */
  readonly keptAs: string | undefined;
  readonly isUnkept: boolean;
  /** Sizes of the files with the lines about this record. */
  readonly violationsBytes: number;
  readonly skippedBytes: number;
}

class Reports implements FlaggedReports {
  readonly counts = createQualityCounts();
  readonly #options: ReportsOptions;
  readonly #violations: LineFile;
  readonly #skipped: LineFile;
  #kept: number;
  #unkept: number;
  /** What is committed, or being committed. */
  #committed: FlaggedProgress;
  /** Files were created whose names may not be durable. */
  #hasNewNames = true;
  #pending: PendingRecord[] = [];
  /** The last commit: if it fails, so do all that follow. */
  #lastCommit: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: ReportsOptions) {
    const { resume } = options;
    this.#options = options;
    this.#violations = options.violations;
    this.#skipped = options.skipped;
    this.#committed = resume ?? { ...EMPTY, keptRecords: 0, unkeptRecords: 0, counts: createQualityCounts() };
    this.#kept = this.#committed.keptRecords;
    this.#unkept = this.#committed.unkeptRecords;
    mergeQualityCounts(this.counts, this.#committed.counts);
  }

  get unkeptRecords(): number {
    return this.#unkept;
  }

  async add(findings: readonly ReportedFinding[]): Promise<void> {
    const at = this.#options.now();
    const toKeep: { readonly path: string; readonly data: string | Uint8Array }[] = [];
    let { length: violationsBytes } = this.#violations;
    let { length: skippedBytes } = this.#skipped;
    let violationLines = '';
    let skipLines = '';
    for (const { number, id, finding } of findings) {
      if (!isQualityFinding(finding)) continue;
      const { record, ...rest } = finding;
      const { skip, violations } = rest;
      const fileName = recordFileName(id, number);
      const reported = { id, fileName, at };
      for (const violation of violations) {
        const line = violationLine(reported, violation);
        violationLines += line;
        violationsBytes += Buffer.byteLength(line);
      }
      if (skip !== undefined) {
        const line = skipLine(reported, skip);
        skipLines += line;
        skippedBytes += Buffer.byteLength(line);
      }
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
        finding: rest,
        keptAs: isKept ? fileName : undefined,
        isUnkept: isToKeep && !isKept,
        violationsBytes,
        skippedBytes,
      });
    }
    try {
      // The lines first: they say which files to remove if these records are read again.
      await this.#violations.append(violationLines);
      await this.#skipped.append(skipLines);
      await mapConcurrently(CONCURRENCY, toKeep, ({ path, data }) =>
        explainWriteErrors(path, () => writeFile(path, data)),
      );
      // Not earlier: a commit of other records may be in progress. The lists too are created with their first line.
      this.#hasNewNames = true;
    } catch (error) {
      // Nothing that is pending is known to be written.
      this.#setLastCommit(Promise.reject(error));
      throw error;
    }
  }

  commit(throughRecord = Number.POSITIVE_INFINITY): Promise<FlaggedProgress> {
    const later = this.#pending.findIndex(({ number }) => number > throughRecord);
    const records = this.#pending.splice(0, later < 0 ? this.#pending.length : later);
    if (records.length > 0) {
      const counts = structuredClone(this.#committed.counts);
      for (const { finding } of records) countFinding(counts, finding);
      const { violationsBytes, skippedBytes } = records.at(-1)!;
      const { keptRecords, unkeptRecords } = this.#committed;
      this.#committed = {
        violationsBytes,
        skippedBytes,
        keptRecords: keptRecords + records.filter(({ keptAs }) => keptAs !== undefined).length,
        unkeptRecords: unkeptRecords + records.filter(({ isUnkept }) => isUnkept).length,
        counts,
      };
    }
    const committed = this.#committed;
    const written = this.#lastCommit.then(async () => {
      if (records.length === 0) return committed;
      await mapConcurrently(CONCURRENCY, this.#pathsOf(records), syncFile);
      await this.#violations.sync();
      await this.#skipped.sync();
      if (this.#hasNewNames) {
        this.#hasNewNames = false;
        await explainWriteErrors(this.#options.directory, () => syncDirectory(this.#options.directory));
      }
      return committed;
    });
    this.#setLastCommit(written);
    return written;
  }

  #setLastCommit(commit: Promise<unknown>): void {
    this.#lastCommit = commit;
    // If the caller does not wait for it, the next call reports the failure.
    commit.catch(() => undefined);
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
    await this.#skipped.readAfter(0, (line) => {
      const { record_id: id, reason } = JSON.parse(line) as { record_id: string; reason: string };
      const ofReason = ids.get(reason) ?? [];
      ids.set(reason, ofReason);
      if (ofReason.length < MAX_LISTED_IDS) ofReason.push(id);
    });
    return ids;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#lastCommit.catch(() => undefined);
    try {
      await this.#removePending();
    } catch {
      // The next reading removes it.
    }
    await this.#violations.close();
    await this.#skipped.close();
  }

  /** The files that keep records. */
  #pathsOf(records: readonly PendingRecord[]): string[] {
    const names = records.flatMap(({ keptAs }) => (keptAs === undefined ? [] : [keptAs]));
    return names.flatMap((name) => RECORD_ENDINGS.map((ending) => join(this.#options.directory, name + ending)));
  }

  async #removePending(): Promise<void> {
    if (this.#pending.length === 0) return;
    const { violationsBytes, skippedBytes } = this.#committed;
    await mapConcurrently(CONCURRENCY, this.#pathsOf(this.#pending), removeFile);
    await this.#violations.truncate(violationsBytes);
    await this.#skipped.truncate(skippedBytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Ids of a reason that `report.txt` lists. */
const MAX_LISTED_IDS = 10_000;
