import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** Like `toEqual`, which takes long for thousands of records: it only describes a difference that was found. */
export const expectSame = <T>(actual: T, expected: T, label?: string): void => {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, label).toEqual(expected);
};
