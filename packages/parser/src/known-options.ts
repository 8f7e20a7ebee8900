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
