import type { DataType } from './names.js';

/** A file that a source offers. */
export interface DumpFile {
  /** `discogs_YYYYMMDD_TYPE.xml.gz` or `discogs_YYYYMMDD_CHECKSUM.txt`. */
  readonly name: string;
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The data type, or `checksum`. */
  readonly kind: DataType | 'checksum';
  /** Bytes, or `null` where the listing does not say. */
  readonly size: number | null;
  /** About how many bytes, where the listing gives a rounded size. It serves the check of the room on the disk, and nothing else. */
  readonly sizeEstimate?: number | undefined;
  /** What the source itself calls the file: a path, an object's key. Meaningful to that source alone. */
  readonly key: string;
}

/** One version of the dump: the files that a source has of it, complete or not. */
export interface DumpVersion {
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The data files that are there, by type. */
  readonly data: Readonly<Partial<Record<DataType, DumpFile>>>;
  /** The CHECKSUM file, where it is there. */
  readonly checksum: DumpFile | null;
}

/** What a source has. */
export interface DumpListing {
  /** Newest first. */
  readonly versions: readonly DumpVersion[];
  /** Names that were listed and are no dump files. They are never opened and no path is made from them. */
  readonly ignored: readonly string[];
}

/** A file being read. */
export interface DumpStream {
  /**
   * The bytes, from `offset` on; read it once. A chunk is good until the next one is asked for: its memory is used again. It throws a `SourceError` when the bytes stop early and the source can tell.
   * A consumer that leaves the loop early releases the connection or descriptor.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Where in the file `body` starts: what was asked for as `from` where the source honoured it, else 0. */
  readonly offset: number;
  /** The whole file's size in bytes (not that of `body`), or `null` where the source does not say. */
  readonly size: number | null;
  /** Lets go of it, read or not. Idempotent. */
  close(): Promise<void>;
}

/** A place that dumps come from. Implement it to add another one. */
export interface DumpSource extends AsyncDisposable {
  /** Short name for messages: `folder`, `s3`, `web`. */
  readonly name: string;
  /** Whether asking again can give another answer, as over a network. Failures of other sources are not waited out. */
  readonly remote: boolean;
  /**
   * Lists what is there.
   * @param options.version The version that is wanted, for sources that list in parts and would else not look there.
   * @throws SourceError when the source does not answer, refuses, or answers with something that is no listing
   */
  list(options?: {
    readonly version?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<DumpListing>;
  /**
   * Starts to read a file: one attempt, since whoever reads decides on retries.
   * @param options.from Byte to start at, @default 0. The source may start at 0 all the same: see {@link DumpStream.offset}.
   * @throws SourceError with `retryable` and perhaps `retryAfterMs`
   */
  open(
    file: DumpFile,
    options?: { readonly from?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<DumpStream>;
  /** The path of a file that lies on this machine already, for sources that know one. It is then verified in place if it is the target. */
  localPath?(file: DumpFile): string | null;
  /** Lets go of connections. Idempotent. */
  close(): Promise<void>;
}
