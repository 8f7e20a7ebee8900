import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, TEMPORARY_SUFFIX } from '@discogs-extractor/internal/durable-file';
import type { VersionPruned } from '../events.js';
import { parseFileName } from '../names.js';
import type { MetadataStore } from './metadata-store.js';
import { toStorageError } from './storage-error.js';

/**
 * Deletes the dump files, CHECKSUM files and partial files of old versions, so that `keep` versions remain: the current
 * one and the newest of the others. Touches nothing else in the directory.
 */
export const pruneVersions = async (
  directory: string,
  current: string,
  keep: number,
  metadata: MetadataStore,
  onPruned: (event: VersionPruned) => void,
): Promise<void> => {
  try {
    const filesByVersion = new Map<string, string[]>();
    for (const entry of await readdir(directory)) {
      const name = parseFileName(entry.replace(/\.part$/, '').replace(TEMPORARY_SUFFIX, ''));
      if (name === undefined) continue;
      filesByVersion.set(name.version, [...(filesByVersion.get(name.version) ?? []), entry]);
    }
    const others = [...filesByVersion.keys()]
      .filter((version) => version !== current)
      .sort()
      .reverse();
    for (const version of others.slice(keep - 1)) {
      const files = filesByVersion.get(version)!.sort();
      for (const file of files) await rm(join(directory, file), { force: true });
      await metadata.forget(files);
      onPruned({ type: 'version-pruned', version, files });
    }
    await syncDirectory(directory);
  } catch (error) {
    throw toStorageError(error, directory);
  }
};
