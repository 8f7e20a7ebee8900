import { MAX_TIMER_MS } from './abort.js';

/** Bounds of a number, inclusive. */
export interface Bounds {
  readonly min: number;
  /** @default no upper bound */
  readonly max?: number | undefined;
}

/** Checks of option values. Each returns the value, or throws the package's own `INVALID_OPTIONS` error. */
export interface OptionChecks {
  /** Throws: `name must be expected, got value`. */
  fail(name: string, expected: string, value: unknown): never;
  /**
   * Checks that `options` is an object without unknown names: a misspelled one would silently have no effect.
   *
   * @param name - of the object, as in `backoff`; empty for the options themselves
   */
  object<T extends object>(name: string, options: T, known?: Readonly<Record<keyof T, true>>): T;
  wholeNumber(name: string, value: unknown, bounds: Bounds): number;
  finiteNumber(name: string, value: unknown, bounds: Bounds): number;
  /** Milliseconds that `setTimeout` can wait for. */
  durationMs(name: string, value: unknown, bounds?: Bounds): number;
  boolean(name: string, value: unknown): boolean;
  text(name: string, value: unknown): string;
  list<T>(name: string, value: readonly T[]): readonly T[];
  oneOf<T extends string>(name: string, value: unknown, accepted: readonly T[]): T;
  optionalFunction<F>(name: string, value: F | undefined): F | undefined;
  optionalSignal(name: string, value: unknown): AbortSignal | undefined;
}

/**
 * Creates the checks of one package.
 * @param toError - creates its `INVALID_OPTIONS` error
 * @param noun - what the names of the outermost object are
 */
export const createOptionChecks = (toError: (message: string) => Error, noun = 'option'): OptionChecks => {
  const fail = (name: string, expected: string, value: unknown): never => {
    throw toError(`${name} must be ${expected}, got ${shown(value)}`);
  };
  const number =
    (isValid: (value: unknown) => value is number, kind: string) =>
    (name: string, value: unknown, { min, max = Number.POSITIVE_INFINITY }: Bounds): number =>
      isValid(value) && value >= min && value <= max
        ? value
        : fail(
            name,
            `${kind} ${max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`}`,
            value,
          );
  const finiteNumber = number((value): value is number => Number.isFinite(value), 'a number');
  return {
    fail,
    object: (name, options, known) => {
      if (typeof options !== 'object' || options === null || Array.isArray(options)) {
        return fail(name === '' ? 'options' : name, 'an object', options);
      }
      const unknown = known && Object.keys(options).find((key) => !Object.hasOwn(known, key));
      if (known === undefined || unknown === undefined) return options;
      const path = name === '' ? unknown : `${name}.${unknown}`;
      throw toError(`Unknown ${noun} "${path}"; expected one of ${Object.keys(known).join(', ')}`);
    },
    wholeNumber: number((value): value is number => Number.isSafeInteger(value), 'a whole number'),
    finiteNumber,
    durationMs: (name, value, { min, max = MAX_TIMER_MS } = { min: 0 }) => finiteNumber(name, value, { min, max }),
    boolean: (name, value) => (typeof value === 'boolean' ? value : fail(name, 'true or false', value)),
    text: (name, value) => (typeof value === 'string' ? value : fail(name, 'a string', value)),
    list: (name, value) => (Array.isArray(value) ? value : fail(name, 'an array', value)),
    oneOf: (name, value, accepted) =>
      accepted.find((one) => one === value) ?? fail(name, `one of ${accepted.join(', ')}`, value),
    optionalFunction: (name, value) =>
      value === undefined || typeof value === 'function' ? value : fail(name, 'a function', value),
    optionalSignal: (name, value) =>
      value === undefined || isAbortSignal(value) ? value : fail(name, 'an AbortSignal', value),
  };
};

const isAbortSignal = (value: unknown): value is AbortSignal =>
  typeof value === 'object' && value !== null && 'throwIfAborted' in value && 'addEventListener' in value;

const MAX_SHOWN_CHARACTERS = 60;

/** A value as an error message shows it. */
const shown = (value: unknown): string => {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > MAX_SHOWN_CHARACTERS ? `${value.slice(0, MAX_SHOWN_CHARACTERS)}…` : value);
  }
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
};
