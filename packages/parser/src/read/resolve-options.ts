import { DATA_TYPES, type DataType } from '../data-type.js';
import { checks } from '../option-checks.js';
import type { EngineName, ReadOptions, ReadProgress } from '../options.js';
import type { BlockThreads } from '../parallel/block-threads.js';
import { MAX_WORKERS, threadsOf } from '../parallel/worker-pool.js';
import { READINGS, type Reading } from '../reading.js';
import type { Irregularity, MalformedRecord } from '../reports.js';

/** Options with their defaults filled in. */
export interface ResolvedReadOptions {
  readonly dataType: DataType | undefined;
  readonly engine: EngineName;
  readonly reading: Reading;
  readonly workers: number;
  /** The threads that are shared with other reads. Without them, the read starts `workers` threads of its own. */
  readonly shared: BlockThreads | undefined;
  readonly skip: number;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
  readonly maxRecordBytes: number;
  readonly maxDepth: number;
  readonly maxMalformed: number;
  readonly onMalformed: ((malformed: MalformedRecord) => void) | undefined;
  readonly onProgress: ((progress: ReadProgress) => void) | undefined;
  readonly onIrregularity: ((irregularity: Irregularity) => void) | undefined;
}

const ENGINES: readonly EngineName[] = ['auto', 'fast', 'strict'];

const KNOWN: Readonly<Record<keyof ReadOptions, true>> = {
  dataType: true,
  engine: true,
  reading: true,
  workers: true,
  skip: true,
  limit: true,
  signal: true,
  maxRecordBytes: true,
  maxDepth: true,
  maxMalformed: true,
  onMalformed: true,
  onProgress: true,
  onIrregularity: true,
};

const DEFAULT_MAX_RECORD_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_DEPTH = 256;
const DEFAULT_MAX_MALFORMED = 100;

/** A buffer on each side of a record can certainly hold this much. */
const MAX_RECORD_BYTES = 512 * 1024 * 1024;

/** The element tree is walked by recursion. */
const MAX_DEPTH = 1000;

/** Merges with the defaults and validates. @throws ParserError `INVALID_OPTIONS` */
export const resolveReadOptions = (options: ReadOptions = {}): ResolvedReadOptions => {
  checks.object('', options, KNOWN);
  const { dataType, workers = 0 } = options;
  const shared = typeof workers === 'object' ? threadsOf(workers) : undefined;
  return {
    dataType: dataType === undefined ? undefined : checks.oneOf('dataType', dataType, DATA_TYPES),
    engine: checks.oneOf('engine', options.engine ?? 'auto', ENGINES),
    reading: checks.oneOf('reading', options.reading ?? 'xmltodict', READINGS),
    workers: shared?.threads ?? checks.wholeNumber('workers', workers, { min: 0, max: MAX_WORKERS }),
    shared,
    skip: checks.wholeNumber('skip', options.skip ?? 0, { min: 0 }),
    limit: wholeOrInfinite('limit', options.limit ?? Infinity),
    signal: checks.optionalSignal('signal', options.signal),
    maxRecordBytes: checks.wholeNumber('maxRecordBytes', options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES, {
      min: 64,
      max: MAX_RECORD_BYTES,
    }),
    maxDepth: checks.wholeNumber('maxDepth', options.maxDepth ?? DEFAULT_MAX_DEPTH, { min: 1, max: MAX_DEPTH }),
    maxMalformed: wholeOrInfinite('maxMalformed', options.maxMalformed ?? DEFAULT_MAX_MALFORMED),
    onMalformed: checks.optionalFunction('onMalformed', options.onMalformed),
    onProgress: checks.optionalFunction('onProgress', options.onProgress),
    onIrregularity: checks.optionalFunction('onIrregularity', options.onIrregularity),
  };
};

const wholeOrInfinite = (name: string, value: unknown): number =>
  value === Infinity ? value : checks.wholeNumber(name, value, { min: 0 });
