import { StateMarkerError } from './errors.js';

/** Refuses what is no object of options, and a name that is no option: a misspelt one would silently not count. */
export const assertKnownOptions = (options: unknown, names: Readonly<Record<string, true>>): void => {
  if (typeof options !== 'object' || options === null) {
    throw new StateMarkerError('INVALID_ARGUMENT', `options must be an object, not ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name)) {
      const known = Object.keys(names).join(', ');
      throw new StateMarkerError('INVALID_ARGUMENT', `${name} is no option; there are only ${known}`);
    }
  }
};
