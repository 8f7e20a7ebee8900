import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import { tryLock } from 'fs-native-extensions';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LOCK_FILE, lockDataFolder } from '../src/system/data-folder-lock.js';
import type { LockSystem } from '../src/system/lock-check.js';
import { newLockOwner, readLockOwner, writeLockOwner } from '../src/system/lock-owner.js';
import { judgeMount, lockPlaceOf } from '../src/system/lock-scope.js';
import { machine } from './kit/lock-systems.js';

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

it('waits for a folder that another one has, and reports that one', async () => {
  const first = await lockDataFolder(folder);
  const holders: unknown[] = [];
  const onHeld = (holder: unknown): void => {
    holders.push(holder);
    void first.release();
  };
  await using second = await lockDataFolder(folder, { onHeld });
  expect(holders[0]).toMatchObject({ process: process.pid });
  await second.assertHeld();

  const stop = new AbortController();
  const waiting = lockDataFolder(folder, { onHeld: () => stop.abort('stopped'), signal: stop.signal });
  await expect(waiting).rejects.toBe('stopped');
});

describe('a file system that does not keep locks', () => {
  const refused = { code: 'LOCK_UNRELIABLE', facts: { path: expect.any(String) } };
  const failing = (code: string) => () => {
    throw Object.assign(new Error(code), { code });
  };

  it.each<[string, Partial<LockSystem>]>([
    ['has no locks', { tryLock: failing('ENOLCK') }],
    ['does not know the request', { tryLock: failing('ENOSYS') }],
    ['grants every lock', { tryLock: () => true }],
    ['keeps locks on this machine', { placeOf: async () => ({ scope: 'this-machine', reason: 'it is a test' }) }],
  ])('is refused if it %s', async (_, part) => {
    const system: LockSystem = { tryLock, placeOf: lockPlaceOf, ...part };
    await expect(lockDataFolder(folder, { system })).rejects.toMatchObject(refused);
    await (await lockDataFolder(folder)).release();
  });

  const lockPath = (): string => join(folder, LOCK_FILE);

  it('is refused on the machine that comes second, and the first one works on', async () => {
    await using first = await lockDataFolder(folder, { system: machine('this-machine'), allowLocalLock: true });
    const { host } = (await readLockOwner(lockPath()))!;
    const second = lockDataFolder(folder, { system: machine() });
    await expect(second).rejects.toMatchObject({ ...refused, message: expect.stringContaining(host) });
    await first.assertHeld();
  });

  it('lets one of two work that begin at the same moment', async () => {
    const both = await Promise.allSettled([1, 2].map(() => lockDataFolder(folder, { system: machine() })));
    const [lock] = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((one) => one.status === 'rejected')).toMatchObject({ reason: refused });
    await lock!.assertHeld();
    await lock!.release();
    // After a release, nobody has to be looked for.
    expect(await readFile(lockPath(), 'utf8')).toBe('');
  });

  it('does not keep a dead one in place, and the dead one that comes back changes nothing', async () => {
    const observed: unknown[] = [];
    const handle = await open(lockPath(), 'w');
    await writeLockOwner(handle, { ...newLockOwner(), host: 'dead' });
    const onObserve = (place: unknown): void => void observed.push(place);
    const lock = await lockDataFolder(folder, { system: machine(), onObserve });
    expect(observed).toMatchObject([{ fileSystem: 'fuse.test' }]);

    const other = { ...newLockOwner(), host: 'other' };
    await writeLockOwner(handle, other);
    await handle.close();
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'FOLDER_LOST' });
    expect(lock.lost.reason).toMatchObject({ code: 'FOLDER_LOST', message: expect.stringContaining('host other') });
    await lock.release();
    expect(await readLockOwner(lockPath())).toEqual(other);
  });
});

describe('whom a lock keeps out', () => {
  const mountOf = (type: string, options = 'rw'): string =>
    `20 1 0:20 / / rw - overlay overlay rw,lowerdir=/a\n41 20 0:39 / /data rw,noatime shared:7 - ${type} server:/x ${options}`;

  it.each([
    ['ext4', 'rw', 'everywhere'],
    ['tmpfs', 'rw', 'everywhere'],
    ['fuseblk', 'rw', 'everywhere'],
    ['nfs4', 'rw,vers=4.2,hard,local_lock=none,addr=10.0.0.1', 'unknown'],
    ['nfs', 'rw,vers=3,local_lock=flock', 'unknown'],
    ['nfs', 'rw,vers=3,nolock,local_lock=all', 'this-machine'],
    ['nfs', 'rw,vers=3,local_lock=posix', 'this-machine'],
    ['cifs', 'rw,vers=3.1.1,cache=strict', 'unknown'],
    ['cifs', 'rw,vers=3.1.1,nobrl', 'this-machine'],
    ['smb3', 'rw,nobrl', 'this-machine'],
    ['lustre', 'rw,localflock', 'this-machine'],
    ['fuse.sshfs', 'rw,user_id=0', 'this-machine'],
    ['fuse.juicefs', 'rw', 'unknown'],
    ['fuse', 'rw', 'unknown'],
    ['ceph', 'rw,acl', 'unknown'],
    ['virtiofs', 'rw', 'unknown'],
  ])('of %s, mounted with %s: %s', (type, options, scope) => {
    expect(judgeMount(mountOf(type, options), '41')).toMatchObject({ scope, fileSystem: type });
  });

  it('is not known of a mount that is not listed', () => {
    for (const id of ['4', '42', undefined]) expect(judgeMount(mountOf('ext4'), id)).toEqual({ scope: 'unknown' });
  });

  it.skipIf(process.platform !== 'linux')('is found out by an open file', async () => {
    const path = join('/dev/shm', `lock-${process.pid}`);
    const handle = await open(path, 'w');
    expect(await lockPlaceOf(handle.fd)).toEqual({ scope: 'everywhere', fileSystem: 'tmpfs' });
    await handle.close();
    await rm(path);
  });
});
