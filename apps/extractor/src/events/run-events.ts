import type { DataType } from '../config/data-type.js';

/** Which records of a file are where. */
export interface FileProgress {
  readonly file: string;
  readonly dataType: DataType;
  /** Records read so far, those of earlier runs included. */
  readonly records: number;
  /** Records confirmed by the sink so far, those of earlier runs included. */
  readonly confirmed: number;
  /** Bytes of the (compressed) dump file read so far, and in all. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  /** Bytes of XML read by this run. */
  readonly xmlBytes: number;
  /** Irregularities met by this run, by kind; kinds that did not occur may be missing. */
  readonly irregularities: Readonly<Record<string, number>>;
}

/** How one file of a run ended. */
export interface FileSummary {
  readonly file: string;
  readonly dataType: DataType;
  readonly outcome: 'completed' | 'skipped' | 'failed' | 'stopped';
  /** Records of the file that are confirmed, those of earlier runs included. */
  readonly records: number;
  /** Records delivered by this run alone, and the seconds that it took. */
  readonly delivered: number;
  readonly seconds: number;
  /** Records kept in the quarantine instead of being delivered. */
  readonly malformed: number;
  /** Irregularities in the XML, counted by kind; `not-an-object` counts records that have no message. */
  readonly irregularities: Readonly<Record<string, number>>;
  /** Malformed records and other places with content that was not delivered; for a skipped file, as an earlier run left it. */
  readonly undelivered: number;
  readonly error?: Error;
}

/** What happens during a pass, in the order in which it happens. */
export type RunEvent =
  | {
      readonly type: 'pass-started';
      readonly version: string;
      readonly decision: string;
      readonly reason: string;
      /** The files of the dump that are wanted. */
      readonly files: readonly {
        readonly file: string;
        readonly dataType: DataType;
        readonly bytes: number | undefined;
      }[];
    }
  | { readonly type: 'marker-set-aside'; readonly path: string }
  | { readonly type: 'earlier-marker-unreadable'; readonly version: string; readonly error: Error }
  | { readonly type: 'metadata-set-aside'; readonly path: string }
  | { readonly type: 'download-started'; readonly file: string; readonly bytesTotal: number | undefined }
  | {
      readonly type: 'download-progress';
      readonly file: string;
      /** `verify` reads what lies here already; `download` fetches. */
      readonly phase: 'verify' | 'download';
      /** Bytes of the file that are here (or verified), those of an earlier run included. It falls when a transfer must start over. */
      readonly bytes: number;
      readonly bytesTotal: number | undefined;
    }
  | { readonly type: 'download-retry'; readonly file: string; readonly delayMs: number; readonly error: Error }
  | { readonly type: 'version-passed-over'; readonly version: string; readonly missing: readonly string[] }
  | { readonly type: 'download-failed'; readonly file: string; readonly error: Error }
  | { readonly type: 'version-pruned'; readonly version: string; readonly files: readonly string[] }
  | { readonly type: 'download-finished'; readonly file: string; readonly bytes: number; readonly reused: boolean }
  | ({ readonly type: 'file-started'; readonly resumedAfter: number; readonly reason: string } & FileProgress)
  | ({ readonly type: 'file-progress' } & FileProgress)
  | {
      /** Nothing of a file has moved for a while; `file-moving` tells when it does again. */
      readonly type: 'file-stalled' | 'file-moving';
      readonly phase: 'download' | 'extraction';
      readonly file: string;
      readonly seconds: number;
    }
  | {
      readonly type: 'record-malformed';
      readonly file: string;
      readonly dataType: DataType;
      /** One word of a closed list, for counting. */
      readonly kind: string;
      readonly byteOffset: number;
      /** The same in words. */
      readonly reason: string;
      readonly keptIn: string;
    }
  | ({ readonly type: 'file-finished' } & FileSummary)
  /** Something kept the pass as a whole from going on; no `pass-finished` comes. */
  | { readonly type: 'pass-failed'; readonly error: unknown }
  | {
      readonly type: 'pass-finished';
      readonly version: string;
      readonly outcome: 'completed' | 'skipped' | 'failed' | 'stopped';
      readonly files: readonly FileSummary[];
      /** Over all files, those of earlier runs included; see {@link FileSummary}. */
      readonly undelivered: number;
      readonly seconds: number;
    };

/** Tells someone of what happens: a log, a terminal, a health page. Must not throw and must be quick. */
export type RunListener = (event: RunEvent) => void;

/** One listener that tells several, in order. */
export const listeners =
  (...all: readonly RunListener[]): RunListener =>
  (event) => {
    for (const listen of all) listen(event);
  };
