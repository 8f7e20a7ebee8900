import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, TEMPORARY_SUFFIX } from '@discogs-extractor/internal/durable-file';
import { errnoOf } from '@discogs-extractor/internal/errno';
import { invalidMarkerError } from '../errors.js';
import { checks } from '../option-checks.js';
import { BackedStore } from './backed-store.js';
import type { MarkerBackend } from './marker-backend.js';
import type { MarkerStore } from './marker-store.js';
import { runStep } from './run-step.js';
import { setFileAside } from './set-file-aside.js';

export interface FileMarkerStoreOptions {
  /** The data folder. The first save creates it if it is missing. */
  readonly directory: string;
  /**
   * Never changes anything, for programs such as a status command that runs next to an extractor: an unreadable marker
   * is reported but stays in place, nothing is cleaned up, and `save` rejects with `STORE_READ_ONLY`.
   *
   * @default false
   */
  readonly readOnly?: boolean | undefined;
  /**
   * Called before each change of a marker's file. If it rejects, nothing is changed, and `save` or `load` rejects with
   * its reason. With a lock that a process can lose while it is suspended, this is where to look whether it is held.
   *
   * @default nothing
   */
  readonly beforeSave?: (() => Promise<void>) | undefined;
}

const KNOWN: Readonly<Record<keyof FileMarkerStoreOptions, true>> = {
  directory: true,
  readOnly: true,
  beforeSave: true,
};

/** The name of a version's file in the data folder. */
export const markerFileName = (version: string): string => `.extraction_status_${version}.json`;

const MARKER_NAME = /^\.extraction_status_([0-9]{8})\.json$/;

/** A marker takes a few kilobytes; a larger file is something else, and is not read into memory. */
const MAX_MARKER_BYTES = 16 * 1024 * 1024;

/** A temporary file exists for milliseconds. A process that crashed left one that is older than this. */
const MAX_TEMPORARY_AGE_MS = 10 * 60 * 1000;

/**
 * Keeps each version's marker in `.extraction_status_VERSION.json` in a folder. Saves are atomic and durable. An
 * unreadable marker is renamed to `.extraction_status_VERSION.json.corrupt-TIMESTAMP`.
 *
 * One process at a time may save a version's marker; the store does not lock. Any number may read.
 *
 * @throws {@link StateMarkerError} `INVALID_OPTIONS`; `PERMISSION_DENIED` or `IO_FAILED` if the path is not a folder or
 * cannot be inspected
 */
export const createFileMarkerStore = async (options: FileMarkerStoreOptions): Promise<MarkerStore> => {
  const { directory, readOnly = false, beforeSave } = checks.object('', options, KNOWN);
  if (checks.text('directory', directory) === '') checks.fail('directory', 'the path of the data folder', directory);
  checks.boolean('readOnly', readOnly);
  if (beforeSave !== undefined && typeof beforeSave !== 'function') checks.fail('beforeSave', 'a function', beforeSave);
  await assertDirectory(directory);
  return new BackedStore(createFileBackend(directory, beforeSave), readOnly);
};

const createFileBackend = (directory: string, beforeSave: FileMarkerStoreOptions['beforeSave']): MarkerBackend => {
  let isClean = false;

  return {
    read: (version) => {
      const path = join(directory, markerFileName(version));
      return runStep('read', path, async () => {
        try {
          const stats = await stat(path);
          if (!stats.isFile()) throw invalidMarkerError([{ path: '', message: 'not a file' }]);
          if (stats.size > MAX_MARKER_BYTES)
            throw invalidMarkerError([{ path: '', message: `${stats.size} bytes long` }]);
          return decode(await readFile(path));
        } catch (error) {
          if (errnoOf(error) === 'ENOENT') return undefined;
          throw error;
        }
      });
    },

    replace: async (version, text) => {
      await beforeSave?.();
      if (!isClean) {
        isClean = true;
        await removeTemporaryFiles(directory);
      }
      await replaceFile(join(directory, markerFileName(version)), text, runStep);
    },

    setAside: async (version) => {
      await beforeSave?.();
      const time = new Date().toISOString().replace(/[-:.]/g, '');
      return setFileAside(directory, markerFileName(version), `corrupt-${time}`);
    },

    list: async () => {
      const names = await namesIn(directory);
      return names.flatMap((name) => MARKER_NAME.exec(name)?.[1] ?? []);
    },
  };
};

const assertDirectory = (directory: string): Promise<void> =>
  runStep('inspect-directory', directory, async () => {
    try {
      // The dot makes it fail with ENOTDIR if the path is not a folder.
      await stat(`${directory}/.`);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  });

const namesIn = (directory: string): Promise<string[]> =>
  runStep('list', directory, async () => {
    try {
      return await readdir(directory);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  });

/**
 * Removes temporary files that crashed runs left: only old ones, since another process may be saving right now. Never
 * fails, since the files do no harm.
 */
const removeTemporaryFiles = async (directory: string): Promise<void> => {
  const names = await namesIn(directory).catch(() => []);
  for (const name of names) {
    if (!MARKER_NAME.test(name.replace(TEMPORARY_SUFFIX, '')) || !TEMPORARY_SUFFIX.test(name)) continue;
    const path = join(directory, name);
    try {
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > MAX_TEMPORARY_AGE_MS) await rm(path);
    } catch {
      // Removed by another process, or not ours to remove.
    }
  }
};

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalidMarkerError([{ path: '', message: 'not UTF-8' }], cause);
  }
};
