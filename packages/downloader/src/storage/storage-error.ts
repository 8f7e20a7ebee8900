import type { RunStep } from '@discogs-extractor/internal/durable-file';
import { errnoOf, isOutOfSpace, messageOf } from '@discogs-extractor/internal/errno';
import { DownloaderError } from '../errors.js';

/** Turns a file system error into `DISK_FULL` or `STORAGE_FAILED`; leaves errors of this package alone. */
export const toStorageError = (error: unknown, path: string, neededBytes?: number): DownloaderError => {
  if (error instanceof DownloaderError) return error;
  if (isOutOfSpace(errnoOf(error))) {
    return new DownloaderError('DISK_FULL', `No space left to write ${path}`, {
      facts: { path, neededBytes },
      cause: error,
    });
  }
  return new DownloaderError('STORAGE_FAILED', `Cannot read or write ${path}: ${messageOf(error)}`, {
    facts: { path },
    cause: error,
  });
};

/** Runs a step of a durable write, with its errors as `DISK_FULL` or `STORAGE_FAILED`. */
export const runStorageStep: RunStep = async (_operation, path, action) => {
  try {
    return await action();
  } catch (error) {
    throw toStorageError(error, path);
  }
};
