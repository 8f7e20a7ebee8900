import type { DataType } from '../data-type.js';
import { ParserError } from '../errors.js';
import { createKernel, type Kernel } from '../kernel/kernel.js';
import { createNormalizer } from '../platform/normalize.js';
import { PLATFORM_MODULE } from '../platform/platform-transform.js';
import { kindOf } from '../record/write-record.js';
import { RecordMembers } from './record-members.js';
import type { CreateTransform, RecordTransform, TransformContext } from './record-transform.js';

/** A module of transforms with its options: plain data, to be sent to threads. */
export interface TransformSource {
  /** What to import. */
  readonly url: string;
  /** The module in messages: as the caller named it, shortened. */
  readonly name: string;
  readonly options: unknown;
}

/** Thrown for a record that a transform fails on. The message names the module. */
export class TransformFailure extends Error {}

interface Step {
  readonly name: string;
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

interface Factory {
  readonly source: TransformSource;
  readonly create: CreateTransform;
}

/** The loaded transforms of one read on one thread. */
export class LoadedTransforms {
  readonly #factories: readonly Factory[];
  /** Whether the kernel gives records the platform's form after these. */
  readonly #isNormalized: boolean;
  readonly #isFast: boolean;
  readonly #chains = new Map<DataType, TransformChain>();

  private constructor(factories: readonly Factory[], isNormalized: boolean, isFast: boolean) {
    this.#factories = factories;
    this.#isFast = isFast;
    this.#isNormalized = isNormalized;
  }

  /** @throws ParserError `INVALID_TRANSFORM` */
  static async load(sources: readonly TransformSource[], engine: 'fast' | 'strict'): Promise<LoadedTransforms> {
    const isNormalized = engine === 'fast' && sources.at(-1)?.url === PLATFORM_MODULE;
    const modules = isNormalized ? sources.slice(0, -1) : sources;
    return new LoadedTransforms(
      await Promise.all(modules.map(async (source) => ({ source, create: await loadFactory(source) }))),
      isNormalized,
      engine === 'fast',
    );
  }

  /** @throws ParserError `INVALID_TRANSFORM` if a factory fails */
  for(dataType: DataType): TransformChain {
    let chain = this.#chains.get(dataType);
    if (chain === undefined) {
      const steps = this.#factories.map(({ source, create }) => createStep(source, create, dataType));
      const normalizer = this.#isNormalized ? createKernel({ dataType, isNormalized: true }) : undefined;
      const fields = fieldsOf(steps);
      // The strict engine has no kernel.
      const kernel = normalizer ?? (this.#isFast && fields !== undefined ? createKernel({ dataType }) : undefined);
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

const loadFactory = async ({ url, name }: TransformSource): Promise<CreateTransform> => {
  if (url === PLATFORM_MODULE) return createPlatformTransform;
  let loaded: { readonly createTransform?: unknown };
  try {
    loaded = await import(url);
  } catch (cause) {
    throw invalid(name, `cannot be loaded: ${messageOf(cause)}`, cause);
  }
  const { createTransform } = loaded;
  if (typeof createTransform === 'function') return createTransform as CreateTransform;
  const names = Object.keys(loaded);
  const exported = names.length === 0 ? 'nothing' : names.join(', ');
  throw invalid(name, `has to export a function createTransform, and exports ${exported}`);
};

const createStep = ({ name, options }: TransformSource, create: CreateTransform, dataType: DataType): Step => {
  let created: unknown;
  try {
    created = create(options, { dataType });
  } catch (cause) {
    throw invalid(name, `failed in createTransform: ${messageOf(cause)}`, cause);
  }
  if (typeof created === 'function') return { name, transform: created as RecordTransform, fields: undefined };
  ignoreRejection(created);
  const { transform, fields } = (created ?? {}) as { readonly transform?: unknown; readonly fields?: unknown };
  if (typeof transform !== 'function' || !isListOfNames(fields)) {
    const expected = 'a function, or an object of fields (an array of names) and transform (a function)';
    throw invalid(name, `has to return ${expected} from createTransform, and returned ${describeResult(created)}`);
  }
  return { name, transform: transform as RecordTransform, fields };
};

const isListOfNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

const apply = ({ name, transform }: Step, record: object, context: TransformContext): object | undefined => {
  let result: unknown;
  try {
    result = transform(record as Parameters<RecordTransform>[0], context);
  } catch (cause) {
    throw new TransformFailure(`the transform ${name} failed: ${messageOf(cause)}`, { cause });
  }
  if (result === undefined) return undefined;
  if (typeof result === 'object' && result !== null && !Array.isArray(result)) {
    if (!isPromise(result)) return result;
    ignoreRejection(result);
    throw invalid(name, 'returned a promise: a transform has to be synchronous');
  }
  throw new TransformFailure(`the transform ${name} returned ${kindOf(result)} instead of an object or undefined`);
};

const invalid = (module: string, problem: string, cause?: unknown): ParserError =>
  new ParserError('INVALID_TRANSFORM', `The transform ${module} ${problem}`, { facts: { module }, cause });

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
