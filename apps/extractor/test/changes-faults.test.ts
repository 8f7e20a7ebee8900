import { execFile } from 'node:child_process';
import { cp, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tryLock } from 'fs-native-extensions';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { execute, linesOf } from './kit/changes.js';
import { CLI, runCli } from './kit/cli.js';
import { smallDump, writeDump } from './kit/dumps.js';
import { firstOf } from './kit/exhaustive.js';

const [V1, V2] = ['20260101', '20260201'] as const;
const DELIVERED = 3000;

let base: string;
/** A data folder in which V1 is delivered. */
let original: string;
let storeName: string;

const artists = (count: number, name: string): string =>
  `<artists>${Array.from({ length: count }, (_, id) => `<artist><id>${id + 1}</id><name>${name}</name></artist>`).join('')}</artists>`;

const envOf = (data: string, version: string): Record<string, string> => ({
  DISCOGS_ROOT: data,
  DUMP_SOURCE: join(base, 'dumps'),
  DATA_TYPES: 'artists',
  SINK: 'ndjson',
  MAX_WORKERS: '1',
  DUMP_VERSION: version,
});

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'changes-faults-'));
  original = join(base, 'original');
  await writeDump(join(base, 'dumps'), V1, { ...smallDump(1), artists: artists(DELIVERED, 'a') });
  await writeDump(join(base, 'dumps'), V2, {
    ...smallDump(1),
    artists: artists(DELIVERED + 2, 'a').replaceAll('<id>2<', '<id>2x<'),
  });
  await execute({ ...envOf(original, V1), PUBLISH: 'changed' });
  storeName = (await readdir(join(original, 'changes'))).find((name) => name.endsWith('.db'))!;
});
afterAll(() => rm(base, { recursive: true, force: true }));

/** The errors with a code that a run logged. */
const errorsIn = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ code }) => code !== undefined);

/** The ids of the records that were sent, and `file_complete`. */
const sentOf = async (data: string) => {
  const lines = await linesOf(join(data, 'ndjson', V2, 'artists.ndjson'));
  return lines.map(({ type, id }) => (type === 'data' ? id : type));
};

/** After the fault is mended, a run sends exactly what changed. */
const COMPLETE = ['2x', String(DELIVERED + 1), String(DELIVERED + 2), 'file_complete'];

/** Overwrites a part of the store's file; returns what was there. */
const overwrite = async (path: string, position: number, bytes: Buffer): Promise<Buffer> => {
  await using file = await open(path, 'r+');
  const before = Buffer.alloc(bytes.length);
  await file.read(before, 0, bytes.length, position);
  await file.write(bytes, 0, bytes.length, position);
  return before;
};

const run = (data: string) => runCli(['run', '--once', '--publish', 'changed'], { env: envOf(data, V2) });

/** packages/changes tests what is reported in each case. */
const FAULTS = [
  {
    fault: 'locked by another process',
    code: 'STORE_LOCKED',
    remedy: 'Stop it first',
    cause: async (path: string) => {
      const owner = await open(`${path}.owner`, 'a');
      expect(tryLock(owner.fd)).toBe(true);
      return () => owner.close();
    },
    sent: COMPLETE,
  },
  {
    fault: 'of a newer version',
    code: 'UNSUPPORTED_FORMAT',
    remedy: 'Use the version that wrote it, or remove the file',
    cause: async (path: string) => {
      // Where SQLite keeps the number.
      const before = await overwrite(path, 60, Buffer.of(0, 0, 0, 2));
      return async () => void (await overwrite(path, 60, before));
    },
    sent: COMPLETE,
  },
  {
    fault: 'damaged',
    code: 'STORE_DAMAGED',
    remedy: 'Remove the file',
    cause: async (path: string) => {
      await overwrite(path, 0, Buffer.alloc(2000, 7));
      return () => rm(path);
    },
    sent: { length: DELIVERED + 3 },
  },
];

it.each(firstOf(1, FAULTS))(
  'a store that is $fault fails the file with a remedy, and the next run delivers it',
  async (options) => {
    const { code, remedy, cause, sent } = options;
    const data = await mkdtemp(join(base, 'data-'));
    await cp(original, data, { recursive: true });
    const mend = await cause(join(data, 'changes', storeName));
    const failed = await run(data);
    expect(failed).toMatchObject({ status: 1, stderr: '' });
    const error = expect.stringContaining(remedy);
    expect(errorsIn(failed.stdout)).toEqual([expect.objectContaining({ code, error })]);
    expect(await sentOf(data)).toEqual([]);
    await mend();
    expect(await run(data)).toMatchObject({ status: 0 });
    expect(await sentOf(data)).toMatchObject(sent);
  },
);

/** The script runs in a mount namespace, so that root is refused as well. */
it('a store on a read-only or full disk fails the file with a remedy, and the next run delivers it', async () => {
  const data = join(base, 'disk');
  await cp(original, data, { recursive: true });
  const script = `
    run() { '${process.execPath}' '${CLI}' run --once --publish changed > "$DATA/$1" || echo "$1 $?"; }
    mount --bind "$DATA/changes" "$DATA/changes"
    mount -o remount,ro,bind "$DATA/changes"
    run read-only
    umount "$DATA/changes"
    mount -t tmpfs -o size=2m tmpfs "$DATA/changes"
    cp "$ORIGINAL/changes/"*.* "$DATA/changes"
    cat /dev/zero > "$DATA/changes/filler" 2> "$DATA/filled" || true
    run full
    rm "$DATA/changes/filler"
    run mended
  `;
  const unshare = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), 'sh', '-ec', script];
  const env = { PATH: process.env['PATH'], HEALTH_PORT: 'off', DATA: data, ORIGINAL: original, ...envOf(data, V2) };
  const { stdout } = await promisify(execFile)('unshare', unshare, { env }).catch((error: unknown) => {
    throw new Error('The test needs a mount namespace of its own: run it as root, or allow user namespaces', {
      cause: error,
    });
  });
  expect(stdout).toBe('read-only 1\nfull 1\n');
  const logged = async (name: string) => errorsIn(await readFile(join(data, name), 'utf8'));
  const error = expect.stringContaining(join(data, 'changes'));
  expect(await logged('read-only')).toEqual([expect.objectContaining({ code: 'PERMISSION_DENIED', error })]);
  expect(await logged('full')).toEqual([expect.objectContaining({ code: 'NO_SPACE', error })]);
  expect(await sentOf(data)).toEqual(COMPLETE);
});
