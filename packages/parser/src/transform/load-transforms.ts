import type { DataType } from '../data-type.js';
import { ParserError } from '../errors.js';
import type { CreateTransform, RecordTransform, TransformContext } from './record-transform.js';
import { kindOf } from './write-record.js';

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
}

/** The loaded transforms of one read on one thread. */
export class LoadedTransforms {
  readonly #factories: readonly { readonly source: TransformSource; readonly create: CreateTransform }[];
  readonly #steps = new Map<DataType, readonly Step[]>();

  private constructor(factories: readonly { source: TransformSource; create: CreateTransform }[]) {
    this.#factories = factories;
  }

  /** @throws ParserError `INVALID_TRANSFORM` */
  static async load(sources: readonly TransformSource[]): Promise<LoadedTransforms> {
    return new LoadedTransforms(
      await Promise.all(sources.map(async (source) => ({ source, create: await loadFactory(source) }))),
    );
  }

  /**
   * The function that takes a record through all transforms.
   *
   * @throws ParserError `INVALID_TRANSFORM` from here if a factory fails, from the function if a transform returns a
   *   promise; TransformFailure from the function
   */
  for(dataType: DataType): (record: object, context: TransformContext) => object | undefined {
    const steps =
      this.#steps.get(dataType) ?? this.#factories.map(({ source, create }) => step(source, create, dataType));
    this.#steps.set(dataType, steps);
    return (record, context) => {
      let current: object = record;
      for (const each of steps) {
        const next = apply(each, current, context);
        if (next === undefined) return undefined;
        current = next;
      }
      return current;
    };
  }
}

const loadFactory = async ({ url, name }: TransformSource): Promise<CreateTransform> => {
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

const step = ({ name, options }: TransformSource, create: CreateTransform, dataType: DataType): Step => {
  let transform: unknown;
  try {
    transform = create(options, { dataType });
  } catch (cause) {
    throw invalid(name, `failed in createTransform: ${messageOf(cause)}`, cause);
  }
  if (typeof transform === 'function') return { name, transform: transform as RecordTransform };
  ignoreRejection(transform);
  throw invalid(name, `has to return a function from createTransform, and returned ${describeResult(transform)}`);
};

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
