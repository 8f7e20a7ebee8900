import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, TEMPORARY_SUFFIX } from '@discogs-extractor/internal/durable-file';
import { parseFileName } from '../names.js';
import { METADATA_FILE } from './metadata-store.js';
import { runStorageStep, toStorageError } from './storage-error.js';

/** Replaces a file durably, unless it has this content already. */
export const writeIfChanged = async (path: string, text: string): Promise<void> => {
  const existing = await readFile(path, 'utf8').catch(() => undefined);
  if (existing !== text) await replaceFile(path, text, runStorageStep);
};

/** Deletes the temporary files that a killed process left when it replaced the metadata or a CHECKSUM file. */
export const removeTemporaryFiles = async (directory: string): Promise<void> => {
  try {
    for (const entry of await readdir(directory)) {
      const name = entry.replace(TEMPORARY_SUFFIX, '');
      if (name === entry || (name !== METADATA_FILE && parseFileName(name) === undefined)) continue;
      await rm(join(directory, entry), { force: true });
    }
  } catch (error) {
    throw toStorageError(error, directory);
  }
};
