import { lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '@discogs-extractor/internal/durable-file';
import { errnoOf } from '@discogs-extractor/internal/errno';
import { runStep } from './run-step.js';

/** Renames a file to `NAME.SUFFIX`, or to `NAME.SUFFIX-2` and so on if that name is taken. Returns the new path. */
export const setFileAside = (directory: string, name: string, suffix: string): Promise<string> => {
  const path = join(directory, name);
  return runStep('set-aside', path, async () => {
    let target = `${path}.${suffix}`;
    for (let number = 2; await exists(target); number += 1) target = `${path}.${suffix}-${number}`;
    await rename(path, target);
    await syncDirectory(directory, runStep);
    return target;
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
