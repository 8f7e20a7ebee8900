import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { CheckCause, CheckOutcome, TriggerResult } from '../events/service-events.js';

/** Where the service is, for people. */
export const PHASES = ['starting', 'checking', 'downloading', 'processing', 'waiting', 'stopping'] as const;
export type Phase = (typeof PHASES)[number];

/** The same for programs, in the words of the platform's health contract (DESIGN 7.3). */
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

/** A file of the dump that the present (or last) pass is about. Times are milliseconds since 1970. */
export interface FileStatus {
  readonly file: string;
  readonly dataType: DataType;
  readonly state: FileState;
  /** Size in bytes, once it is known. */
  readonly size: number | undefined;
  /** Bytes that are here. */
  readonly downloaded: number;
  /** Bytes that were extracted. */
  readonly read: number;
  /** Bytes of XML that this pass has read. */
  readonly xmlBytes: number;
  /** Records read, and confirmed by the sink; those of earlier passes included. */
  readonly records: number;
  readonly confirmed: number;
  readonly malformed: number;
  readonly irregularities: Readonly<Record<string, number>>;
  /** When the present work on it, fetching or extracting, began. */
  readonly startedAt: number | undefined;
  /** When it last moved: bytes came, records were read or confirmed. */
  readonly lastProgressAt: number | undefined;
  /** When its last record was read. */
  readonly lastRecordAt: number | undefined;
  readonly error: string | undefined;
}

/** Sums since the process began, for one data type. They never go back. */
export interface TypeTotals {
  readonly recordsRead: number;
  readonly recordsConfirmed: number;
  readonly dumpBytesRead: number;
  readonly xmlBytesRead: number;
  readonly bytesDownloaded: number;
  readonly downloadRetries: number;
  readonly malformed: Readonly<Record<string, number>>;
  readonly irregularities: Readonly<Record<string, number>>;
}

export interface Totals {
  readonly byType: Readonly<Record<DataType, TypeTotals>>;
  readonly checks: Readonly<Partial<Record<CheckOutcome, number>>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly triggers: Readonly<Partial<Record<TriggerResult, number>>>;
}

/** Something that went wrong, as people are told of it; without credentials. */
export interface Problem {
  readonly at: number;
  readonly code: string;
  readonly message: string;
  readonly file: string | undefined;
}

/** All that is known of the service at a moment. Never changed in place. */
export interface ServiceState {
  readonly startedAt: number;
  readonly phase: Phase;
  readonly status: ExtractionStatus;
  /** The pass under way. */
  readonly check: { readonly cause: CheckCause; readonly startedAt: number } | undefined;
  readonly lastCheck:
    | { readonly outcome: CheckOutcome; readonly endedAt: number; readonly seconds: number }
    | undefined;
  readonly lastSuccessAt: number | undefined;
  readonly nextCheckAt: number | undefined;
  /** Passes that failed in a row. */
  readonly failures: number;
  /** The dump that was last looked at, `YYYYMMDD`; `undefined` until one was found. */
  readonly version: string | undefined;
  /** Those of that dump that are wanted. */
  readonly files: readonly FileStatus[];
  /** Errors of the present (or last) pass. */
  readonly errorsOfCheck: number;
  /** The latest problems, newest first. */
  readonly problems: readonly Problem[];
  readonly totals: Totals;
}

const NO_TOTALS: TypeTotals = {
  recordsRead: 0,
  recordsConfirmed: 0,
  dumpBytesRead: 0,
  xmlBytesRead: 0,
  bytesDownloaded: 0,
  downloadRetries: 0,
  malformed: {},
  irregularities: {},
};

/** The state of a service that has done nothing yet. */
export const newServiceState = (now: number): ServiceState => ({
  startedAt: now,
  phase: 'starting',
  status: 'idle',
  check: undefined,
  lastCheck: undefined,
  lastSuccessAt: undefined,
  nextCheckAt: undefined,
  failures: 0,
  version: undefined,
  files: [],
  errorsOfCheck: 0,
  problems: [],
  totals: {
    byType: Object.fromEntries(DATA_TYPES.map((type) => [type, NO_TOTALS])) as Record<DataType, TypeTotals>,
    checks: {},
    errors: {},
    triggers: {},
  },
});
