import { statfs } from 'node:fs/promises';
import { DownloaderError } from '../errors.js';

/**
 * Checks that `neededBytes` fit on the disk and leave `reserveBytes` free.
 *
 * @throws DownloaderError `DISK_FULL`
 */
export const ensureDiskSpace = async (directory: string, neededBytes: number, reserveBytes: number): Promise<void> => {
  if (neededBytes <= 0) return;
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes + reserveBytes) return;
  throw new DownloaderError(
    'DISK_FULL',
    `${directory} needs ${neededBytes} bytes and a reserve of ${reserveBytes}, but only ${freeBytes} are free`,
    { facts: { path: directory, neededBytes, freeBytes } },
  );
};
