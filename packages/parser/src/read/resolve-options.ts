import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DATA_TYPES, type DataType } from '../data-type.js';
import { checks } from '../option-checks.js';
import type { EngineName, MapperModule, ParseOptions, ReadOptions, ReadProgress, TransformModule } from '../options.js';
import { FIELD_SEPARATOR } from '../pack/field-tree.js';
import type { BlockThreads } from '../parallel/block-threads.js';
import { MAX_WORKERS, threadsOf } from '../parallel/worker-pool.js';
import { PLATFORM_MODULE } from '../platform/platform-transform.js';
import { READINGS, type Reading } from '../reading.js';
import type { ReadRange } from '../record/record-range.js';
import type { BlockInventory } from '../record-inventory.js';
import type { Irregularity, MalformedRecord, RecordFinding } from '../reports.js';
import type { TransformSource } from '../transform/load-transforms.js';

/** Options with their defaults filled in. */
export interface ResolvedReadOptions extends ReadRange {
  readonly dataType: DataType | undefined;
  readonly engine: EngineName;
  readonly reading: Reading;
  readonly workers: number;
  /** The threads that are shared with other reads. Without them, the read starts `workers` threads of its own. */
  readonly shared: BlockThreads | undefined;
  /** Whether records get the platform's form, and no transform. */
  readonly isNormalized: boolean;
  /** Empty if records stay as they are, or get the platform's form only. A mapper is the last one. */
  readonly transforms: readonly TransformSource[];
  readonly signal: AbortSignal | undefined;
  readonly maxRecordBytes: number;
  readonly maxDepth: number;
  readonly maxMalformed: number;
  readonly onMalformed: ((malformed: MalformedRecord) => void) | undefined;
  readonly onProgress: ((progress: ReadProgress) => void) | undefined;
  readonly onIrregularity: ((irregularity: Irregularity) => void) | undefined;
  readonly onInventory: ((inventory: BlockInventory) => void) | undefined;
  readonly onFinding: ((finding: RecordFinding) => void) | undefined;
  /** The fields of records to keep; `undefined`: all. */
  readonly fields: readonly string[] | undefined;
}

const ENGINES: readonly EngineName[] = ['auto', 'fast', 'strict'];

const KNOWN: Readonly<Record<keyof ReadOptions, true>> = {
  dataType: true,
  engine: true,
  reading: true,
  workers: true,
  transform: true,
  skip: true,
  limit: true,
  signal: true,
  maxRecordBytes: true,
  maxDepth: true,
  maxMalformed: true,
  onMalformed: true,
  onProgress: true,
  onIrregularity: true,
  onFinding: true,
  onInventory: true,
  inventoryAfter: true,
};

const KNOWN_OF_PARSING: Readonly<Record<keyof ParseOptions, true>> = { ...KNOWN, fields: true };

const KNOWN_OF_MODULE: Readonly<Record<keyof (TransformModule | MapperModule), true>> = { module: true, options: true };

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
  return resolveKnown(options);
};

/** The same for `parseRecords`. @throws ParserError `INVALID_OPTIONS` */
export const resolveParseOptions = (options: ParseOptions = {}): ResolvedReadOptions => {
  checks.object('', options, KNOWN_OF_PARSING);
  return resolveKnown(options);
};

/** The same for `mapRecords`. @throws ParserError `INVALID_OPTIONS` */
export const resolveMapOptions = (
  mapper: string | URL | MapperModule,
  options: ParseOptions = {},
): ResolvedReadOptions => {
  const module = typeof mapper === 'string' || mapper instanceof URL ? { module: mapper } : mapper;
  const source = resolveModule('mapper', 'createMapper', module);
  checks.object('', options, KNOWN_OF_PARSING);
  const resolved = resolveKnown(options);
  // The kernel gives records the platform's form while it reads them, or with a mapper, when they are given to it.
  const transforms = [...resolveTransforms(options.transform), source];
  return { ...resolved, isNormalized: false, transforms };
};

const resolveKnown = (options: ParseOptions): ResolvedReadOptions => {
  const { dataType, workers = 0 } = options;
  const transforms = resolveTransforms(options.transform);
  const isNormalized = transforms.length === 1 && transforms[0]!.url === PLATFORM_MODULE;
  const skip = checks.wholeNumber('skip', options.skip ?? 0, { min: 0 });
  const inventoryAfter = checks.wholeNumber('inventoryAfter', options.inventoryAfter ?? skip, { min: 0 });
  const shared = typeof workers === 'object' ? threadsOf(workers) : undefined;
  return {
    dataType: dataType === undefined ? undefined : checks.oneOf('dataType', dataType, DATA_TYPES),
    engine: checks.oneOf('engine', options.engine ?? 'auto', ENGINES),
    reading: checks.oneOf('reading', options.reading ?? 'xmltodict', READINGS),
    workers: shared?.threads ?? checks.wholeNumber('workers', workers, { min: 0, max: MAX_WORKERS }),
    shared,
    isNormalized,
    transforms: isNormalized ? [] : transforms,
    skip,
    inventoryAfter: options.onInventory === undefined ? Infinity : inventoryAfter,
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
    onInventory: checks.optionalFunction('onInventory', options.onInventory),
    onFinding: checks.optionalFunction('onFinding', options.onFinding),
    fields: options.fields === undefined ? undefined : resolveFields(options.fields),
  };
};

/** The packer's memory has room for so many, of this length. */
const MAX_FIELDS = 250;
const MAX_FIELD_LENGTH = 100;

const isField = (field: unknown): boolean =>
  typeof field === 'string' && field.length <= MAX_FIELD_LENGTH && !field.split(FIELD_SEPARATOR).includes('');

const resolveFields = (fields: unknown): readonly string[] =>
  Array.isArray(fields) && fields.length > 0 && fields.length <= MAX_FIELDS && fields.every(isField)
    ? [...fields]
    : checks.fail('fields', `1 to ${MAX_FIELDS} names such as 'title' or 'labels.label.@name'`, fields);

const wholeOrInfinite = (name: string, value: unknown): number =>
  value === Infinity ? value : checks.wholeNumber(name, value, { min: 0 });

const resolveTransforms = (transform: ReadOptions['transform']): TransformSource[] => {
  if (transform === undefined) return [];
  return Array.isArray(transform)
    ? transform.map((each: TransformModule, index) => resolveModule(`transform[${index}]`, 'createTransform', each))
    : [resolveModule('transform', 'createTransform', transform as TransformModule)];
};

/** The URLs that Node can import. */
const IS_URL = /^(?:file|data):/i;

/** A `data:` URL is a module's whole text. */
const MAX_NAME_LENGTH = 100;

const resolveModule = (
  name: string,
  factory: TransformSource['factory'],
  given: TransformModule | MapperModule,
): TransformSource => {
  const { module, options } = checks.object(name, given, KNOWN_OF_MODULE);
  const text = module instanceof URL ? module.href : module;
  if (typeof text !== 'string' || text === '' || (module instanceof URL && !IS_URL.test(text))) {
    return checks.fail(`${name}.module`, 'a path, or a file: or data: URL', module);
  }
  return {
    factory,
    url: IS_URL.test(text) || text === PLATFORM_MODULE ? text : pathToFileURL(resolve(text)).href,
    name: text.length > MAX_NAME_LENGTH ? `${text.slice(0, MAX_NAME_LENGTH)}…` : text,
    options: copyOf(`${name}.options`, options),
  };
};

/** A copy, so that options that change later are the same on every thread. */
const copyOf = (name: string, options: unknown): unknown => {
  try {
    return structuredClone(options);
  } catch {
    return checks.fail(name, 'plain data that can be copied to threads', options);
  }
};
