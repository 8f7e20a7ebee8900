import { rmSync, writeFileSync } from 'node:fs';
import { errnoOf, isOutOfSpace, messageOf } from '@discogs-extractor/internal/errno';
import { ChangesError, type ChangesErrorCode, damagedError } from '../errors.js';

const NO_PERMISSION: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

const codeOf = (errno: string | undefined): ChangesErrorCode => {
  if (isOutOfSpace(errno)) return 'NO_SPACE';
  return NO_PERMISSION.has(errno) ? 'PERMISSION_DENIED' : 'IO_FAILED';
};

const ADVICE: Partial<Record<ChangesErrorCode, string>> = {
  NO_SPACE: 'Free disk space: nothing that was committed is lost',
  IO_FAILED: 'Check the disk: nothing that was committed is lost',
  PERMISSION_DENIED: 'Check the permissions of the folder and its files',
};

/** Creates the error for a refusal of the file system. */
export const storeIoError = (path: string, cause: unknown, errno = errnoOf(cause)): ChangesError => {
  const code = codeOf(errno);
  const advice = ADVICE[code] === undefined ? '' : `. ${ADVICE[code]}`;
  return new ChangesError(code, `Cannot use the store ${path}: ${errno ?? messageOf(cause)}${advice}`, {
    facts: { path, errno },
    cause,
  });
};

/** Bytes that a full disk does not take: more than is left over by rounding. */
const PROBE_BYTES = 256 * 1024;

/** SQLite reports each refusal of the file system alike: finds out which it is with a file next to the store. */
const findErrno = (path: string): string | undefined => {
  const probe = `${path}.probe`;
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES));
    return undefined;
  } catch (error) {
    return errnoOf(error);
  } finally {
    rmSync(probe, { force: true });
  }
};

/** Turns what SQLite throws, which has no codes, into an error of this package. */
export const toStoreError = (path: string, error: unknown): ChangesError => {
  if (error instanceof ChangesError) return error;
  const message = messageOf(error);
  if (/full/.test(message)) return storeIoError(path, error, 'ENOSPC');
  if (/readonly/.test(message)) return storeIoError(path, error, 'EROFS');
  if (/disk I\/O|unable to open|Could not open/.test(message)) return storeIoError(path, error, findErrno(path));
  // Damage can also make SQLite find a table missing, or make the WebAssembly module fail.
  if (error instanceof Error) return damagedError(path, message, error);
  return storeIoError(path, error);
};
