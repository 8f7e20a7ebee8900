import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { describeError, ExtractorError } from '../errors.js';

/** Name of the lock file in the data folder. It stays there; only the lock on it means anything. */
export const LOCK_FILE = '.extractor.lock';

/** A data folder that this process alone works in. */
export interface DataFolderLock extends AsyncDisposable {
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
  const handle = await mkdir(directory, { recursive: true })
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

  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    await handle.close();
  };
  return { release, [Symbol.asyncDispose]: release };
};
