import type { PassCounts } from '@discogs-extractor/changes';
import type { QualityCounts } from '@discogs-extractor/data-quality';
import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { DriftSummary } from '../drift/drift-summary.js';
import type { RunCause, RunOutcome, TriggerResult } from '../events/service-events.js';

/** What the service is doing, for people. */
export const PHASES = ['starting', 'standby', 'checking', 'downloading', 'processing', 'waiting', 'stopping'] as const;
export type Phase = (typeof PHASES)[number];

/** The same for programs, in the terms of the platform's health contract; see docs/wire-contract.md. */
export const EXTRACTION_STATUSES = ['idle', 'running', 'completed', 'waiting', 'failed'] as const;
export type ExtractionStatus = (typeof EXTRACTION_STATUSES)[number];

export const FILE_STATES = [
  'pending',
  'downloading',
  'downloaded',
  'extracting',
  'completed',
  'skipped',
  'failed',
  'stopped',
] as const;
export type FileState = (typeof FILE_STATES)[number];

/** A file of the dump of the current (or last) run. Times are milliseconds since 1970. */
export interface FileStatus {
  readonly file: string;
  readonly dataType: DataType;
  readonly state: FileState;
  /** Size in bytes, if known. */
  readonly size: number | undefined;
  /** Bytes that are in the data folder. */
  readonly downloaded: number;
  /** Bytes that were read for extraction, and those of them up to the last confirmed record. */
  readonly read: number;
  readonly delivered: number;
  /** Bytes of XML read in this run. */
  readonly xmlBytes: number;
  /** Records read, and records confirmed by the sink; those of earlier runs included. */
  readonly records: number;
  readonly confirmed: number;
  readonly malformed: number;
  readonly irregularities: Readonly<Record<string, number>>;
  /** Malformed records, places with content outside records, and missing messages, once the file has ended. */
  readonly undelivered: number;
  /** Confirmed messages that the sink's destination does not have any more. */
  readonly missing: number;
  /** What is known about its format; `undefined` before it was checked. */
  readonly drift: DriftSummary | undefined;
  /** What rules found in the records read, those of earlier runs included; `undefined` without rules. */
  readonly quality: QualityCounts | undefined;
  /** What was sent and deleted, and what the sink had, earlier runs included; `undefined` with PUBLISH=all. */
  readonly changes: PassCounts | undefined;
  /** When its download or extraction began. */
  readonly startedAt: number | undefined;
  /** When bytes last arrived, or records were last read or confirmed. */
  readonly lastProgressAt: number | undefined;
  /** When its last record was read. */
  readonly lastRecordAt: number | undefined;
  readonly error: string | undefined;
}

/** Totals of one data type since the process began. They never decrease. */
export interface TypeTotals {
  readonly recordsRead: number;
  readonly recordsConfirmed: number;
  /** Of the confirmed records, those that were sent, and those that the sink had; and ids that were deleted there. */
  readonly recordsPublished: number;
  readonly recordsUnchanged: number;
  readonly recordsDeleted: number;
  readonly dumpBytesRead: number;
  readonly dumpBytesDelivered: number;
  readonly xmlBytesRead: number;
  readonly bytesDownloaded: number;
  readonly downloadRetries: number;
  readonly malformed: Readonly<Record<string, number>>;
  readonly irregularities: Readonly<Record<string, number>>;
}

export interface Totals {
  readonly byType: Readonly<Record<DataType, TypeTotals>>;
  readonly runs: Readonly<Partial<Record<RunOutcome, number>>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly triggers: Readonly<Partial<Record<TriggerResult, number>>>;
}

/** An error as the status page shows it; without credentials. */
export interface Problem {
  readonly at: number;
  readonly code: string;
  readonly message: string;
  readonly file: string | undefined;
}

/** The state of the service at one moment. Immutable. */
export interface ServiceState {
  readonly startedAt: number;
  readonly phase: Phase;
  readonly status: ExtractionStatus;
  /** Since when this process waits for the data folder, and who has it, in words; `undefined` if it does not wait. */
  readonly standby: { readonly since: number; readonly holder: string | undefined } | undefined;
  /** The run in progress. */
  readonly run: { readonly cause: RunCause; readonly startedAt: number } | undefined;
  readonly lastRun: { readonly outcome: RunOutcome; readonly endedAt: number; readonly seconds: number } | undefined;
  readonly lastSuccessAt: number | undefined;
  readonly nextRunAt: number | undefined;
  /** Runs that failed in a row. */
  readonly failures: number;
  /** Version of the dump that was last chosen, `YYYYMMDD`; `undefined` before the first. */
  readonly version: string | undefined;
  /** The files of that dump with a configured data type. */
  readonly files: readonly FileStatus[];
  /**
   * Whether `extraction_complete` was sent for that dump, or why not (empty if it was); `undefined` if that is not
   * decided, or was before the process began.
   */
  readonly extractionComplete: { readonly at: number; readonly withheldBecause: readonly string[] } | undefined;
  /** Errors of the current (or last) run. */
  readonly errorsOfRun: number;
  /** The latest problems, newest first. */
  readonly problems: readonly Problem[];
  readonly totals: Totals;
}

const NO_TOTALS: TypeTotals = {
  recordsRead: 0,
  recordsConfirmed: 0,
  recordsPublished: 0,
  recordsUnchanged: 0,
  recordsDeleted: 0,
  dumpBytesRead: 0,
  dumpBytesDelivered: 0,
  xmlBytesRead: 0,
  bytesDownloaded: 0,
  downloadRetries: 0,
  malformed: {},
  irregularities: {},
};

/** The state of a service that has just started. */
export const newServiceState = (now: number): ServiceState => ({
  startedAt: now,
  phase: 'starting',
  status: 'idle',
  standby: undefined,
  run: undefined,
  lastRun: undefined,
  lastSuccessAt: undefined,
  nextRunAt: undefined,
  failures: 0,
  version: undefined,
  files: [],
  extractionComplete: undefined,
  errorsOfRun: 0,
  problems: [],
  totals: {
    byType: Object.fromEntries(DATA_TYPES.map((type) => [type, NO_TOTALS])) as Record<DataType, TypeTotals>,
    runs: {},
    errors: {},
    triggers: {},
  },
});
