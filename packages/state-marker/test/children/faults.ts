import { execFileSync } from 'node:child_process';
import { chmod, chown, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileMarkerStore, type MarkerStore, type StateMarker, StoreIoError } from '../../src/index.js';
import { ARTISTS, begun, processing, VERSION } from '../build.js';

/**
 * Meets one real fault of the file system, in a process (and where need be a mount namespace) of its own, and prints
 * what became of it. Usage: faults.ts FAULT DIRECTORY
 */

const MARKER = `.extraction_status_${VERSION}.json`;

const markerAt = (records: number): StateMarker => begun(processing(), ARTISTS, records);

const outcome = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
    return 'done';
  } catch (error) {
    if (!(error instanceof StoreIoError)) throw error;
    const { code, errno, operation } = error;
    return { code, errno, operation };
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

/** Root may do everything, so it has to become someone else to be refused anything. */
const becomeOrdinary = async (...paths: string[]): Promise<void> => {
  if (process.getuid?.() !== 0) return;
  for (const path of paths) await chown(path, 65534, 65534);
  process.setgroups?.([]);
  process.setgid?.(65534);
  process.setuid?.(65534);
};

const faults: Record<string, (directory: string) => Promise<unknown>> = {
  /** In a mount namespace where the directory is a small file system of its own. */
  'full-disk': async (directory) => {
    const store = await createFileMarkerStore({ directory });
    await store.save(markerAt(1));
    await fill(join(directory, 'filler'));
    const full = await outcome(store.save(markerAt(2)));
    const afterwards = { records: await recordsIn(store), temporaryFiles: await temporaryFiles(directory) };
    await rm(join(directory, 'filler'));
    return { full, afterwards, again: await outcome(store.save(markerAt(3))), records: await recordsIn(store) };
  },

  /** In the same. */
  'read-only-mount': async (directory) => {
    const store = await createFileMarkerStore({ directory });
    await store.save(markerAt(1));
    execFileSync('mount', ['-o', 'remount,bind,ro', directory]);
    return { readOnly: await outcome(store.save(markerAt(2))), records: await recordsIn(store) };
  },

  /** With a limit of file size between that of a small marker and a large one. */
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
    await becomeOrdinary(directory, join(directory, '.extraction_status_20251201.json'));
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
