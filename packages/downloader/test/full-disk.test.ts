import { execFile, execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { chmod, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { makeVersion, temporaryDirectory, writeFiles } from './support/dump.js';
import { rejectionOf } from './support/errors.js';
import { contentOf, setUp, summaryOf } from './support/setup.js';

const MiB = 1024 * 1024;
const V1 = '20260101';
const ARTISTS = `discogs_${V1}_artists.xml.gz`;

/** Mounts a file system of this size; `undefined` if this user may not. */
const mountSmallDisk = (path: string, bytes: number): string | undefined => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', [path]));
  return path;
};

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

it('rejects before the transfer if the disk has too little space', async () => {
  const files = makeVersion(V1);
  const reserveBytes = 2 ** 50;
  const { root, downloader } = await setUp(files, { reserveBytes });
  await writeFiles(root, new Map([[`${ARTISTS}.part`, files.get(ARTISTS)!.subarray(0, 1000)]]));
  const error = await rejectionOf(downloader.download({ dataTypes: ['artists', 'labels'] }), 'DISK_FULL');
  const sizes = files.get(ARTISTS)!.length + files.get(`discogs_${V1}_labels.xml.gz`)!.length;
  expect(error.facts).toMatchObject({ path: root, neededBytes: sizes - 1000 });
  expect(error.facts.freeBytes).toBeGreaterThan(0);
  const choice = await downloader.choose({ dataTypes: ['artists', 'labels'] });
  expect((await rejectionOf(downloader.checkDiskSpace(choice), 'DISK_FULL')).facts).toMatchObject({
    path: root,
    neededBytes: sizes - 1000,
  });
  expect(Object.keys(await contentOf(root))).not.toContain(ARTISTS);
});

it('needs no disk space if all files are complete', async () => {
  const files = makeVersion(V1);
  const { root, downloader } = await setUp(files, { reserveBytes: 2 ** 50 });
  await writeFiles(root, files);
  await downloader.checkDiskSpace(await downloader.choose());
  await downloader.download();
});

it.runIf(canMount)('stops all files when the disk fills up, keeps partial files, and resumes them', async () => {
  const files = makeVersion(V1, 3 * MiB);
  const directory = await temporaryDirectory();
  if (mountSmallDisk(directory, 16 * MiB) === undefined)
    expect.fail('tmpfs could not be mounted although this is root');
  const { downloader } = await setUp(files, { directory, reserveBytes: MiB, concurrency: 2 });
  const filler = join(directory, 'filler');
  const failed: string[] = [];
  const download = downloader.download({
    onEvent: (event) => {
      if (event.type === 'download-failed') failed.push(event.file);
      if (event.type !== 'download-progress' || event.bytes < MiB || event.bytes > 2 * MiB) return;
      const { bavail, bsize } = statfsSync(directory);
      try {
        if (bavail > 0) writeFileSync(filler, Buffer.alloc(bavail * bsize), { flag: 'a' });
      } catch {
        // The download took the space first, which has the same effect.
      }
    },
  });
  const error = await rejectionOf(download, 'DISK_FULL');
  expect(error.facts.path).toMatch(/\.part$/);
  // The other files were stopped, and did not fail one by one.
  expect(failed).toHaveLength(1);
  const left = Object.keys(await contentOf(directory));
  expect(left.filter((name) => name.endsWith('.xml.gz'))).toEqual([]);
  // Some space was released, so that other programs can save their state.
  expect(statfsSync(directory).bavail * statfsSync(directory).bsize).toBeGreaterThanOrEqual(MiB / 2);
  for (const [name, bytes] of files) {
    if (!left.includes(`${name}.part`)) continue;
    const part = await readFile(join(directory, `${name}.part`));
    expect(part.equals(bytes.subarray(0, part.length))).toBe(true);
  }

  rmSync(filler);
  await downloader.download();
  expect(await contentOf(directory)).toEqual(summaryOf(files));
});

it('treats a limit on file sizes like a full disk', async () => {
  const files = makeVersion(V1, 4 * MiB);
  const [from, to] = [await temporaryDirectory(), await temporaryDirectory()];
  await writeFiles(from, files);
  const child = fileURLToPath(new URL('./fixtures/limited-download.ts', import.meta.url));
  // `ulimit -f` counts in blocks of 512 or 1024 bytes, depending on the shell: at most 2.5 or 5 MiB.
  const run = promisify(execFile)('sh', [
    '-c',
    'ulimit -f 2560 && exec "$@"',
    'sh',
    process.execPath,
    '--import',
    'tsx',
    child,
    from,
    to,
  ]);
  expect((await run).stdout).toBe('DISK_FULL');
  expect(await contentOf(to)).not.toHaveProperty([ARTISTS]);
  const part = await readFile(join(to, `${ARTISTS}.part`));
  expect(part.equals(files.get(ARTISTS)!.subarray(0, part.length))).toBe(true);

  const { downloader } = await setUp(files, { mirror: from, directory: to });
  await downloader.download({ dataTypes: ['artists'] });
  expect((await stat(join(to, ARTISTS))).size).toBe(files.get(ARTISTS)!.length);
});

it('rejects a directory that cannot be written with STORAGE_FAILED', async () => {
  const files = makeVersion(V1);
  const { mirror } = await setUp(files);
  const blocked = join(await temporaryDirectory(), 'a-file');
  writeFileSync(blocked, '');
  const { downloader } = await setUp(files, { mirror, directory: join(blocked, 'root') });
  const error = await rejectionOf(downloader.download(), 'STORAGE_FAILED');
  expect(error.facts.path).toBe(join(blocked, 'root'));
  expect(error.cause).toBeInstanceOf(Error);
});

it('rejects a target that is a directory with STORAGE_FAILED', async () => {
  const files = makeVersion(V1);
  const { root, downloader } = await setUp(files);
  await writeFiles(root, new Map([[`${ARTISTS}/inside`, Buffer.alloc(1)]]));
  await chmod(root, 0o755);
  await rejectionOf(downloader.download(), 'STORAGE_FAILED');
});
