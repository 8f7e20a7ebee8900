import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DownloaderNotice } from './events.js';
import type { MetadataStore } from './metadata-store.js';
import { parseFileName } from './names.js';
import { syncFolder, toStorageError } from './storage.js';

/**
 * Deletes the dump files of old versions, with their CHECKSUM and `.part` files, so that `keep` versions stay: the
 * current one and the newest of the others. Nothing else in the folder is touched.
 */
export const pruneVersions = async (
  directory: string,
  current: string,
  keep: number,
  metadata: MetadataStore,
  onNotice: (notice: DownloaderNotice) => void,
): Promise<void> => {
  try {
    const files = new Map<string, string[]>();
    for (const entry of await readdir(directory)) {
      const name = parseFileName(entry.replace(/\.part$/, ''));
      if (name !== null) files.set(name.version, [...(files.get(name.version) ?? []), entry]);
    }
    const others = [...files.keys()]
      .filter((version) => version !== current)
      .sort()
      .reverse();
    for (const version of others.slice(keep - 1)) {
      const names = files.get(version)!.sort();
      for (const name of names) await rm(join(directory, name), { force: true });
      await metadata.forget(names);
      onNotice({ kind: 'version_pruned', version, files: names });
    }
    await syncFolder(directory);
  } catch (error) {
    throw toStorageError(error, directory);
  }
};
