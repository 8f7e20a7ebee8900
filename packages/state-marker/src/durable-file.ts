import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errnoOf, StateMarkerError, StoreIoError, type StoreOperation } from './errors.js';

/** The ending of a temporary file: 64 random bits, so that no two writers ever share one. */
export const TEMPORARY_SUFFIX = /\.[0-9a-f]{16}\.tmp$/;

/**
 * Replaces a file so that any reader, after any crash, finds the old text or the new one, whole; and when this
 * resolves, the new one, even after a loss of power: the text is on disk before its name, the name before we say so.
 */
export async function replaceFile(directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, name);
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  const handle = await createFile(directory, temporary);
  try {
    try {
      await attempt('write', temporary, () => handle.writeFile(text));
      await attempt('sync', temporary, () => handle.sync());
    } finally {
      await attempt('write', temporary, () => handle.close());
    }
    await attempt('rename', path, () => rename(temporary, path));
  } catch (error) {
    // Best effort, and the first error is the one to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(directory);
}

/** Renames a file to `NAME.SUFFIX`, or `NAME.SUFFIX-2` and so on where there is one already. Gives the new path. */
export async function setFileAside(directory: string, name: string, suffix: string): Promise<string> {
  const path = join(directory, name);
  return attempt('set-aside', path, async () => {
    let target = `${path}.${suffix}`;
    for (let number = 2; await exists(target); number += 1) target = `${path}.${suffix}-${number}`;
    await rename(path, target);
    await syncDirectory(directory);
    return target;
  });
}

/** Does something, and says what it was and where if it fails. */
export async function attempt<T>(operation: StoreOperation, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof StateMarkerError ? error : new StoreIoError(operation, path, error);
  }
}

const createFile = async (directory: string, path: string): Promise<FileHandle> => {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw new StoreIoError('write', path, error);
    await createDirectory(directory);
    return attempt('write', path, () => open(path, 'wx'));
  }
};

/** Makes a folder with all above it, as durably as what will stand in it. */
const createDirectory = async (directory: string): Promise<void> => {
  const made = await attempt('create-directory', directory, () => mkdir(directory, { recursive: true }));
  if (made === undefined) return;
  for (let path = resolve(directory); path.length >= resolve(made).length; path = dirname(path)) {
    await syncDirectory(dirname(path));
  }
};

const syncDirectory = async (directory: string): Promise<void> => {
  // Windows has no such thing: there the rename itself is journalled.
  if (process.platform === 'win32') return;
  await attempt('sync-directory', directory, async () => {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } catch (error) {
      // Some network file systems do not do it for folders; there is no more that can be had from them.
      if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOTSUP') throw error;
    } finally {
      await handle.close();
    }
  });
};

const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
};
