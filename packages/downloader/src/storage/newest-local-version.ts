import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseFileName } from '../names.js';
import { METADATA_FILE } from './metadata-store.js';

/**
 * The newest version of which a directory has, or had, a file; `undefined` if there is none. What cannot be read counts
 * as absent.
 */
export const newestLocalVersion = async (directory: string): Promise<string | undefined> => {
  const present = await readdir(directory).catch((): string[] => []);
  const recorded = await readFile(join(directory, METADATA_FILE), 'utf8')
    .then((text) => Object.keys(JSON.parse(text) as object))
    .catch((): string[] => []);
  const versions = [...present, ...recorded].flatMap((name) => parseFileName(name)?.version ?? []);
  return versions.sort().at(-1);
};
