import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCodeOf } from '../errors.js';

/**
 * Makes a folder and those above it that are missing; one that is there, or that somebody else makes meanwhile, is fine.
 *
 * `mkdir` with `recursive` does the same but for one thing: where a folder exists and the file system still answers ENOENT to making
 * another in it, as under `/proc`, it tries again for ever, with both cores at work.
 *
 * @throws the file system's error
 */
export const makeFolder = async (directory: string): Promise<void> => {
  try {
    await makeOne(directory);
  } catch (error) {
    const parent = dirname(directory);
    if (errorCodeOf(error) !== 'ENOENT' || parent === directory) throw error;
    await makeFolder(parent);
    await makeOne(directory);
  }
};

const makeOne = async (directory: string): Promise<void> => {
  try {
    await mkdir(directory);
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST' || !(await stat(directory)).isDirectory()) throw error;
  }
};
