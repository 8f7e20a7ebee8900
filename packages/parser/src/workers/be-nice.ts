import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * Gives the calling thread a niceness of its own, where one is given. Linux alone knows threads by numbers that `setpriority` takes, and says under
 * `/proc/thread-self` which one this is; elsewhere threads keep the process's priority, which only costs others their quickness.
 */
export const beNice = (nice: number | undefined): void => {
  if (nice === undefined || process.platform !== 'linux') return;
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), nice);
  } catch {
    // No /proc here, or less nice than this user may be: the thread works all the same.
  }
};
