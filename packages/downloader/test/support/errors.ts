import { expect } from 'vitest';
import { DownloaderError, type DownloaderErrorCode } from '../../src/index.js';

const errorOf = (error: unknown, code: DownloaderErrorCode): DownloaderError => {
  expect(error).toBeInstanceOf(DownloaderError);
  expect((error as DownloaderError).code).toBe(code);
  return error as DownloaderError;
};

/** Waits for a rejection with this code, and returns the error so that its facts can be checked. */
export const rejectionOf = async (promise: Promise<unknown>, code: DownloaderErrorCode): Promise<DownloaderError> =>
  errorOf(
    await promise.then(
      () => expect.fail(`resolved, but ${code} was expected`),
      (reason: unknown) => reason,
    ),
    code,
  );

/** Calls a function that has to throw an error with this code, and returns the error. */
export const errorThrownBy = (run: () => unknown, code: DownloaderErrorCode): DownloaderError => {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  return errorOf(thrown, code);
};
