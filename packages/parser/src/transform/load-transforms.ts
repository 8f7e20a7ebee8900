import type { DataType } from '../data-type.js';
import { ParserError } from '../errors.js';
import { createKernel, type Kernel } from '../kernel/kernel.js';
import { createNormalizer } from '../platform/normalize.js';
import { PLATFORM_MODULE } from '../platform/platform-transform.js';
import type { XmlObject } from '../record/types.js';
import { kindOf } from '../record/write-record.js';
import type { CreateMapper, MapperContext, RecordMapper } from './record-mapper.js';
import { RecordMembers } from './record-members.js';
import type { CreateTransform, RecordTransform, TransformContext } from './record-transform.js';

/** What a module exports: its transforms, or the mapper of a read. */
type FactoryName = 'createTransform' | 'createMapper';

/** A module of transforms, or of the mapper after them, with its options: plain data, to be sent to threads. */
export interface TransformSource {
  readonly factory: FactoryName;
  /** What to import. */
  readonly url: string;
  /** The module in messages: as the caller named it, shortened. */
  readonly name: string;
  readonly options: unknown;
}

/** Thrown for a record that a transform or a mapper fails on. The message names the module. */
export class TransformFailure extends Error {}

interface Step {
  readonly source: TransformSource;
  readonly transform: RecordTransform;
  /** `undefined`: all. */
  readonly fields: readonly string[] | undefined;
}

/** All transforms of a read, for records of one data type. */
export interface TransformChain {
  /**
   * Takes a record through all transforms; `undefined` if one of them omits it, `context.unchanged` if none changes it.
   *
   * @throws TransformFailure, or ParserError `INVALID_TRANSFORM` if a transform returns a promise
   */
  readonly transform: (record: object, context: TransformContext) => object | undefined;
  /** Finds the members that the transforms need. `undefined`: they need all. */
  readonly members: RecordMembers | undefined;
  /** Gives records the platform's form after all transforms. */
  readonly normalizer: Kernel | undefined;
  /** Finds those members in whole blocks, and writes records that are left as they are, in the form that they get. */
  readonly reader: Kernel | undefined;
}

/** @throws TransformFailure, or ParserError `INVALID_TRANSFORM` if the mapper returns a promise */
export type MapRecord = (record: XmlObject, context: MapperContext) => unknown;

interface Factory<Create> {
  readonly source: TransformSource;
  readonly create: Create;
}

/** The loaded transforms of one read on one thread, and its mapper. */
export class LoadedTransforms {
  readonly #factories: readonly Factory<CreateTransform>[];
  readonly #mapper: Factory<CreateMapper> | undefined;
  /** Whether the kernel gives records the platform's form after these. */
  readonly #isNormalized: boolean;
  readonly isFast: boolean;
  readonly #chains = new Map<DataType, TransformChain>();
  readonly #mappers = new Map<DataType, MapRecord>();

  private constructor(
    factories: readonly Factory<CreateTransform>[],
    mapper: Factory<CreateMapper> | undefined,
    isNormalized: boolean,
    isFast: boolean,
  ) {
    this.#factories = factories;
    this.#mapper = mapper;
    this.isFast = isFast;
    this.#isNormalized = isNormalized;
  }

  /** @throws ParserError `INVALID_TRANSFORM` */
  static async load(sources: readonly TransformSource[], engine: 'fast' | 'strict'): Promise<LoadedTransforms> {
    const transforms = sources.filter(({ factory }) => factory === 'createTransform');
    const mapper = sources.find(({ factory }) => factory === 'createMapper');
    const isNormalized = engine === 'fast' && transforms.at(-1)?.url === PLATFORM_MODULE;
    const modules = isNormalized ? transforms.slice(0, -1) : transforms;
    return new LoadedTransforms(
      await Promise.all(modules.map(async (source) => ({ source, create: await loadTransform(source) }))),
      mapper && { source: mapper, create: await loadFactory<CreateMapper>(mapper) },
      isNormalized,
      engine === 'fast',
    );
  }

  /** Whether records are changed at all. */
  get hasTransforms(): boolean {
    return this.#factories.length > 0 || this.#isNormalized;
  }

  /** The mapper of the read, which has one. @throws ParserError `INVALID_TRANSFORM` if its factory fails */
  mapperFor(dataType: DataType): MapRecord {
    let mapper = this.#mappers.get(dataType);
    if (mapper === undefined) {
      const { source, create } = this.#mapper!;
      mapper = createMapRecord(source, create, dataType);
      this.#mappers.set(dataType, mapper);
    }
    return mapper;
  }

  /** @throws ParserError `INVALID_TRANSFORM` if a factory fails */
  for(dataType: DataType): TransformChain {
    let chain = this.#chains.get(dataType);
    if (chain === undefined) {
      const steps = this.#factories.map(({ source, create }) => createStep(source, create, dataType));
      const normalizer = this.#isNormalized ? createKernel({ dataType, isNormalized: true }) : undefined;
      const fields = fieldsOf(steps);
      // The strict engine has no kernel.
      const kernel = normalizer ?? (this.isFast && fields !== undefined ? createKernel({ dataType }) : undefined);
      const reader = fields !== undefined && kernel?.setFields(fields) ? kernel : undefined;
      const members = fields && new RecordMembers(matcherOf(fields));
      chain = { transform: createTransformOf(steps), members, normalizer, reader };
      this.#chains.set(dataType, chain);
    }
    return chain;
  }
}

const createTransformOf =
  (steps: readonly Step[]): TransformChain['transform'] =>
  (record, context) => {
    const { unchanged } = context;
    let current = unchanged;
    for (const step of steps) {
      const next = apply(step, current === unchanged ? record : current, context);
      if (next === undefined) return undefined;
      if (next !== unchanged) current = next;
    }
    return current;
  };

/** The fields that the transforms need; `undefined`: all. */
const fieldsOf = (steps: readonly Step[]): readonly string[] | undefined =>
  steps.every(({ fields }) => fields !== undefined) ? steps.flatMap(({ fields }) => fields!) : undefined;

/** Whether a name is among the fields, of which those that end in `*` stand for all names that begin like them. */
const matcherOf = (fields: readonly string[]): ((name: string) => boolean) => {
  const exact = new Set(fields);
  const beginnings = fields.filter((field) => field.endsWith('*')).map((field) => field.slice(0, -1));
  return (name) => exact.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
};

/** The platform's transform as any other. */
const createPlatformTransform: CreateTransform = (_options, { dataType }) => {
  const { fields, normalize } = createNormalizer(dataType);
  return { fields, transform: (record, { unchanged }) => normalize(record) ?? unchanged };
};

const loadTransform = async (source: TransformSource): Promise<CreateTransform> =>
  source.url === PLATFORM_MODULE ? createPlatformTransform : loadFactory<CreateTransform>(source);

const loadFactory = async <Create>(source: TransformSource): Promise<Create> => {
  const { url, factory } = source;
  let loaded: { readonly [name: string]: unknown };
  try {
    loaded = await import(url);
  } catch (cause) {
    throw invalid(source, `cannot be loaded: ${messageOf(cause)}`, cause);
  }
  const create = loaded[factory];
  if (typeof create === 'function') return create as Create;
  const names = Object.keys(loaded);
  const exported = names.length === 0 ? 'nothing' : names.join(', ');
  throw invalid(source, `has to export a function ${factory}, and exports ${exported}`);
};

/** What the factory of a module makes. */
const createOf = (source: TransformSource, create: CreateTransform | CreateMapper, dataType: DataType): unknown => {
  try {
    return create(source.options, { dataType });
  } catch (cause) {
    throw invalid(source, `failed in ${source.factory}: ${messageOf(cause)}`, cause);
  }
};

const createMapRecord = (source: TransformSource, create: CreateMapper, dataType: DataType): MapRecord => {
  const created = createOf(source, create, dataType);
  if (typeof created !== 'function') {
    ignoreRejection(created);
    throw invalid(source, `has to return a function from createMapper, and returned ${describeResult(created)}`);
  }
  const mapper = created as RecordMapper;
  return (record, context) => {
    let result: unknown;
    try {
      result = mapper(record, context);
    } catch (cause) {
      throw new TransformFailure(`the mapper ${source.name} failed: ${messageOf(cause)}`, { cause });
    }
    if (typeof result === 'object' && isPromise(result)) throw returnedPromise(source, result);
    return result;
  };
};

const createStep = (source: TransformSource, create: CreateTransform, dataType: DataType): Step => {
  const created = createOf(source, create, dataType);
  if (typeof created === 'function') return { source, transform: created as RecordTransform, fields: undefined };
  ignoreRejection(created);
  const { transform, fields } = (created ?? {}) as { readonly transform?: unknown; readonly fields?: unknown };
  if (typeof transform !== 'function' || !isListOfNames(fields)) {
    const expected = 'a function, or an object of fields (an array of names) and transform (a function)';
    throw invalid(source, `has to return ${expected} from createTransform, and returned ${describeResult(created)}`);
  }
  return { source, transform: transform as RecordTransform, fields };
};

const isListOfNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

const apply = ({ source, transform }: Step, record: object, context: TransformContext): object | undefined => {
  let result: unknown;
  try {
    result = transform(record as Parameters<RecordTransform>[0], context);
  } catch (cause) {
    throw new TransformFailure(`the transform ${source.name} failed: ${messageOf(cause)}`, { cause });
  }
  if (result === undefined) return undefined;
  if (typeof result === 'object' && result !== null && !Array.isArray(result)) {
    if (!isPromise(result)) return result;
    throw returnedPromise(source, result);
  }
  throw new TransformFailure(
    `the transform ${source.name} returned ${kindOf(result)} instead of an object or undefined`,
  );
};

const NOUNS: Readonly<Record<FactoryName, string>> = { createTransform: 'transform', createMapper: 'mapper' };

const invalid = ({ factory, name: module }: TransformSource, problem: string, cause?: unknown): ParserError =>
  new ParserError('INVALID_TRANSFORM', `The ${NOUNS[factory]} ${module} ${problem}`, { facts: { module }, cause });

const returnedPromise = (source: TransformSource, promise: unknown): ParserError => {
  ignoreRejection(promise);
  return invalid(source, `returned a promise: a ${NOUNS[source.factory]} has to be synchronous`);
};

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';

const describeResult = (value: unknown): string => (isPromise(value) ? 'a promise' : kindOf(value));

/** A promise that is refused must not end the process when it rejects. */
const ignoreRejection = (value: unknown): void => {
  if (isPromise(value)) {
    value.then(
      () => {},
      () => {},
    );
  }
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
