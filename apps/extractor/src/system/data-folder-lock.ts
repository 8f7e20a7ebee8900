import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import { tryLock } from 'fs-native-extensions';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';

/** Name of the lock file in the data folder. It stays there; only the lock on it means anything. */
export const LOCK_FILE = '.extractor.lock';

/** How often the lock is looked at, in milliseconds. */
const LOOK_MS = 1000;

/** A data folder that this process alone works in. */
export interface DataFolderLock extends AsyncDisposable {
  /**
   * Aborts with an `ExtractorError` `FOLDER_LOST` when the lock file is no longer the one in the folder, as when somebody deleted it or the
   * folder: another extractor would then find nothing that is locked.
   */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the data folder for this process, making the folder where it is missing.
 *
 * The lock is the kernel's (`fcntl` open file description lock), so it ends with the process however that
 * dies: there is no stale lock to find or to break.
 *
 * @throws ExtractorError `FOLDER_LOCKED` when another extractor has it, `FOLDER_UNUSABLE` when it cannot be written.
 */
export const lockDataFolder = async (directory: string): Promise<DataFolderLock> => {
  const path = join(directory, LOCK_FILE);
  const handle = await makeDirectory(directory)
    .then(() => open(path, 'a+'))
    .catch((error: unknown) => {
      throw new ExtractorError(
        'FOLDER_UNUSABLE',
        `The data folder ${directory} cannot be used: ${describeError(error)}. Set DISCOGS_ROOT to a folder that can be written.`,
        { path: directory },
        { cause: error },
      );
    });
  if (!tryLock(handle.fd)) {
    const owner = (await handle.readFile('utf8').catch(() => '')).trim();
    await handle.close();
    throw new ExtractorError(
      'FOLDER_LOCKED',
      `Another extractor works in ${directory}${owner ? ` (${owner})` : ''}. Stop it first, or set DISCOGS_ROOT to another folder.`,
      { path: directory },
    );
  }
  // For the message of the next one that finds it locked; the lock does not depend on it.
  await handle.truncate(0);
  await handle.write(`process ${process.pid}, since ${new Date().toISOString()}\n`);

  const lost = new AbortController();
  const watch = setInterval(() => {
    isSame(handle, path).then(
      (same) => {
        if (!same && !released) lost.abort(lostError(directory));
      },
      // A folder that cannot be looked at for now says so at the next save.
      () => {},
    );
  }, LOOK_MS);
  watch.unref();
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    clearInterval(watch);
    await handle.close();
  };
  return { lost: lost.signal, release, [Symbol.asyncDispose]: release };
};

const isSame = async (handle: FileHandle, path: string): Promise<boolean> => {
  const ours = await handle.stat();
  try {
    const there = await stat(path);
    return there.ino === ours.ino && there.dev === ours.dev;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
};

const lostError = (directory: string): ExtractorError =>
  new ExtractorError(
    'FOLDER_LOST',
    `The data folder ${directory}, or ${LOCK_FILE} in it, was deleted or replaced while an extractor worked there. Run again: it goes on from the state marker that is there, or starts anew.`,
    { path: directory },
  );
