import type { ReadableStream } from 'node:stream/web';
import type { DataType } from './data-type.js';
import type { Irregularity, MalformedRecord } from './reports.js';

/**
 * Where a dump's bytes come from: a path (`string` or `file:` URL), a web stream, or any async iterable of bytes, such as
 * a Node stream. Gzipped or plain is told by the bytes.
 */
export type DumpInput = string | URL | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * - `strict`: built on `sax`; it defines what is right.
 * - `fast`: a WebAssembly kernel that hands what is not regular to the strict engine. The same result, many times faster.
 * - `auto`: `fast` where WebAssembly SIMD is at hand, else `strict`.
 */
export type EngineName = 'auto' | 'fast' | 'strict';

/** Options of `encodeRecords` and `parseRecords`. */
export interface ReadOptions {
  /** What the dump must be; where it is not given, the dump's root element tells. */
  dataType?: DataType | undefined;
  /** @default 'auto' */
  engine?: EngineName | undefined;
  /**
   * Worker threads to use; 0 works on the calling thread. With 0 or 1, the gunzip of a dump of more than 1 MiB of XML has a thread beside. A pool of `createWorkerPool` is shared with other reads, and stays open.
   * @default 0
   */
  workers?: number | WorkerPool | undefined;
  /** Passes over the first `skip` records; numbering still counts them. @default 0 */
  skip?: number | undefined;
  /** Ends after this many records have been delivered; the rest of the dump is not read. @default Infinity */
  limit?: number | undefined;
  /** Ends reading with the signal's reason; threads, files and streams are released. */
  signal?: AbortSignal | undefined;
  /** Largest record, in bytes of XML; a larger one is malformed. @default 67108864 (64 MiB) */
  maxRecordBytes?: number | undefined;
  /** Deepest element in a record, the record itself being 1; a deeper record is malformed. @default 256 */
  maxDepth?: number | undefined;
  /** How many malformed records are passed over; one more fails with `TOO_MANY_MALFORMED`. @default 100 */
  maxMalformed?: number | undefined;
  /** Is told of each malformed record, in document order, before any later record is delivered. */
  onMalformed?: ((malformed: MalformedRecord) => void) | undefined;
  /** Is told of each irregularity, in document order. */
  onIrregularity?: ((irregularity: Irregularity) => void) | undefined;
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
  /** Ends the threads at once; reads that still use them fail with `WORKER_FAILED`. Idempotent. */
  close(): Promise<void>;
}
