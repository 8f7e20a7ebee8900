import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './errno.js';

/** A step that the file system can refuse. */
export type FileOperation = 'create-directory' | 'write' | 'sync' | 'rename' | 'sync-directory';

/** Runs one step; lets a package turn the file system's error into its own, which can name the step. */
export type RunStep = <T>(operation: FileOperation, path: string, action: () => Promise<T>) => Promise<T>;

const runAsIs: RunStep = (_operation, _path, action) => action();

/** The ending of a temporary file: 64 random bits, so that no two writers ever share one. */
export const TEMPORARY_SUFFIX = /\.[0-9a-f]{16}\.tmp$/;

/**
 * Creates a directory and its missing parents, and makes their names durable. Does nothing if it is there already, or
 * if another process creates it meanwhile.
 *
 * `mkdir` with `recursive` does nearly the same. But if a directory exists and the file system still fails with ENOENT
 * for a new one in it, as under `/proc`, it retries forever and keeps the processor busy.
 */
export const makeDirectory = async (directory: string, runStep: RunStep = runAsIs): Promise<void> => {
  if (await runStep('create-directory', directory, () => makeWithParents(directory))) {
    await syncDirectory(dirname(directory), runStep);
  }
};

/** Whether the directory was created. */
const makeWithParents = async (directory: string): Promise<boolean> => {
  try {
    return await makeSingleDirectory(directory);
  } catch (error) {
    const parent = dirname(directory);
    if (errnoOf(error) !== 'ENOENT' || parent === directory) throw error;
    if (await makeWithParents(parent)) await syncDirectory(dirname(parent));
    return makeSingleDirectory(directory);
  }
};

const makeSingleDirectory = async (directory: string): Promise<boolean> => {
  try {
    await mkdir(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await stat(directory)).isDirectory()) throw error;
    return false;
  }
};

/** Makes new names, renames and deletions in a directory survive a loss of power. */
export const syncDirectory = async (directory: string, runStep: RunStep = runAsIs): Promise<void> => {
  // Windows cannot open directories, and journals renames anyway.
  if (process.platform === 'win32') return;
  await runStep('sync-directory', directory, async () => {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } catch (error) {
      // Some network file systems cannot sync directories; they offer nothing stronger.
      if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOTSUP') throw error;
    } finally {
      await handle.close();
    }
  });
};

/**
 * Replaces a file so that any reader, after any crash, finds the old content or the new one, whole. When this resolves,
 * it is the new one, even after a loss of power: the content is on disk before its name, the name before the promise
 * resolves. Creates the directory if it is missing.
 */
export const replaceFile = async (
  path: string,
  data: string | Uint8Array,
  runStep: RunStep = runAsIs,
): Promise<void> => {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  const create = () => open(temporary, 'wx');
  const handle = await runStep('write', temporary, async () => {
    try {
      return await create();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await makeDirectory(dirname(path), runStep);
      return create();
    }
  });
  try {
    try {
      await runStep('write', temporary, () => handle.writeFile(data));
      await runStep('sync', temporary, () => handle.sync());
    } finally {
      await runStep('write', temporary, () => handle.close());
    }
    await runStep('rename', path, () => rename(temporary, path));
  } catch (error) {
    // Best effort: the first error is the one to report.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path), runStep);
};
