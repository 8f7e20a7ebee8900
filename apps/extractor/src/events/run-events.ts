import type { PassCounts } from '@discogs-extractor/changes';
import type { QualityCounts } from '@discogs-extractor/data-quality';
import type { DownloadEvent } from '@discogs-extractor/downloader';
import type { DataType } from '../config/data-type.js';
import type { DriftSummary } from '../drift/drift-summary.js';

/** The progress of a file's extraction. */
export interface FileProgress {
  readonly file: string;
  readonly dataType: DataType;
  /** Records read so far, those of earlier runs included. */
  readonly records: number;
  /** Records confirmed by the sink so far, those of earlier runs included. */
  readonly confirmed: number;
  /** Bytes of the (compressed) dump file read so far, and its size. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  /** Of these, the bytes up to the last confirmed record, estimated: reading goes ahead of delivery. */
  readonly bytesDelivered: number;
  /** Bytes of XML read in this run. */
  readonly xmlBytes: number;
  /** Irregularities of this run, counted by kind; kinds that did not occur may be missing. */
  readonly irregularities: Readonly<Record<string, number>>;
  /** Confirmed messages that the sink's destination does not have any more, those of earlier runs included. */
  readonly missing: number;
  /** What rules found in the records read so far, those of earlier runs included; `undefined` without rules. */
  readonly quality?: QualityCounts | undefined;
  /** What was sent and deleted so far, and what the sink had, earlier runs included; `undefined` with PUBLISH=all. */
  readonly changes?: PassCounts | undefined;
}

/** What the state marker says about a file when a run begins. */
export interface KnownDelivery {
  /** Whether it is delivered, so that nothing is left to do. */
  readonly isComplete: boolean;
  /** Records that are confirmed. */
  readonly records: number;
  /** See {@link FileSummary}. */
  readonly undelivered: number;
  readonly quality?: QualityCounts | undefined;
  readonly changes?: PassCounts | undefined;
  readonly completedAt: Date | undefined;
}

/** How the work on one file of a run ended. */
export interface FileSummary {
  readonly file: string;
  readonly dataType: DataType;
  readonly outcome: 'completed' | 'skipped' | 'failed' | 'stopped';
  /**
   * Records of the file that are confirmed, those of earlier runs and unchanged ones included; without those that the
   * broker refused.
   */
  readonly records: number;
  /** Records delivered in this run alone, and the seconds that it took. */
  readonly delivered: number;
  readonly seconds: number;
  /** Records kept in the quarantine instead of being delivered. */
  readonly malformed: number;
  /** Irregularities in the XML, counted by kind; `not-an-object` counts empty records, which have no message. */
  readonly irregularities: Readonly<Record<string, number>>;
  /**
   * Malformed records, places with content outside records, and missing messages; those of the earlier run for a skipped
   * file.
   */
  readonly undelivered: number;
  /** Confirmed messages that the sink's destination does not have any more, those of earlier runs included. */
  readonly missing: number;
  /** What rules found in the confirmed records, those of earlier runs included; `undefined` without rules. */
  readonly quality?: QualityCounts | undefined;
  /** What was sent and deleted, and what the sink had, earlier runs included; `undefined` with PUBLISH=all. */
  readonly changes?: PassCounts | undefined;
  readonly error?: Error | undefined;
}

/** What happens during a run, in this order: `dump-chosen`, downloads, extractions, `dump-finished`. */
export type RunEvent =
  | {
      readonly type: 'dump-chosen';
      readonly version: string;
      readonly decision: string;
      readonly reason: string;
      /** The files of the dump with a configured data type. */
      readonly files: readonly {
        readonly file: string;
        readonly dataType: DataType;
        readonly bytes: number | undefined;
        /** `undefined` if nothing of it was delivered, or if it is to be delivered again. */
        readonly known: KnownDelivery | undefined;
        /** What an earlier run found out about its format; `undefined` if it was not checked. */
        readonly drift?: DriftSummary | undefined;
      }[];
    }
  | { readonly type: 'marker-set-aside'; readonly path: string }
  /** The state marker could not be saved after another error, which ends the run. */
  | { readonly type: 'marker-not-saved'; readonly error: unknown }
  | { readonly type: 'destination-unknown'; readonly error: Error }
  | { readonly type: 'earlier-marker-unreadable'; readonly version: string; readonly error: Error }
  | { readonly type: 'earlier-inventory-unreadable'; readonly path: string; readonly error: Error }
  | { readonly type: 'version-passed-over'; readonly version: string; readonly missing: readonly string[] }
  | DownloadEvent
  | {
      /** Confirmed records of a file are lost, or cannot be relied on: it is delivered from its first record. */
      readonly type: 'file-restarted';
      readonly file: string;
      readonly dataType: DataType;
      /** Records that were confirmed; 0 if the loss was noticed in an earlier run. */
      readonly records: number;
      readonly reason: string;
    }
  | {
      /** A queue is there again that may lack records: the delivery of a file resumes after its last safe record. */
      readonly type: 'file-interrupted';
      readonly file: string;
      readonly dataType: DataType;
      /** Records that are safe. */
      readonly records: number;
      readonly reason: string;
    }
  | {
      /** There are no reports on the confirmed records under the rules in force: these records are read again for them. */
      readonly type: 'reports-restarted';
      readonly file: string;
      readonly dataType: DataType;
      readonly records: number;
      readonly reason: string;
    }
  | {
      /** Reports on records could not be written, after another error, which ends the file. */
      readonly type: 'reports-failed';
      readonly file: string;
      readonly dataType: DataType;
      readonly error: unknown;
    }
  | {
      /** The records of a completed file were delivered, or reported on, under other rules. */
      readonly type: 'rules-changed';
      readonly file: string;
      readonly dataType: DataType;
      /** Whether other records would be delivered now. */
      readonly isDeliveryChanged: boolean;
    }
  | {
      /** What the sink has of a type is known from a store, or will be. */
      readonly type: 'changes-opened';
      readonly file: string;
      readonly dataType: DataType;
      readonly path: string;
      /** Ids that the sink has. */
      readonly ids: number;
      /** Whether the store is new, and whether records were delivered before all the same. */
      readonly isNew: boolean;
      readonly isDeliveredBefore: boolean;
    }
  | {
      /** The sink has lost records that it had: all are sent once more, in this pass or the next. */
      readonly type: 'changes-distrusted';
      readonly file: string;
      readonly dataType: DataType;
      readonly reason: string;
    }
  | {
      /** Ids that the dump lacks are not deleted in this pass. */
      readonly type: 'deletions-withheld';
      readonly file: string;
      readonly dataType: DataType;
      readonly missing: number;
      readonly reason: string;
    }
  | {
      /** The store could not be written after another error, which ends the file. */
      readonly type: 'changes-failed';
      readonly file: string;
      readonly dataType: DataType;
      readonly error: unknown;
    }
  | ({
      readonly type: 'file-started';
      readonly resumedAfter: number;
      readonly reason: string;
      /** Records that are not delivered, as far as they are not read, and so reported, again. */
      readonly malformed: number;
    } & FileProgress)
  | ({ readonly type: 'file-progress' } & FileProgress)
  | {
      /** A file has made no progress for a while; `file-moving` reports that it does again. */
      readonly type: 'file-stalled' | 'file-moving';
      readonly phase: 'download' | 'extraction';
      readonly file: string;
      readonly seconds: number;
    }
  | {
      /** A record is not delivered: it is malformed, or the broker does not take it (`kind` is `refused`). */
      readonly type: 'record-malformed';
      readonly file: string;
      readonly dataType: DataType;
      /** One of a fixed list of words, for counting. */
      readonly kind: string;
      /** `undefined` if it is not malformed. */
      readonly byteOffset: number | undefined;
      /** The same in a sentence. */
      readonly reason: string;
      readonly keptIn: string;
    }
  | {
      /** A transform reported something about a record. */
      readonly type: 'record-finding';
      readonly file: string;
      readonly dataType: DataType;
      /** The record's number in the file, and its id. */
      readonly number: number;
      readonly id: string;
      readonly finding: unknown;
    }
  | {
      /** The whole file was read, and its format compared with that of the dump before. */
      readonly type: 'format-checked';
      readonly file: string;
      readonly dataType: DataType;
      readonly drift: DriftSummary;
    }
  | ({ readonly type: 'file-finished' } & FileSummary)
  | {
      /** All files are completed, and `extraction_complete` is confirmed, or withheld; see docs/wire-contract.md. */
      readonly type: 'extraction-complete';
      readonly version: string;
      /** Why it is not sent; empty if it was sent. */
      readonly withheldBecause: readonly string[];
    }
  /** An error ended the run as a whole; no `dump-finished` follows. */
  | { readonly type: 'run-failed'; readonly error: unknown }
  | {
      readonly type: 'dump-finished';
      readonly version: string;
      readonly outcome: 'completed' | 'skipped' | 'failed' | 'stopped';
      readonly files: readonly FileSummary[];
      /** The sums over all files; see {@link FileSummary}. */
      readonly undelivered: number;
      readonly missing: number;
      readonly seconds: number;
    };

/** Receives the events, for a log, a terminal or a status page. Must return quickly and not throw. */
export type RunListener = (event: RunEvent) => void;

/** One listener that calls several, in order. */
export const combineListeners =
  (...all: readonly RunListener[]): RunListener =>
  (event) => {
    for (const listener of all) listener(event);
  };
