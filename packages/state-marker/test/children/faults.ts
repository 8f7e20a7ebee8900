import { execFileSync } from 'node:child_process';
import { chmod, chown, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileMarkerStore, type MarkerStore, type StateMarker, StateMarkerError } from '../../src/index.js';
import { ARTISTS, processingMarker, VERSION, withStartedFile } from '../sample-markers.js';

/**
 * Runs a store into one real fault of the file system, in a separate process (and, for some faults, mount namespace),
 * and prints the outcome. Usage: faults.ts FAULT DIRECTORY
 */

const MARKER = `.extraction_status_${VERSION}.json`;

const markerAt = (records: number): StateMarker => withStartedFile(processingMarker(), ARTISTS, records);

const outcome = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
    return 'done';
  } catch (error) {
    if (!(error instanceof StateMarkerError)) throw error;
    const { errno, operation } = error.facts;
    return { code: error.code, errno, operation };
  }
};

const recordsIn = async (store: MarkerStore): Promise<number> => {
  const result = await store.load(VERSION);
  if (result.status !== 'found') throw new Error(`the marker is ${result.status}`);
  return result.marker.publishing_phase.messages_published;
};

const temporaryFiles = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.tmp'));

const fill = async (path: string): Promise<void> => {
  const handle = await open(path, 'w');
  try {
    for (const size of [4096, 1]) {
      for (;;) await handle.write(Buffer.alloc(size)).catch(stopWhenFull);
    }
  } catch (error) {
    if (error !== FULL) throw error;
  } finally {
    await handle.close();
  }
};

const FULL = new Error('full');

const stopWhenFull = (error: NodeJS.ErrnoException): never => {
  throw error.code === 'ENOSPC' ? FULL : error;
};

/** Drops root's privileges, since root is refused nothing. */
const dropPrivileges = async (...paths: string[]): Promise<void> => {
  if (process.getuid?.() !== 0) return;
  for (const path of paths) await chown(path, 65534, 65534);
  process.setgroups?.([]);
  process.setgid?.(65534);
  process.setuid?.(65534);
};

const faults: Record<string, (directory: string) => Promise<unknown>> = {
  /** Runs in a mount namespace where the directory is a small file system. */
  'full-disk': async (directory) => {
    const store = await createFileMarkerStore({ directory });
    await store.save(markerAt(1));
    await fill(join(directory, 'filler'));
    const full = await outcome(store.save(markerAt(2)));
    const afterwards = { records: await recordsIn(store), temporaryFiles: await temporaryFiles(directory) };
    await rm(join(directory, 'filler'));
    return { full, afterwards, again: await outcome(store.save(markerAt(3))), records: await recordsIn(store) };
  },

  /** Runs in the same kind of mount namespace. */
  'read-only-mount': async (directory) => {
    const store = await createFileMarkerStore({ directory });
    await store.save(markerAt(1));
    execFileSync('mount', ['-o', 'remount,bind,ro', directory]);
    return { readOnly: await outcome(store.save(markerAt(2))), records: await recordsIn(store) };
  },

  /** Runs with a file size limit that a small marker fits and a large one exceeds. */
  'file-size-limit': async (directory) => {
    const store = await createFileMarkerStore({ directory });
    await store.save(markerAt(1));
    const marker = markerAt(2);
    const large = { ...marker, note: 'x'.repeat(100_000) };
    return {
      tooLarge: await outcome(store.save(large)),
      records: await recordsIn(store),
      temporaryFiles: await temporaryFiles(directory),
      again: await outcome(store.save(marker)),
    };
  },

  permissions: async (directory) => {
    await writeFile(join(directory, '.extraction_status_20251201.json'), '{}');
    await dropPrivileges(directory, join(directory, '.extraction_status_20251201.json'));
    const store = await createFileMarkerStore({ directory });
    await store.save(markerAt(1));

    await chmod(directory, 0o555);
    const readOnly = await outcome(store.save(markerAt(2)));
    const setAside = await outcome(store.load('20251201'));
    const records = await recordsIn(store);

    await chmod(directory, 0o333);
    const unlisted = await outcome(store.versions());
    const unsynced = await outcome(store.save(markerAt(3)));

    await chmod(directory, 0o755);
    const again = { records: await recordsIn(store), temporaryFiles: await temporaryFiles(directory) };

    await chmod(join(directory, MARKER), 0o000);
    const other = await createFileMarkerStore({ directory });
    const unreadable = await outcome(other.load(VERSION));
    const notOverwritten = await outcome(other.save(markerAt(4)));
    await chmod(join(directory, MARKER), 0o644);
    const last = await recordsIn(other);

    await chmod(directory, 0o000);
    const closed = await outcome(createFileMarkerStore({ directory: join(directory, 'inner') }));
    await chmod(directory, 0o755);
    return { readOnly, setAside, records, unlisted, unsynced, again, unreadable, notOverwritten, last, closed };
  },
};

const [fault = '', directory = ''] = process.argv.slice(2);
const result = await faults[fault]?.(directory);
process.stdout.write(JSON.stringify(result));
