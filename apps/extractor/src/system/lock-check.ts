import { type FileHandle, open } from 'node:fs/promises';
import { tryLock as tryLockOfSystem } from 'fs-native-extensions';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';
import { type LockPlace, lockPlaceOf } from './lock-scope.js';

/** Time between two attempts to lock a file, and between two checks of a lock, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;

/** After so many checks, all of several extractors that got the lock at the same moment know which was the last. */
export const SETTLING_CHECKS = 3;

/** Errors with which a file system says that it has no locks. */
const NO_LOCK_ERRORS: ReadonlySet<string | undefined> = new Set([
  ...['ENOLCK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EIO'],
]);

/** What the system does for a lock. Tests replace it to stand for a file system that does not keep locks. */
export interface LockSystem {
  /** Requests an exclusive lock on an open file; returns `false` if another open file has it. */
  readonly tryLock: (fd: number) => boolean;
  readonly placeOf: (fd: number) => Promise<LockPlace>;
  /** @default 1000 */
  readonly checkIntervalMs?: number | undefined;
}

export const LOCK_SYSTEM: LockSystem = { tryLock: tryLockOfSystem, placeOf: lockPlaceOf };

export const checkIntervalOf = ({ checkIntervalMs = CHECK_INTERVAL_MS }: LockSystem): number => checkIntervalMs;

/** A folder that one extractor at a time may use, and the file in it that stands for it. */
export interface LockedFolder {
  /** For messages: `The data folder /data`. */
  readonly name: string;
  readonly directory: string;
  readonly path: string;
  /** The open file of `path`. */
  readonly handle: FileHandle;
  readonly system: LockSystem;
}

/**
 * Requests the lock; returns `false` if another extractor has it.
 *
 * @throws ExtractorError `LOCK_UNRELIABLE` if the file system has no locks
 */
export const requestLock = (folder: LockedFolder): boolean => {
  try {
    return folder.system.tryLock(folder.handle.fd);
  } catch (error) {
    if (!NO_LOCK_ERRORS.has(errorCodeOf(error))) throw error;
    throw unreliableError(folder, {}, `the file system refuses to lock a file (${describeError(error)})`, error);
  }
};

/**
 * Finds out whether a lock that was granted keeps others out, as far as that is known without another extractor.
 *
 * @param allowLocalLock - whether it is enough to keep out those on this machine
 * @throws ExtractorError `LOCK_UNRELIABLE` if it does not
 */
export const checkLock = async (folder: LockedFolder, allowLocalLock = false): Promise<LockPlace> => {
  const place = await folder.system.placeOf(folder.handle.fd);
  if (place.scope === 'this-machine' && !allowLocalLock) {
    const reason = `other machines do not see locks on it, because ${place.reason}`;
    throw unreliableError(folder, place, `${reason} (ALLOW_LOCAL_LOCK=true, if no other machine ever uses it)`);
  }
  if (!(await isExclusive(folder))) throw unreliableError(folder, place, 'it grants a lock twice');
  return place;
};

/** Whether a second opening of the file is refused the lock. Closing that one does not release the first one's. */
const isExclusive = async ({ path, system }: LockedFolder): Promise<boolean> => {
  const second = await open(path, 'r+');
  try {
    return !system.tryLock(second.fd);
  } finally {
    await second.close();
  }
};

const REMEDY =
  'Use a file system that keeps locks across machines (NFS 4, CephFS, SMB without nobrl), or a folder of this machine.';

export const unreliableError = (
  { name, directory }: Pick<LockedFolder, 'name' | 'directory'>,
  { fileSystem }: Partial<LockPlace>,
  reason: string,
  cause?: unknown,
): ExtractorError =>
  new ExtractorError(
    'LOCK_UNRELIABLE',
    `${name}${fileSystem === undefined ? '' : ` (${fileSystem})`} cannot be locked: ${reason}. ${REMEDY}`,
    { facts: { path: directory, fileSystem }, cause },
  );
