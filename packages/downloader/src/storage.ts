import { mkdir, open, readFile, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DownloaderError, StorageError } from './errors.js';

/** The error number's name, as in `ENOENT`. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** What the file system says when there is no room: the disk, the quota, or the file size limit. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Turns a file system error into a `StorageError`; leaves errors of this package alone. */
export const toStorageError = (error: unknown, path: string, neededBytes: number | null = null): DownloaderError => {
  if (error instanceof DownloaderError) return error;
  const errno = errnoOf(error);
  const full = errno !== undefined && NO_ROOM.has(errno);
  return new StorageError(
    full ? 'DISK_FULL' : 'STORAGE_FAILED',
    full ? `No space left to write ${path}` : `Cannot read or write ${path}${errno === undefined ? '' : ` (${errno})`}`,
    { path, neededBytes: full ? neededBytes : null, freeBytes: null },
    { cause: error },
  );
};

/**
 * Makes sure that so many bytes fit.
 * @throws StorageError `DISK_FULL`
 */
export const checkRoom = async (directory: string, neededBytes: number, reserveBytes: number): Promise<void> => {
  if (neededBytes <= 0) return;
  const stats = await statfs(directory);
  const free = stats.bavail * stats.bsize;
  if (free >= neededBytes + reserveBytes) return;
  throw new StorageError(
    'DISK_FULL',
    `${directory} needs room for ${neededBytes} bytes and ${reserveBytes} in reserve, and has ${free}`,
    { path: directory, neededBytes, freeBytes: free },
  );
};

/** Makes renames and deletions in a folder survive a power cut. */
export const syncFolder = async (directory: string): Promise<void> => {
  // Windows cannot open folders and needs no such thing.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Makes a folder, and those above it, where missing. */
export const ensureFolder = async (directory: string): Promise<void> => {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw toStorageError(error, directory);
  }
};

/** Replaces a small file as a whole: whoever reads sees the old or the new one, also after a crash. */
export const writeFileDurably = async (path: string, data: string | Uint8Array): Promise<void> => {
  const temporary = `${path}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw toStorageError(error, path);
  }
};

/** Like {@link writeFileDurably}, and leaves a file alone that holds just that. */
export const writeIfChanged = async (path: string, text: string): Promise<void> => {
  const here = await readFile(path, 'utf8').catch(() => null);
  if (here !== text) await writeFileDurably(path, text);
};
