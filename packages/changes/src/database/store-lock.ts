import { type FileHandle, open } from 'node:fs/promises';
import { tryLock } from 'fs-native-extensions';
import { ChangesError } from '../errors.js';

/**
 * Locks a store for this opening of it. The lock is the kernel's, so it ends with the process however that ends: SQLite
 * itself is a WebAssembly build here, whose own lock (a folder) would outlive a killed process.
 *
 * @returns the open file; closing it releases the lock
 * @throws ChangesError `STORE_LOCKED`; errors of the file system
 */
export const lockStore = async (path: string): Promise<FileHandle> => {
  const handle = await open(`${path}.owner`, 'a');
  try {
    if (tryLock(handle.fd)) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  throw new ChangesError('STORE_LOCKED', `Another process has the store ${path} open. Stop it first`, {
    facts: { path },
  });
};
