import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeDirectory, type RunStep, replaceFile, syncDirectory, TEMPORARY_SUFFIX } from '../src/durable-file.js';
import { errnoOf } from '../src/errno.js';

const isLinux = process.platform === 'linux';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-file-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const code = (errno: string) => expect.objectContaining({ code: errno });

/** Records the steps, with paths relative to the folder and temporary names replaced. */
const recordSteps = (): { steps: string[]; runStep: RunStep } => {
  const steps: string[] = [];
  return {
    steps,
    runStep: (operation, path, action) => {
      steps.push(`${operation} ${relative(folder, path).replace(TEMPORARY_SUFFIX, '.TEMPORARY') || '.'}`);
      return action();
    },
  };
};

describe('makeDirectory', () => {
  test('creates missing parents, and accepts a directory that exists', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await makeDirectory(path);
    await writeFile(join(path, 'file'), '');
    await makeDirectory(path);
    expect(await readdir(path)).toEqual(['file']);
  });

  test('accepts a directory that another call creates at the same time', async () => {
    const path = join(folder, 'a', 'b', 'c', 'd');
    await Promise.all(Array.from({ length: 20 }, () => makeDirectory(path)));
    expect(await readdir(path)).toEqual([]);
  });

  test('syncs the parent of a new directory, and nothing for one that exists', async () => {
    const { steps, runStep } = recordSteps();
    await makeDirectory(join(folder, 'a'), runStep);
    await makeDirectory(join(folder, 'a'), runStep);
    expect(steps).toEqual(['create-directory a', 'sync-directory .', 'create-directory a']);
  });

  test('rejects if the path or a parent is a file, or a symbolic link without a target', async () => {
    await writeFile(join(folder, 'file'), '');
    await symlink(join(folder, 'missing'), join(folder, 'link'));
    await expect(makeDirectory(join(folder, 'file'))).rejects.toEqual(code('EEXIST'));
    await expect(makeDirectory(join(folder, 'file', 'inner'))).rejects.toEqual(code('ENOTDIR'));
    await expect(makeDirectory(join(folder, 'link'))).rejects.toEqual(code('ENOENT'));
  });

  // `mkdir` with `recursive` never ends here.
  test.runIf(isLinux)('rejects at once on a file system that refuses new directories', async () => {
    await expect(makeDirectory('/proc/no/such/directory')).rejects.toEqual(code('ENOENT'));
  });
});

describe('syncDirectory', () => {
  test.runIf(isLinux)('accepts a file system that cannot sync directories', async () => {
    const handle = await open('/proc', 'r');
    const errno = await handle.sync().then(() => undefined, errnoOf);
    await handle.close();
    expect(errno).toBe('EINVAL');
    await syncDirectory('/proc');
  });

  test('rejects for a missing directory', async () => {
    await expect(syncDirectory(join(folder, 'missing'))).rejects.toEqual(code('ENOENT'));
  });
});

describe('replaceFile', () => {
  test('writes a new file and replaces an old one, without leaving temporary files', async () => {
    const path = join(folder, 'file');
    await replaceFile(path, 'one');
    await replaceFile(path, Buffer.from('two'));
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('writes and syncs the content before the name, and the name before it resolves', async () => {
    const { steps, runStep } = recordSteps();
    await replaceFile(join(folder, 'file'), 'text', runStep);
    expect(steps).toEqual([
      'write file.TEMPORARY',
      'write file.TEMPORARY',
      'sync file.TEMPORARY',
      'write file.TEMPORARY',
      'rename file',
      'sync-directory .',
    ]);
  });

  test('creates a missing directory', async () => {
    const { steps, runStep } = recordSteps();
    await replaceFile(join(folder, 'a', 'b', 'file'), 'text', runStep);
    expect(await readFile(join(folder, 'a', 'b', 'file'), 'utf8')).toBe('text');
    expect(steps).toContain('create-directory a/b');
  });

  test('keeps the old file, and removes the temporary one, after a failed step', async () => {
    const path = join(folder, 'file');
    await replaceFile(path, 'old');
    for (const failing of ['sync', 'rename']) {
      const runStep: RunStep = (operation, _path, action) =>
        operation === failing ? Promise.reject(new Error(failing)) : action();
      await expect(replaceFile(path, 'new', runStep)).rejects.toThrow(failing);
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(folder)).toEqual(['file']);
    }
  });

  test('rejects if a directory has the name, and removes the temporary file', async () => {
    await mkdir(join(folder, 'file'));
    await expect(replaceFile(join(folder, 'file'), 'text')).rejects.toEqual(code('EISDIR'));
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('lets any number of writers replace one file at once', async () => {
    const path = join(folder, 'file');
    const texts = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(10_000));
    await Promise.all(texts.map((text) => replaceFile(path, text)));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['file']);
  });
});
