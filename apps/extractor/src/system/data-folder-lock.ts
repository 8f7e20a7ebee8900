import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import { tryLock } from 'fs-native-extensions';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';

/** Name of the lock file in the data folder. The file stays there; only the lock on it counts. */
export const LOCK_FILE = '.extractor.lock';

/** Time between two checks that the lock file is still in place, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;

/** A data folder that only this process works in. */
export interface DataFolderLock extends AsyncDisposable {
  /**
   * Aborts with an `ExtractorError` `FOLDER_LOST` when the lock file in the folder is no longer the locked one, because
   * the file or the folder was deleted or replaced: another extractor could then lock a new file.
   */
  readonly lost: AbortSignal;
  /** Idempotent. */
  release(): Promise<void>;
}

/**
 * Locks the data folder for this process; creates the folder if it is missing.
 *
 * The lock is the kernel's (`fcntl` open file description lock), so it ends with the process however that ends: there
 * are no stale locks to detect or to break.
 *
 * @throws ExtractorError `FOLDER_LOCKED` if another extractor has the lock, `FOLDER_UNUSABLE` if the folder cannot be
 *   written
 */
export const lockDataFolder = async (directory: string): Promise<DataFolderLock> => {
  const path = join(directory, LOCK_FILE);
  const handle = await makeDirectory(directory)
    .then(() => open(path, 'a+'))
    .catch((error: unknown) => {
      throw new ExtractorError(
        'FOLDER_UNUSABLE',
        `Cannot use the data folder ${directory}: ${describeError(error)}. Set DISCOGS_ROOT to a writable folder.`,
        { facts: { path: directory }, cause: error },
      );
    });
  if (!tryLock(handle.fd)) {
    const owner = (await handle.readFile('utf8').catch(() => '')).trim();
    await handle.close();
    throw new ExtractorError(
      'FOLDER_LOCKED',
      `Another extractor works in ${directory}${owner ? ` (${owner})` : ''}. ` +
        'Stop it first, or set DISCOGS_ROOT to another folder.',
      { facts: { path: directory } },
    );
  }
  // For the error message of another extractor that finds the folder locked; the lock does not depend on it.
  await handle.truncate(0);
  await handle.write(`process ${process.pid}, since ${new Date().toISOString()}\n`);

  const lost = new AbortController();
  const timer = setInterval(() => {
    isSameFile(handle, path).then(
      (isSame) => {
        if (!isSame && !isReleased) lost.abort(lostError(directory));
      },
      // A folder that cannot be read for a moment fails the next save of the state marker, if it matters.
      () => {},
    );
  }, CHECK_INTERVAL_MS);
  timer.unref();
  let isReleased = false;
  const release = async (): Promise<void> => {
    if (isReleased) return;
    isReleased = true;
    clearInterval(timer);
    await handle.close();
  };
  return { lost: lost.signal, release, [Symbol.asyncDispose]: release };
};

const isSameFile = async (handle: FileHandle, path: string): Promise<boolean> => {
  const locked = await handle.stat();
  try {
    const current = await stat(path);
    return current.ino === locked.ino && current.dev === locked.dev;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
};

const lostError = (directory: string): ExtractorError =>
  new ExtractorError(
    'FOLDER_LOST',
    `The data folder ${directory}, or ${LOCK_FILE} in it, was deleted or replaced during the run. ` +
      'Run again: it resumes from the state marker in the folder, or starts over if there is none.',
    { facts: { path: directory } },
  );
