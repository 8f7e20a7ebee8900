import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * Sets the niceness of the calling thread; does nothing for `undefined`. Only Linux numbers threads in a way that
 * `setpriority` accepts, and names the current one in `/proc/thread-self`. Elsewhere the thread keeps the priority of
 * the process, which costs other threads some responsiveness and nothing else.
 */
export const setThreadNiceness = (niceness: number | undefined): void => {
  if (niceness === undefined || process.platform !== 'linux') return;
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness);
  } catch {
    // No /proc here, or a niceness this user may not set: the thread works all the same.
  }
};
