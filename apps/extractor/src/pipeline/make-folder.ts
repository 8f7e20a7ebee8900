import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCodeOf } from '../errors.js';

/**
 * Makes a folder and those above it that are missing; one that is there is fine.
 *
 * `mkdir` with `recursive` does the same but for one thing: where a folder exists and the file system still answers ENOENT to making
 * another in it, as under `/proc`, it tries again for ever, with both cores at work.
 *
 * @throws the file system's error
 */
export const makeFolder = async (directory: string): Promise<void> => {
  try {
    await mkdir(directory);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'EEXIST' && (await stat(directory)).isDirectory()) return;
    const parent = dirname(directory);
    if (code !== 'ENOENT' || parent === directory || (await exists(parent))) throw error;
    await makeFolder(parent);
    await mkdir(directory).catch(async (again: unknown) => {
      // Somebody else made it meanwhile.
      if (errorCodeOf(again) !== 'EEXIST' || !(await stat(directory)).isDirectory()) throw again;
    });
  }
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
