/**
 * The state marker: how far the extraction of one dump version has come. Field names and order are those of the
 * file, which other extractors read and write too. Times are ISO 8601 in UTC. A marker is a plain JSON value and
 * is never changed in place: transitions return a new one, with all fields that this package does not know.
 */
export interface StateMarker {
  /** Version of the marker's own format, `1.0`. */
  readonly metadata_version: string;
  readonly last_updated: string;
  /** Version of the dump, `YYYYMMDD`. */
  readonly current_version: string;
  readonly download_phase: DownloadPhase;
  readonly processing_phase: ProcessingPhase;
  readonly publishing_phase: PublishingPhase;
  readonly summary: Summary;
}

export type Status = 'pending' | 'in_progress' | 'completed' | 'failed';

export interface DownloadPhase {
  readonly status: Status;
  /** When the download was first started; a resumed download keeps it. */
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /** Number of completed files. */
  readonly files_downloaded: number;
  readonly files_total: number;
  /** Bytes, summed over files. */
  readonly bytes_downloaded: number;
  /** By file name, such as `discogs_20260101_artists.xml.gz`. */
  readonly downloads_by_file: Readonly<Record<string, FileDownload>>;
  /** The newest {@link MAX_ERRORS} errors, oldest first. */
  readonly errors: readonly string[];
}

export interface FileDownload {
  readonly status: Status;
  readonly bytes_downloaded: number;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /** SHA-256 of the verified file in hexadecimal; `null` before that, and in markers of older extractors. */
  readonly checksum: string | null;
}

export interface ProcessingPhase {
  readonly status: Status;
  /** When processing was first started; a resumed run keeps it. */
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /** Number of completed files. */
  readonly files_processed: number;
  readonly files_total: number;
  /** Records, summed over files. */
  readonly records_extracted: number;
  /** The file started last of those in progress. Several files may be in progress at once. */
  readonly current_file: string | null;
  /** By file name, such as `discogs_20260101_artists.xml.gz`. */
  readonly progress_by_file: Readonly<Record<string, FileProgress>>;
  /** The newest {@link MAX_ERRORS} errors, oldest first. */
  readonly errors: readonly string[];
}

export interface FileProgress {
  readonly status: Status;
  /** Records read so far; never fewer than `messages_published`. */
  readonly records_extracted: number;
  /** The confirmed watermark: records 1 to this number of the file are confirmed. */
  readonly messages_published: number;
  readonly batches_sent: number;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /**
   * SHA-256 in hexadecimal of the bytes that the records were read from. `null` when that is not known, as in
   * markers of older extractors; an unfinished file cannot be resumed then.
   */
  readonly source_checksum: string | null;
  /**
   * In how many places the completed file had content that was not delivered, such as malformed records. Absent where there is none, and in
   * markers of older extractors.
   */
  readonly undelivered?: number | undefined;
}

export interface PublishingPhase {
  readonly status: Status;
  /** Confirmed records, summed over files. */
  readonly messages_published: number;
  /** Batches, summed over files. */
  readonly batches_sent: number;
  /** The newest {@link MAX_ERRORS} errors, oldest first. */
  readonly errors: readonly string[];
  /** When the broker was last known to answer. */
  readonly last_amqp_heartbeat: string | null;
  /** Where the records go, in a word of the program that sends them; absent in markers of older extractors. */
  readonly sink?: string | undefined;
}

export interface Summary {
  readonly overall_status: Status;
  /** Seconds from the first start of the run to its completion; `null` until then. */
  readonly total_duration_seconds: number | null;
  /** Status of each data type's processing, such as `{ "artists": "completed" }`. */
  readonly files_by_type: Readonly<Record<string, Status>>;
}

/** The format that new markers are written in. Every `1.x` is read. */
export const METADATA_VERSION = '1.0';

/** A phase keeps this many errors, the newest, so that a run that fails for weeks does not grow its marker. */
export const MAX_ERRORS = 100;
