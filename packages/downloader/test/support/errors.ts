import { expect } from 'vitest';
import type { DownloaderError, DownloaderErrorCode } from '../../src/index.js';

/** Waits for a rejection with this code, and gives the error for a look at its facts. */
export const rejectionOf = async <E extends DownloaderError>(
  promise: Promise<unknown>,
  type: abstract new (...args: never[]) => E,
  code: DownloaderErrorCode,
): Promise<E> => {
  const error = await promise.then(
    () => expect.fail(`resolved, but ${code} was expected`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(type);
  expect((error as E).code).toBe(code);
  return error as E;
};
