import type { DataType } from './data-type.js';
import type { Reading } from './reading.js';
import type { BlockInventory } from './record-inventory.js';
import type { Irregularity, MalformedRecord, RecordFinding } from './reports.js';

/**
 * A dump: a path (`string` or `file:` URL), an open file (such as a `FileHandle`), bytes in memory (such as a `Buffer`), a
 * `Blob` or `File`, the `Response` of `fetch`, a web stream, or any async iterable of bytes, such as a Node stream. It may
 * be gzipped, which is detected from its first bytes.
 */
export type DumpInput =
  | string
  | URL
  | OpenFileLike
  | Uint8Array
  | ArrayBuffer
  | BlobLike
  | ResponseLike
  | WebStreamLike
  | AsyncIterable<Uint8Array>;

/**
 * The part of a `FileHandle` that is used. It is read from the file's first byte, and not closed; what `read` and `stat`
 * reject with is thrown as it is.
 */
export interface OpenFileLike {
  /** @param position - in the file; `null`, if it is no regular file: where the last read ended */
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<{ readonly size: number; isFile(): boolean }>;
}

/** The part of a web `ReadableStream` that is used: that of Node and that of a browser's types both fit. */
export interface WebStreamLike {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
    releaseLock(): void;
  };
}

/** The part of a `Blob` that is used. */
export interface BlobLike {
  /** In bytes. */
  readonly size: number;
  stream(): WebStreamLike;
}

/** The part of a `Response` that is used. */
export interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: WebStreamLike | null;
}

/** How far a read has come. */
export interface ReadProgress {
  /** Bytes read from the input, compressed if it is gzipped. */
  readonly sourceBytes: number;
  /** Size of the input in bytes; `undefined` if that is not known, as for a stream. */
  readonly sourceSize: number | undefined;
  /** Bytes of XML, after gunzip. */
  readonly xmlBytes: number;
  /** Records numbered so far, including those that were skipped. */
  readonly records: number;
  /** Malformed records so far. */
  readonly malformed: number;
}

/**
 * - `strict`: built on `sax`; the reference.
 * - `fast`: a WebAssembly kernel, which leaves irregular records to the strict engine. The same result, many times
 * faster.
 * - `auto`: `fast` if the runtime has WebAssembly SIMD, else `strict`.
 */
export type EngineName = 'auto' | 'fast' | 'strict';

/** A module of record transforms. */
export interface TransformModule {
  /**
   * An ES module that exports a function `createTransform` (`CreateTransform`): a path, relative to the current folder,
   * or a `file:` or `data:` URL, as a `URL` or a string. `import.meta.resolve` returns that of a package's module.
   */
  module: string | URL;
  /** Passed to `createTransform`, as a structured clone. @default undefined */
  options?: unknown;
}

/** A module of a mapper, for `mapRecords`. */
export interface MapperModule {
  /**
   * An ES module that exports a function `createMapper` (`CreateMapper`): a path, relative to the current folder, or a
   * `file:` or `data:` URL, as a `URL` or a string.
   */
  module: string | URL;
  /** Passed to `createMapper`, as a structured clone. @default undefined */
  options?: unknown;
}

/** Options of `encodeRecords`, `parseRecords` and `mapRecords`. */
export interface ReadOptions {
  /** The expected data type. @default that of the dump's root element */
  dataType?: DataType | undefined;
  /** @default 'auto' */
  engine?: EngineName | undefined;
  /** How records become values. Numbers of records are the same with both. @default 'xmltodict' */
  reading?: Reading | undefined;
  /**
   * Worker threads to start for this read; with 0, parsing and gunzip run on the calling thread, which stays responsive
   * between chunks of 1 MiB. A pool of `createWorkerPool` is shared with other reads, and stays open.
   * @default 0
   */
  workers?: number | WorkerPool | undefined;
  /**
   * Modules that change records before they are hashed and delivered, one after the other. They run on the worker
   * threads; without workers, on the calling thread. Ids and numbers stay those of the dump's records.
   * @default records stay as they are
   */
  transform?: TransformModule | readonly TransformModule[] | undefined;
  /** Skips the first `skip` records, without transforming them; numbering still counts them. @default 0 */
  skip?: number | undefined;
  /**
   * Ends after this many records past the skipped ones; the rest of the dump is not read. Records that a transform
   * or mapper omits or fails on count, so the same records are read with any transform. @default Infinity
   */
  limit?: number | undefined;
  /** Ends reading with the signal's reason; threads, files and streams are released. */
  signal?: AbortSignal | undefined;
  /** Maximum size of a record, in bytes of XML; a larger one is malformed. @default 67108864 (64 MiB) */
  maxRecordBytes?: number | undefined;
  /** Maximum depth of elements in a record, the record itself being 1; a deeper record is malformed. @default 256 */
  maxDepth?: number | undefined;
  /** How many malformed records are skipped; one more fails with `TOO_MANY_MALFORMED`. @default 100 */
  maxMalformed?: number | undefined;
  /** Called with each malformed record, in document order, before any later record is delivered. */
  onMalformed?: ((malformed: MalformedRecord) => void) | undefined;
  /** Called after each block of up to some MiB of XML, also if its records were skipped, before they are delivered. */
  onProgress?: ((progress: ReadProgress) => void) | undefined;
  /** Called with each irregularity, in document order. */
  onIrregularity?: ((irregularity: Irregularity) => void) | undefined;
  /** Called with each finding of a transform or mapper, in document order, before the record's block is delivered. */
  onFinding?: ((finding: RecordFinding) => void) | undefined;
  /**
   * Called with the inventory of each block of records, before they are delivered: which elements and attributes the
   * dump's records have, whatever a transform makes of them. The inventories are of consecutive records. That of a block
   * in which the read fails with `TOO_MANY_MALFORMED` is left out. Without this callback, no inventory is taken.
   */
  onInventory?: ((inventory: BlockInventory) => void) | undefined;
  /**
   * The number of the last record before the inventory: it can include skipped records. @default `skip`
   */
  inventoryAfter?: number | undefined;
}

/** Options of `parseRecords` and `mapRecords`. */
export interface ParseOptions extends ReadOptions {
  /**
   * The fields of records to keep, such as `['title', 'labels.label.@name']`: names as in the raw shape, from the record
   * downwards. A name stands for all that is in it. The others are not parsed, so that a few fields take a fraction of
   * the time. A value that is not an object, such as that of an empty element or one with text only, has no fields and
   * stays as it is. Id and hash are those of the whole record.
   * @default all
   */
  fields?: readonly string[] | undefined;
}

/** Options of `createWorkerPool`. */
export interface WorkerPoolOptions {
  /** How many threads; at least 1. */
  threads: number;
  /**
   * Niceness of the threads, on Linux: with 1 to 19 the rest of the process, and other processes, run first, so that a
   * server stays responsive while the threads use what is left.
   * @default that of the process
   */
  nice?: number | undefined;
}

/** Threads that any number of reads can share at once: each block goes to the thread that is free first. */
export interface WorkerPool extends AsyncDisposable {
  readonly threads: number;
  /**
   * Starts the threads, as the first read does otherwise: they load while you open what the records go to. Idempotent.
   */
  start(): void;
  /** Ends the threads at once; reads that still use them fail with `WORKER_FAILED`. Idempotent. */
  close(): Promise<void>;
}
