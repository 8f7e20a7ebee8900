import type { DownloaderError } from './errors.js';
import type { DataType } from './names.js';

/** A file that a source offers. */
export interface DumpFile {
  /** `discogs_YYYYMMDD_TYPE.xml.gz` or `discogs_YYYYMMDD_CHECKSUM.txt`. */
  readonly name: string;
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The data type, or `checksum` for the CHECKSUM file. */
  readonly kind: DataType | 'checksum';
  /** Exact size in bytes, if the listing includes it. */
  readonly size?: number | undefined;
  /** Approximate size in bytes, if the listing includes a rounded one. Only the check of the disk space uses it. */
  readonly sizeEstimate?: number | undefined;
  /** The source's own identifier of the file, such as a path or an object key. Only that source interprets it. */
  readonly key: string;
}

/** One version of the dump, with the files that a source has of it; it may be incomplete. */
export interface DumpVersion {
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The available data files, by type. */
  readonly data: Readonly<Partial<Record<DataType, DumpFile>>>;
  /** The CHECKSUM file, if it is available. */
  readonly checksum?: DumpFile | undefined;
}

/** What a source offers. */
export interface DumpListing {
  /** Newest first. */
  readonly versions: readonly DumpVersion[];
  /** Listed names that are not names of dump files. They are never opened, and never become part of a path. */
  readonly ignored: readonly string[];
  /**
   * Why parts of the listing are missing, such as the page of a year: there may be newer versions. Absent or empty if
   * the listing is whole.
   */
  readonly unreadable?: readonly DownloaderError[] | undefined;
}

/** An open file. */
export interface DumpStream {
  /**
   * The bytes from `offset` on; iterate it once. A chunk is valid only until the next one is requested, because its
   * memory is reused. The iteration throws a `DownloaderError` (such as `BODY_CUT`) if the bytes end early and the
   * source notices. A consumer that leaves the loop early releases the connection or file descriptor.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Position in the file at which `body` starts: the requested `from` if the source honours it, else 0. */
  readonly offset: number;
  /** Size of the whole file in bytes (not of `body`), if the source knows it. */
  readonly size?: number | undefined;
  /** Releases the connection or file descriptor, whether or not `body` was read. Idempotent. */
  close(): Promise<void>;
}

/** What {@link DumpSource.list} takes. */
export interface ListOptions {
  /**
   * `YYYYMMDD`: a version to look for, for sources that list only recent versions otherwise. If it is found, the other
   * versions may be left out.
   */
  readonly version?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What {@link DumpSource.open} takes. */
export interface OpenOptions {
  /** Position to start at, in bytes. The source may start at 0 instead: see {@link DumpStream.offset}. @default 0 */
  readonly from?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A place that dumps come from. Implement it to add another one, and run `dumpSourceContract` of
 * `@discogs-extractor/downloader/contract` against it.
 */
export interface DumpSource extends AsyncDisposable {
  /** Short name for messages, such as `folder`, `s3` or `web`. */
  readonly name: string;
  /** Whether another attempt can have another result, as over a network; a local source is retried only once. */
  readonly remote: boolean;
  /**
   * Lists the available files.
   *
   * @throws DownloaderError with a {@link SourceErrorCode} if the source does not respond, refuses, or responds with
   * something that is not a listing
   */
  list(options?: ListOptions): Promise<DumpListing>;
  /**
   * Opens a file. It makes a single attempt: the caller decides on retries.
   *
   * @throws DownloaderError with a {@link SourceErrorCode}, `facts.retryable` and possibly `facts.retryAfterMs`
   */
  open(file: DumpFile, options?: OpenOptions): Promise<DumpStream>;
  /**
   * The path of a file on this machine, for sources that have one. If it is the file to be written, the downloader
   * verifies it in place and never changes it.
   */
  localPath?(file: DumpFile): string | undefined;
  /** Releases connections and ends the streams in progress. Idempotent. */
  close(): Promise<void>;
}
