/**
 * The state marker: the progress of the extraction of one dump version. Field names and order, and `null` for absent
 * values, are those of the file, which other extractors read and write too. Times are ISO 8601 in UTC. A marker is a
 * plain JSON value and is never changed in place: transitions return a new one, which keeps all unknown fields.
 */
export interface StateMarker {
  /** Version of the marker's format, `1.0`. */
  readonly metadata_version: string;
  readonly last_updated: string;
  /** Version of the dump, `YYYYMMDD`. */
  readonly current_version: string;
  readonly download_phase: DownloadPhase;
  readonly processing_phase: ProcessingPhase;
  readonly publishing_phase: PublishingPhase;
  readonly summary: RunSummary;
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
  /** SHA-256 of the complete file in hexadecimal; `null` before that, and in markers of older extractors. */
  readonly checksum: string | null;
  /** `true` if no published SHA-256 confirms the checksum; absent if one does, and in markers of other extractors. */
  readonly unverified?: boolean | undefined;
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
  /** Of the files in progress (there may be several), the one that was started last. */
  readonly current_file: string | null;
  /** By file name, such as `discogs_20260101_artists.xml.gz`. */
  readonly progress_by_file: Readonly<Record<string, FileProgress>>;
  /**
   * Records of files that were completed and then started again from the first record, by file name: what consumers
   * had before. Absent if there was none, and in markers of other extractors.
   */
  readonly delivered_before?: Readonly<Record<string, number>> | undefined;
  /** The newest {@link MAX_ERRORS} errors, oldest first. */
  readonly errors: readonly string[];
}

export interface FileProgress {
  readonly status: Status;
  /** Records read so far; never fewer than the watermark. */
  readonly records_extracted: number;
  /** Confirmed messages. Without `omitted`, it is the confirmed watermark, too: see {@link watermarkOf}. */
  readonly messages_published: number;
  /** Of the records up to the watermark, those that have no message, because they were left out. Absent if none was. */
  readonly omitted?: number | undefined;
  readonly batches_sent: number;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /**
   * SHA-256 in hexadecimal of the bytes that the records were read from. `null` if it is unknown, as in markers of
   * older extractors; an unfinished file cannot be resumed then.
   */
  readonly source_checksum: string | null;
  /**
   * Number of places in the completed file whose content was not delivered, such as malformed records. Absent if there
   * are none, and in markers of older extractors.
   */
  readonly undelivered?: number | undefined;
  /**
   * Where the file's confirmed records are. Absent in markers of other extractors; an unfinished file cannot be resumed
   * then.
   */
  readonly destination?: Destination | undefined;
  /** What the destination needs to recognise the records up to the watermark. Absent if it needs nothing. */
  readonly checkpoint?: Checkpoint | undefined;
  /** What else you know about the records up to the watermark, such as counts. Absent if it is nothing. */
  readonly annotations?: Annotations | undefined;
  /** Why the watermark was last set back to 0, if it was, because confirmed records were lost. */
  readonly restart_reason?: string | undefined;
}

/** A place where records are delivered to, such as an exchange of a broker, as you describe it. Never a credential. */
export type Destination = Readonly<Record<string, string | readonly string[]>>;

/** Facts about the records at a destination, such as the size of the output, as you describe them. */
export type Checkpoint = Readonly<Record<string, string | number>>;

/** What a program keeps with the watermark of a file, as plain JSON by names that it chooses. */
export type Annotations = Readonly<Record<string, unknown>>;

export interface PublishingPhase {
  readonly status: Status;
  /** Confirmed messages, summed over files. */
  readonly messages_published: number;
  /** Batches, summed over files. */
  readonly batches_sent: number;
  /** The newest {@link MAX_ERRORS} errors, oldest first. */
  readonly errors: readonly string[];
  /** Time of the broker's latest confirmation or other sign of life. */
  readonly last_amqp_heartbeat: string | null;
  /** Name of the sink that the records go to, chosen by the extractor; absent in markers of older extractors. */
  readonly sink?: string | undefined;
  /**
   * Data types of which every record is to be sent again, even if the destination has it: a program that sends only what
   * has changed adds them, and removes each when its file is completed. Absent if there are none.
   */
  readonly resend?: readonly string[] | undefined;
  /**
   * Whether `extraction_complete` was sent for the files as they are now. Absent before that is decided, and if the
   * contract with the consumers has no such message.
   */
  readonly extraction_complete?: ExtractionComplete | undefined;
}

/** What became of the message `extraction_complete`, after which consumers delete what they have not received. */
export interface ExtractionComplete {
  /** When it was confirmed; `null` if it was not sent. */
  readonly sent_at: string | null;
  /** Why it was not sent; absent if it was. */
  readonly withheld_because?: readonly string[] | undefined;
}

export interface RunSummary {
  readonly overall_status: Status;
  /** Seconds from the first start of the run to its completion; `null` until then. */
  readonly total_duration_seconds: number | null;
  /** Status of each data type's processing, such as `{ "artists": "completed" }`. */
  readonly files_by_type: Readonly<Record<string, Status>>;
}

/** The format of new markers. Every `1.x` can be read. */
export const METADATA_VERSION = '1.0';

/** A phase keeps this many errors, the newest ones, so that the marker of a run that fails for weeks stays small. */
export const MAX_ERRORS = 100;

/** The confirmed watermark of a file: records 1 to this number are confirmed, or were left out. */
export const watermarkOf = ({ messages_published: confirmed, omitted = 0 }: FileProgress): number =>
  confirmed + omitted;
