import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockDataFolder } from '../src/pipeline/data-folder-lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('lets one in at a time, and the next one after', async () => {
  const first = await lockDataFolder(folder);
  await expect(lockDataFolder(folder)).rejects.toMatchObject({ code: 'FOLDER_LOCKED', facts: { path: folder } });
  await first.release();
  await first.release();
  await (await lockDataFolder(folder)).release();
});

it('makes a folder that is missing', async () => {
  await using lock = await lockDataFolder(join(folder, 'new', 'deep'));
  expect(lock).toBeDefined();
});

it('says so where the folder cannot be one', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(lockDataFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
});
