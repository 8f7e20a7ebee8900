import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BackedStore, type Backend } from './backed-store.js';
import { attempt, replaceFile, setFileAside, TEMPORARY_SUFFIX } from './durable-file.js';
import { errnoOf, InvalidMarkerError, StateMarkerError, StoreIoError } from './errors.js';
import { assertKnownOptions } from './known-options.js';
import type { MarkerStore } from './store.js';

export interface FileMarkerStoreOptions {
  /** The data folder. Made by the first save where it is missing. */
  readonly directory: string;
  /**
   * For those who only look, such as a status command beside a running extractor: an unreadable marker is reported
   * but stays, nothing is cleaned up, and `save` rejects with `STORE_READ_ONLY`.
   *
   * @default false
   */
  readonly readOnly?: boolean;
}

const NAMES: Readonly<Record<keyof FileMarkerStoreOptions, true>> = { directory: true, readOnly: true };

const NAME = /^\.extraction_status_([0-9]{8})\.json$/;

/** A marker has a few kilobytes. What is larger than this is something else, and not read into memory. */
const MAX_BYTES = 16 * 1024 * 1024;

/** A temporary file lives for milliseconds. One this old, in milliseconds, was left by a process that died. */
const LEFTOVER_AGE = 10 * 60 * 1000;

/**
 * Keeps each version's marker in `.extraction_status_VERSION.json` in a folder. Saves are atomic and durable.
 * An unreadable marker is renamed to `.extraction_status_VERSION.json.corrupt-TIMESTAMP`.
 *
 * One process at a time may save a version's marker; the store does not lock. Any number may read.
 *
 * @throws `INVALID_ARGUMENT` for an empty path or an unknown option; `PERMISSION_DENIED` or `IO_FAILED` where the folder's path leads to
 * something else, or cannot be looked at
 */
export async function createFileMarkerStore(options: FileMarkerStoreOptions): Promise<MarkerStore> {
  assertKnownOptions(options, NAMES);
  const { directory, readOnly = false } = options;
  if (typeof directory !== 'string' || directory === '') {
    throw new StateMarkerError('INVALID_ARGUMENT', `directory must be the path of the data folder, not "${directory}"`);
  }
  await assertDirectory(directory);
  return new BackedStore(createFileBackend(directory), readOnly);
}

function createFileBackend(directory: string): Backend {
  const nameOf = (version: string): string => `.extraction_status_${version}.json`;
  let isClean = false;

  return {
    async read(version) {
      const path = join(directory, nameOf(version));
      try {
        const stats = await stat(path);
        if (!stats.isFile()) throw new InvalidMarkerError([{ path: '', message: 'not a file' }]);
        if (stats.size > MAX_BYTES) throw new InvalidMarkerError([{ path: '', message: `${stats.size} bytes long` }]);
        return decode(await readFile(path));
      } catch (error) {
        if (error instanceof InvalidMarkerError) throw error;
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw new StoreIoError('read', path, error);
      }
    },

    async replace(version, text) {
      if (!isClean) {
        isClean = true;
        await removeLeftovers(directory);
      }
      await replaceFile(directory, nameOf(version), text);
    },

    setAside(version) {
      const time = new Date().toISOString().replace(/[-:.]/g, '');
      return setFileAside(directory, nameOf(version), `corrupt-${time}`);
    },

    async list() {
      const names = await namesIn(directory);
      return names.flatMap((name) => NAME.exec(name)?.[1] ?? []);
    },
  };
}

const assertDirectory = (directory: string): Promise<void> =>
  attempt('inspect-directory', directory, async () => {
    try {
      // With the dot it fails with ENOTDIR where there is something else than a folder.
      await stat(`${directory}/.`);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  });

const namesIn = (directory: string): Promise<string[]> =>
  attempt('list', directory, async () => {
    try {
      return await readdir(directory);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  });

/**
 * Removes temporary files that crashed runs left. Only old ones, since another process may be saving right now; and
 * never a reason to fail, since they do no harm.
 */
const removeLeftovers = async (directory: string): Promise<void> => {
  const names = await namesIn(directory).catch(() => []);
  for (const name of names) {
    if (!NAME.test(name.replace(TEMPORARY_SUFFIX, '')) || !TEMPORARY_SUFFIX.test(name)) continue;
    const path = join(directory, name);
    try {
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > LEFTOVER_AGE) await rm(path);
    } catch {
      // Gone already, or not ours to remove.
    }
  }
};

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidMarkerError([{ path: '', message: 'not UTF-8' }], { cause });
  }
};
