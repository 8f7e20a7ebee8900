import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runChild } from './children/run.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'state-marker-faults-'));
  await chmod(directory, 0o755);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const runFault = (fault: string, wrapper?: readonly string[]) => runChild('faults', [fault, directory], wrapper);

/**
 * Runs the child in a mount namespace where the directory is a file system of 256 KiB, which ends with the child. Needs
 * Linux and either root or user namespaces; without them the test fails.
 */
const onSmallDisk = (fault: string) => {
  const isRoot = process.getuid?.() === 0;
  const unshare = ['unshare', '--mount', ...(isRoot ? [] : ['--map-root-user'])];
  const script = 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"';
  return runFault(fault, [...unshare, 'sh', '-c', script, directory]);
};

/** Limits file sizes to 64 units of 512 bytes (1024 in some shells): between a small marker and a large one. */
const withFileSizeLimit = (fault: string) => runFault(fault, ['sh', '-c', 'ulimit -f 64 && exec "$@"', 'sh']);

describe('a save that the system refuses leaves the old marker intact:', () => {
  test('full disk', async () => {
    expect(await onSmallDisk('full-disk')).toEqual({
      full: { code: 'NO_SPACE', errno: 'ENOSPC', operation: 'write' },
      afterwards: { records: 1, temporaryFiles: [] },
      again: 'done',
      records: 3,
    });
  });

  test('file system mounted read-only', async () => {
    expect(await onSmallDisk('read-only-mount')).toEqual({
      readOnly: { code: 'PERMISSION_DENIED', errno: 'EROFS', operation: 'write' },
      records: 1,
    });
  });

  test('file size limit', async () => {
    expect(await withFileSizeLimit('file-size-limit')).toEqual({
      tooLarge: { code: 'NO_SPACE', errno: 'EFBIG', operation: 'write' },
      records: 1,
      temporaryFiles: [],
      again: 'done',
    });
  });

  test('missing permissions', async () => {
    const refused = (operation: string) => ({ code: 'PERMISSION_DENIED', errno: 'EACCES', operation });
    expect(await runFault('permissions')).toEqual({
      readOnly: refused('write'),
      setAside: refused('set-aside'),
      records: 1,
      unlisted: refused('list'),
      // The folder cannot be opened for its sync: the new marker is in place, and yet its save fails.
      unsynced: refused('sync-directory'),
      again: { records: 3, temporaryFiles: [] },
      unreadable: refused('read'),
      notOverwritten: refused('read'),
      last: 3,
      closed: refused('inspect-directory'),
    });
  });
});
