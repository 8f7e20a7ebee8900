import type { ReadableStream } from 'node:stream/web';
import { DATA_TYPES, type DataType, isDataType } from '../data-type.js';
import { ParserError } from '../errors.js';
import { assertCallable, assertKnownOptions, MOST_WORKERS, wholeNumber } from '../known-options.js';
import type { BlockThreads } from '../workers/block-threads.js';
import { threadsOf, type WorkerPool } from '../workers/worker-pool.js';
import type { Irregularity, MalformedRecord } from './reports.js';

/**
 * Where a dump's bytes come from: a path (`string` or `file:` URL), a web stream, or any async iterable of bytes, such as
 * a Node stream. Gzipped or plain is told by the bytes.
 */
export type DumpSource = string | URL | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

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

/** Options with their defaults filled in. */
export interface ResolvedReadOptions {
  readonly dataType: DataType | undefined;
  readonly engine: EngineName;
  readonly workers: number;
  /** The threads that are shared with other reads; where there are none, `workers` of them are this read's alone. */
  readonly shared: BlockThreads | undefined;
  readonly skip: number;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
  readonly maxRecordBytes: number;
  readonly maxDepth: number;
  readonly maxMalformed: number;
  readonly onMalformed: ((malformed: MalformedRecord) => void) | undefined;
  readonly onIrregularity: ((irregularity: Irregularity) => void) | undefined;
}

const ENGINES: readonly EngineName[] = ['auto', 'fast', 'strict'];

const NAMES: Readonly<Record<keyof ReadOptions, true>> = {
  dataType: true,
  engine: true,
  workers: true,
  skip: true,
  limit: true,
  signal: true,
  maxRecordBytes: true,
  maxDepth: true,
  maxMalformed: true,
  onMalformed: true,
  onIrregularity: true,
};

/** The most that one buffer on each side of a record can surely hold. */
const LARGEST_RECORD = 512 * 1024 * 1024;

/** The element tree is walked by recursion. */
const DEEPEST = 1000;

/** Merges with the defaults and validates. @throws ParserError `INVALID_OPTIONS` */
export const resolveReadOptions = (options: ReadOptions = {}): ResolvedReadOptions => {
  assertKnownOptions(options, NAMES);
  const { dataType, engine = 'auto', signal } = options;
  if (dataType !== undefined && !isDataType(dataType)) {
    throw new ParserError(
      'INVALID_OPTIONS',
      `dataType: ${JSON.stringify(dataType)} is none of ${DATA_TYPES.join(', ')}`,
    );
  }
  if (!ENGINES.includes(engine)) {
    throw new ParserError('INVALID_OPTIONS', `engine: ${JSON.stringify(engine)} is none of ${ENGINES.join(', ')}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ParserError('INVALID_OPTIONS', `signal: a ${typeof signal} is no AbortSignal`);
  }
  const shared = typeof options.workers === 'object' ? threadsOf(options.workers) : undefined;
  assertCallable('onMalformed', options.onMalformed);
  assertCallable('onIrregularity', options.onIrregularity);
  return {
    dataType,
    engine,
    workers: shared?.threads ?? wholeNumber('workers', options.workers, 0, 0, MOST_WORKERS),
    shared,
    skip: wholeNumber('skip', options.skip, 0, 0, Number.MAX_SAFE_INTEGER),
    limit: options.limit === Infinity ? Infinity : wholeNumber('limit', options.limit, Infinity, 0),
    signal,
    maxRecordBytes: wholeNumber('maxRecordBytes', options.maxRecordBytes, 64 * 1024 * 1024, 64, LARGEST_RECORD),
    maxDepth: wholeNumber('maxDepth', options.maxDepth, 256, 1, DEEPEST),
    maxMalformed:
      options.maxMalformed === Infinity ? Infinity : wholeNumber('maxMalformed', options.maxMalformed, 100, 0),
    onMalformed: options.onMalformed,
    onIrregularity: options.onIrregularity,
  };
};
