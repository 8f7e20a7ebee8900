import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LOCK_FILE, lockDataFolder } from '../src/system/data-folder-lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('gives the lock to one holder at a time', async () => {
  const first = await lockDataFolder(folder);
  await expect(lockDataFolder(folder)).rejects.toMatchObject({ code: 'FOLDER_LOCKED', facts: { path: folder } });
  await first.release();
  await first.release();
  await (await lockDataFolder(folder)).release();
});

it('creates a missing folder', async () => {
  await using lock = await lockDataFolder(join(folder, 'new', 'deep'));
  expect(lock).toBeDefined();
});

it('creates folders that several callers create at once', async () => {
  for (let round = 0; round < 50; round++) {
    const deep = join(folder, `round-${round}`, 'a', 'b');
    await Promise.all(['', 'c', 'd', 'e'].map((name) => makeDirectory(join(deep, name))));
  }
});

it('reports a path that is not a folder', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(lockDataFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
});

it.skipIf(process.platform !== 'linux')(
  'reports a folder that cannot be created although its parent exists',
  async () => {
    for (const nowhere of ['/proc/nowhere', '/proc/nowhere/deeper']) {
      await expect(lockDataFolder(nowhere)).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
    }
  },
);

it.each([
  ['the lock file', () => rm(join(folder, LOCK_FILE))],
  ['the folder', () => rm(folder, { recursive: true })],
])('reports the deletion of %s', async (_, destroy) => {
  await using lock = await lockDataFolder(folder);
  await destroy();
  if (!lock.lost.aborted) await once(lock.lost, 'abort');
  expect(lock.lost.reason).toMatchObject({ code: 'FOLDER_LOST', facts: { path: folder } });
});
