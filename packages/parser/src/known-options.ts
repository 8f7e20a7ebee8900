import { ParserError } from './errors.js';

/** Refuses what is no object of options, and a name that is no option: a misspelt one would silently not count. */
export const assertKnownOptions = (options: unknown, names: Readonly<Record<string, true>>): void => {
  if (typeof options !== 'object' || options === null) {
    throw new ParserError('INVALID_OPTIONS', `options: ${String(options)} is no object`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name)) {
      throw new ParserError('INVALID_OPTIONS', `${name}: there are only the options ${Object.keys(names).join(', ')}`);
    }
  }
};

/** Refuses what cannot be called. */
export const assertCallable = (name: string, value: unknown): void => {
  if (value !== undefined && typeof value !== 'function') {
    throw new ParserError('INVALID_OPTIONS', `${name}: a ${typeof value} is no function`);
  }
};

/** More threads than any machine has cores are a mistake. */
export const MOST_WORKERS = 256;

/** Refuses what is no whole number within bounds; what is not given is the default. */
export const wholeNumber = <Default extends number | undefined>(
  name: string,
  given: unknown,
  byDefault: Default,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number => {
  const value = given ?? byDefault;
  if (byDefault !== undefined && value === byDefault) return byDefault;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw new ParserError('INVALID_OPTIONS', `${name}: ${String(value)} is no whole number from ${least} to ${most}`);
  }
  return value;
};
