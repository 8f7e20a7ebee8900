import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileMarkerStore, createMarker, failProcessing, parseMarker, serializeMarker } from '../src/index.js';
import { ARTISTS, processingMarker, T0, VERSION, withStartedFile } from './sample-markers.js';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'state-marker-'));
  path = join(directory, `.extraction_status_${VERSION}.json`);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const markerAt = (records: number) => withStartedFile(processingMarker(), ARTISTS, records);
const code = (expected: string) => expect.objectContaining({ code: expected });
const temporaryFiles = async () => (await readdir(directory)).filter((name) => name.endsWith('.tmp'));

describe('the file store', () => {
  test('writes the marker where the other extractors look for it, and nothing else', async () => {
    await using store = await createFileMarkerStore({ directory });
    await store.save(markerAt(5));
    expect(await readdir(directory)).toEqual(['.extraction_status_20260101.json']);
    expect(await readFile(path, 'utf8')).toBe(serializeMarker(markerAt(5)));
  });

  test('creates the folder at the first save, and not before', async () => {
    const inner = join(directory, 'a', 'b');
    await using store = await createFileMarkerStore({ directory: inner });
    expect(await store.load(VERSION)).toEqual({ status: 'absent' });
    expect(await store.versions()).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
    await store.save(markerAt(5));
    expect(await readdir(inner)).toHaveLength(1);
  });

  test('refuses a folder that is a file, and an empty path', async () => {
    await writeFile(path, '{}');
    await expect(createFileMarkerStore({ directory: path })).rejects.toEqual(
      expect.objectContaining({
        code: 'IO_FAILED',
        facts: { errno: 'ENOTDIR', operation: 'inspect-directory', path },
      }),
    );
    await expect(createFileMarkerStore({ directory: '' })).rejects.toEqual(code('INVALID_OPTIONS'));
  });

  test('changes nothing if the check before a save fails', async () => {
    const check: { error?: Error } = {};
    const beforeSave = async (): Promise<void> => {
      if (check.error) throw check.error;
    };
    await using store = await createFileMarkerStore({ directory, beforeSave });
    await store.save(markerAt(5));
    check.error = new Error('the lock is lost');
    await expect(store.save(markerAt(6))).rejects.toBe(check.error);
    expect(await readFile(path, 'utf8')).toBe(serializeMarker(markerAt(5)));
    await writeFile(path, 'not a marker');
    await expect(store.load(VERSION)).rejects.toBe(check.error);
    expect(await readdir(directory)).toEqual(['.extraction_status_20260101.json']);
  });

  test('lists only markers', async () => {
    const others = ['.extraction_status_20250101.json.corrupt-20260101T000000000Z', '.extraction_status_2026.json'];
    for (const name of [...others, 'discogs_20260101_artists.xml.gz']) await writeFile(join(directory, name), '');
    await using store = await createFileMarkerStore({ directory });
    await store.save(markerAt(5));
    expect(await store.versions()).toEqual([VERSION]);
  });

  test('sets a marker aside that is truncated after any byte', async () => {
    // With characters of two and four bytes, so that some truncations split one.
    const bytes = Buffer.from(serializeMarker(failProcessing(createMarker(VERSION, T0), 'é 🎉', T0)));
    await using store = await createFileMarkerStore({ directory });
    for (let length = 0; length < bytes.length; length += 1) {
      await writeFile(path, bytes.subarray(0, length));
      const result = await store.load(VERSION);
      if (result.status !== 'corrupt') throw new Error(`${result.status} when truncated after ${length} bytes`);
      expect(result.movedTo).toMatch(/\.extraction_status_20260101\.json\.corrupt-[0-9]{8}T[0-9]{9}Z(-[0-9]+)?$/);
      expect((await readFile(result.movedTo ?? '')).equals(bytes.subarray(0, length))).toBe(true);
      expect(await store.load(VERSION)).toEqual({ status: 'absent' });
    }
    // Markers set aside within one millisecond did not overwrite each other.
    expect(await readdir(directory)).toHaveLength(bytes.length);
    await writeFile(path, bytes);
    expect(await store.load(VERSION)).toMatchObject({ status: 'found' });
  });

  test.each(['rust-in-progress', 'rust-completed', 'python-completed', 'early-in-progress'])(
    'rejects %s when it is truncated after any byte',
    async (name) => {
      const text = await readFile(new URL(`fixtures/${name}.marker`, import.meta.url), 'utf8');
      for (let length = 0; length < text.length; length += 1) {
        expect(() => parseMarker(text.slice(0, length)), `${length} bytes`).toThrow(code('INVALID_MARKER'));
      }
    },
  );

  test('sets aside a folder, bytes that are not UTF-8, and a file that is too large', async () => {
    await using store = await createFileMarkerStore({ directory });
    const plants = [
      () => mkdir(join(path, 'inner'), { recursive: true }),
      // Valid except for one byte, 0xff, within a string.
      () => writeFile(path, Buffer.from(serializeMarker(failProcessing(markerAt(5), 'ÿ', T0)), 'latin1')),
      async () => {
        await writeFile(path, '');
        await truncate(path, 17 * 1024 * 1024);
      },
    ];
    for (const plant of plants) {
      await plant();
      expect(await store.load(VERSION)).toMatchObject({ status: 'corrupt', error: { code: 'INVALID_MARKER' } });
      await store.save(markerAt(5));
      expect(await store.load(VERSION)).toMatchObject({ status: 'found' });
      await rm(path);
    }
  });

  test('keeps an unreadable marker even if it saves without loading first', async () => {
    await writeFile(path, 'precious');
    await using store = await createFileMarkerStore({ directory });
    await store.save(markerAt(5));
    const [aside] = (await readdir(directory)).filter((name) => name.includes('corrupt'));
    expect(await readFile(join(directory, aside ?? ''), 'utf8')).toBe('precious');
    expect(await store.load(VERSION)).toMatchObject({ status: 'found' });
  });

  test('replaces a symbolic link without a target', async () => {
    await symlink(join(directory, 'gone'), path);
    await using store = await createFileMarkerStore({ directory });
    expect(await store.load(VERSION)).toEqual({ status: 'absent' });
    await store.save(markerAt(5));
    expect(await readFile(path, 'utf8')).toBe(serializeMarker(markerAt(5)));
  });

  test('reports a failed rename, and leaves no temporary file', async () => {
    await using store = await createFileMarkerStore({ directory });
    await store.save(markerAt(5));
    await rm(path);
    await mkdir(path);
    await expect(store.save(markerAt(6))).rejects.toEqual(
      expect.objectContaining({
        code: 'IO_FAILED',
        facts: { operation: 'rename', path, errno: expect.stringMatching(/^E/) },
      }),
    );
    expect(await temporaryFiles()).toEqual([]);
    await rm(path, { recursive: true });
    await store.save(markerAt(7));
    expect(await readFile(path, 'utf8')).toBe(serializeMarker(markerAt(7)));
  });

  test('keeps saving in order after a save that failed', async () => {
    await using store = await createFileMarkerStore({ directory });
    await store.save(markerAt(1));
    await rm(path);
    await mkdir(path);
    const failing = expect(store.save(markerAt(2))).rejects.toEqual(code('IO_FAILED'));
    const repaired = failing.then(() => rm(path, { recursive: true }));
    await repaired;
    await Promise.all([store.save(markerAt(3)), store.save(markerAt(4))]);
    expect(await readFile(path, 'utf8')).toBe(serializeMarker(markerAt(4)));
  });

  test('removes old temporary files of crashed saves, and no recent or foreign ones', async () => {
    const old = new Date(Date.now() - 60 * 60 * 1000);
    const plant = async (name: string, time?: Date) => {
      await writeFile(join(directory, name), 'x');
      if (time !== undefined) await utimes(join(directory, name), time, time);
    };
    const left = '.extraction_status_20251201.json.0123456789abcdef.tmp';
    const inUse = '.extraction_status_20260101.json.fedcba9876543210.tmp';
    const foreign = ['.extraction_status_20260101.json.tmp', 'notes.0123456789abcdef.tmp', '.0123456789abcdef.tmp'];
    await plant(left, old);
    await plant(inUse);
    for (const name of foreign) await plant(name, old);
    await using store = await createFileMarkerStore({ directory });
    await store.load(VERSION);
    expect(await readdir(directory)).toContain(left);
    await store.save(markerAt(5));
    expect((await temporaryFiles()).sort()).toEqual([inUse, ...foreign].sort());
  });

  test('changes nothing if it is read-only', async () => {
    await writeFile(path, 'broken');
    const left = join(directory, '.extraction_status_20251201.json.0123456789abcdef.tmp');
    await writeFile(left, 'x');
    await utimes(left, 0, 0);
    await using store = await createFileMarkerStore({ directory, readOnly: true });
    expect(await store.load(VERSION)).toMatchObject({ status: 'corrupt', movedTo: undefined });
    expect(await store.versions()).toEqual([VERSION]);
    await expect(store.save(markerAt(5))).rejects.toEqual(code('STORE_READ_ONLY'));
    expect(await readFile(path, 'utf8')).toBe('broken');
    expect(await readdir(directory)).toHaveLength(2);
  });
});

/**
 * No file system here fails an fsync on demand, so these tests replace that one call in the prototype of real file
 * handles; the rest is real.
 */
describe('an fsync that fails', () => {
  const failSync = async (shouldFail: (call: number) => boolean) => {
    const handle = await open(directory, 'r');
    const prototype = Object.getPrototypeOf(handle) as { sync: () => Promise<void> };
    await handle.close();
    const { sync } = prototype;
    let calls = 0;
    prototype.sync = async function (this: unknown) {
      calls += 1;
      if (shouldFail(calls)) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' });
      await sync.call(this);
    };
    return {
      calls: () => calls,
      [Symbol.dispose]: () => {
        prototype.sync = sync;
      },
    };
  };

  test('of the file keeps the old marker', async () => {
    await using store = await createFileMarkerStore({ directory });
    await store.save(markerAt(5));
    using _ = await failSync((call) => call === 1);
    await expect(store.save(markerAt(6))).rejects.toEqual(
      expect.objectContaining({
        code: 'IO_FAILED',
        facts: expect.objectContaining({ operation: 'sync', errno: 'EIO' }),
      }),
    );
    expect(await readFile(path, 'utf8')).toBe(serializeMarker(markerAt(5)));
    expect(await temporaryFiles()).toEqual([]);
  });

  test('of the folder is reported although the new marker is in place', async () => {
    await using store = await createFileMarkerStore({ directory });
    await store.save(markerAt(5));
    using faults = await failSync((call) => call === 2);
    await expect(store.save(markerAt(6))).rejects.toEqual(
      expect.objectContaining({
        code: 'IO_FAILED',
        facts: { operation: 'sync-directory', errno: 'EIO', path: directory },
      }),
    );
    expect(faults.calls()).toBe(2);
    expect(await readFile(path, 'utf8')).toBe(serializeMarker(markerAt(6)));
  });

  test('rejects the saves that waited for that state, and not later ones', async () => {
    await using store = await createFileMarkerStore({ directory });
    await store.save(markerAt(5));
    using _ = await failSync((call) => call === 1);
    const first = store.save(markerAt(6));
    // The first save has startedAt, so the others wait for the next one.
    await Promise.resolve();
    const others = [store.save(markerAt(7)), store.save(markerAt(8))];
    await expect(first).rejects.toEqual(code('IO_FAILED'));
    await Promise.all(others);
    expect(await readFile(path, 'utf8')).toBe(serializeMarker(markerAt(8)));
  });
});
