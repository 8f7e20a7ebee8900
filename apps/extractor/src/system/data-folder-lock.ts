import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '@discogs-extractor/internal/abort';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import { tryLock as tryLockOfSystem } from 'fs-native-extensions';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';
import { describeOwner, type LockOwner, newLockOwner, readLockOwner, writeLockOwner } from './lock-owner.js';
import { type LockPlace, lockPlaceOf } from './lock-scope.js';

/** Name of the lock file in the data folder. The file stays there; only the lock on it counts. */
export const LOCK_FILE = '.extractor.lock';

/** Time between two attempts to lock the folder, and between two checks of a lock, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;

/** Checks of a lock from one sign of life in the lock file to the next. */
const CHECKS_PER_BEAT = 2;

/**
 * How long a lock file that another extractor left is observed for its signs of life, in checks: several of them, and
 * the seconds for which a network file system may show an old state.
 */
const OBSERVED_CHECKS = 7;

/** After so many checks, all of several extractors that got the lock at the same moment know which was the last. */
const SETTLING_CHECKS = 3;

/** Errors of a file whose lock a network file system has given up, such as after a long interruption. */
const LOST_LOCK_ERRORS: ReadonlySet<string | undefined> = new Set(['EIO', 'ESTALE', 'ENOLCK', 'EBADF']);

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

const SYSTEM: LockSystem = { tryLock: tryLockOfSystem, placeOf: lockPlaceOf };

const checkIntervalOf = ({ checkIntervalMs = CHECK_INTERVAL_MS }: LockSystem): number => checkIntervalMs;

export interface DataFolderLockOptions {
  /**
   * Waits until the folder is free; called after each attempt while another extractor has the lock, with what is known
   * about that one.
   *
   * @default an error if it is not free
   */
  readonly onHeld?: ((holder: LockOwner | undefined) => void) | undefined;
  /** Called before the lock file is observed for some seconds, because of the file system that it is on. */
  readonly onObserve?: ((place: LockPlace) => void) | undefined;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Accepts a lock that other machines do not see, because the operator makes sure that none of them uses the folder.
   *
   * @default false
   */
  readonly allowLocalLock?: boolean | undefined;
  /** @default the operating system */
  readonly system?: LockSystem | undefined;
}

/** A data folder that only this process works in. */
export interface DataFolderLock extends AsyncDisposable {
  /** Aborts with an `ExtractorError` `FOLDER_LOST` when the lock is lost; see {@link DataFolderLock.assertHeld}. */
  readonly lost: AbortSignal;
  /**
   * Call it before a write that must not happen twice: a process that was suspended, or cut off from a file server, may
   * have lost the lock to another one meanwhile.
   *
   * @throws ExtractorError `FOLDER_LOST` if the lock file, or the folder, was deleted or replaced, or if another
   *   extractor has the lock now
   */
  assertHeld(): Promise<void>;
  /** Idempotent. */
  release(): Promise<void>;
}

/**
 * Locks the data folder for this process; creates the folder if it is missing.
 *
 * The lock is the kernel's (on Linux an `fcntl` lock of the open file), so it ends with the process however that ends:
 * there are no stale locks to detect or to break. On a network file system, the server ends it when the machine does
 * not renew it; see docs/scaling.md. Such a lock is not believed without evidence: the holder shows signs of life in
 * the lock file, and whoever gets the lock looks for those of another one first.
 *
 * @throws ExtractorError `FOLDER_LOCKED` if another extractor has the lock and it is not to wait, `LOCK_UNRELIABLE` if
 *   locks on this file system do not keep other extractors out, `FOLDER_UNUSABLE` if the folder cannot be written; the
 *   reason of the signal
 */
export const lockDataFolder = async (
  directory: string,
  options: DataFolderLockOptions = {},
): Promise<DataFolderLock> => {
  const { onHeld, signal, system = SYSTEM } = options;
  const path = join(directory, LOCK_FILE);
  for (;;) {
    const handle = await openLockFile(directory, path);
    try {
      if (tryLock(system, handle, directory)) {
        // If the file was replaced since it was opened, the lock is on one that nobody else opens.
        if (await isSameFile(handle, path)) {
          return await confirmLock({ ...options, system, directory, path, handle });
        }
        await handle.close();
        continue;
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    const holder = await readLockOwner(path).catch(() => undefined);
    if (onHeld === undefined) throw lockedError(directory, holder);
    signal?.throwIfAborted();
    onHeld(holder);
    await sleep(checkIntervalOf(system), signal);
  }
};

/** Who has locked the folder last, and has not released it; `undefined` if that is not known. Changes nothing. */
export const dataFolderOwner = (directory: string): Promise<LockOwner | undefined> =>
  readLockOwner(join(directory, LOCK_FILE)).catch(() => undefined);

const openLockFile = (directory: string, path: string): Promise<FileHandle> =>
  makeDirectory(directory)
    // Not `a+`: the record at its beginning is written again and again.
    .then(() => open(path, constants.O_RDWR | constants.O_CREAT))
    .catch((error: unknown) => {
      throw new ExtractorError(
        'FOLDER_UNUSABLE',
        `Cannot use the data folder ${directory}: ${describeError(error)}. Set DISCOGS_ROOT to a writable folder.`,
        { facts: { path: directory }, cause: error },
      );
    });

const tryLock = ({ tryLock: request }: LockSystem, { fd }: FileHandle, directory: string): boolean => {
  try {
    return request(fd);
  } catch (error) {
    if (!NO_LOCK_ERRORS.has(errorCodeOf(error))) throw error;
    throw unreliableError(directory, {}, `the file system refuses to lock a file (${describeError(error)})`, error);
  }
};

interface ObtainedLock extends DataFolderLockOptions {
  readonly system: LockSystem;
  readonly directory: string;
  readonly path: string;
  /** The open lock file. */
  readonly handle: FileHandle;
}

/** Finds out whether a lock that was granted keeps others out, and holds it from then on. */
const confirmLock = async (lock: ObtainedLock): Promise<DataFolderLock> => {
  const { directory, path, handle, allowLocalLock = false, system, onObserve, signal } = lock;
  const place = await system.placeOf(handle.fd);
  if (place.scope === 'this-machine' && !allowLocalLock) {
    const reason = `other machines do not see locks on it, because ${place.reason}`;
    throw unreliableError(directory, place, `${reason} (ALLOW_LOCAL_LOCK=true, if no other machine ever uses it)`);
  }
  if (!(await isExclusive(lock))) throw unreliableError(directory, place, 'it grants a lock twice');

  // With ALLOW_LOCAL_LOCK too: it shows if another machine uses the folder nevertheless.
  const isWatched = place.scope !== 'everywhere';
  if (isWatched) {
    onObserve?.(place);
    await refuseIfOwnerLives(lock, place);
  }
  const owner = newLockOwner();
  await writeLockOwner(handle, owner);
  if (isWatched) {
    await sleep(SETTLING_CHECKS * checkIntervalOf(system), signal);
    const last = await readLockOwner(path);
    if (last?.id !== owner.id) throw anotherHolderError(directory, place, last);
  }
  return holdLock(lock, owner, isWatched);
};

/** Whether a second opening of the file is refused the lock. Closing that one does not release the first one's. */
const isExclusive = async ({ path, system }: ObtainedLock): Promise<boolean> => {
  const second = await open(path, constants.O_RDWR);
  try {
    return !system.tryLock(second.fd);
  } finally {
    await second.close();
  }
};

/** A holder that did not release the lock is either gone, or works on another machine, whose locks are not seen here. */
const refuseIfOwnerLives = async (
  { directory, path, system, signal }: ObtainedLock,
  place: LockPlace,
): Promise<void> => {
  const before = await readLockOwner(path);
  if (before === undefined) return;
  for (let checks = 0; checks < OBSERVED_CHECKS; checks++) {
    await sleep(checkIntervalOf(system), signal);
    const now = await readLockOwner(path);
    if (now === undefined) return;
    if (now.id !== before.id || now.beat !== before.beat) throw anotherHolderError(directory, place, now);
  }
};

const holdLock = (
  { directory, path, handle, system }: ObtainedLock,
  first: LockOwner,
  isWatched: boolean,
): DataFolderLock => {
  const lost = new AbortController();
  let owner = first;
  let isReleased = false;
  const lose = (error: ExtractorError): never => {
    if (!isReleased) lost.abort(error);
    throw error;
  };

  const assertHeld = async (): Promise<void> => {
    lost.signal.throwIfAborted();
    if (!(await isSameFile(handle, path))) lose(replacedError(directory));
    if (!isWatched) return;
    const now = await readLockOwner(path);
    if (now?.id !== owner.id) lose(takenError(directory, now));
  };

  let checks = 0;
  const check = async (): Promise<void> => {
    await assertHeld();
    if (!isWatched || ++checks % CHECKS_PER_BEAT !== 0) return;
    owner = { ...owner, beat: owner.beat + 1 };
    await writeLockOwner(handle, owner).catch((error: unknown) => {
      if (LOST_LOCK_ERRORS.has(errorCodeOf(error))) lose(takenError(directory, undefined, error));
      throw error;
    });
  };
  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    timer = setTimeout(() => {
      check()
        // A folder that cannot be read for a moment fails the next save of the state marker, if it matters.
        .catch(() => {})
        .finally(() => {
          if (!isReleased && !lost.signal.aborted) schedule();
        });
    }, checkIntervalOf(system));
    timer.unref();
  };
  schedule();

  const release = async (): Promise<void> => {
    if (isReleased) return;
    isReleased = true;
    clearTimeout(timer);
    // Nobody needs to look for signs of life after this. The lock of another extractor is not touched.
    if (!lost.signal.aborted)
      await assertHeld()
        .then(() => handle.truncate(0))
        .catch(() => {});
    await handle.close();
  };
  return { lost: lost.signal, assertHeld, release, [Symbol.asyncDispose]: release };
};

const isSameFile = async (handle: FileHandle, path: string): Promise<boolean> => {
  const locked = await handle.stat();
  try {
    const current = await stat(path);
    return current.ino === locked.ino && current.dev === locked.dev;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
};

const lockedError = (directory: string, holder: LockOwner | undefined): ExtractorError =>
  new ExtractorError(
    'FOLDER_LOCKED',
    `Another extractor works in ${directory}${holder ? ` (${describeOwner(holder)})` : ''}. ` +
      'Stop it first, wait for it with --wait-for-lock (WAIT_FOR_LOCK=true), or set DISCOGS_ROOT to another folder.',
    { facts: { path: directory } },
  );

const REMEDY =
  'Use a file system that keeps locks across machines (NFS 4, CephFS, SMB without nobrl), or a folder of this machine.';

const unreliableError = (
  directory: string,
  { fileSystem }: Partial<LockPlace>,
  reason: string,
  cause?: unknown,
): ExtractorError =>
  new ExtractorError(
    'LOCK_UNRELIABLE',
    `The data folder ${directory}${fileSystem === undefined ? '' : ` (${fileSystem})`} cannot be locked: ${reason}. ` +
      REMEDY,
    { facts: { path: directory, fileSystem }, cause },
  );

const anotherHolderError = (directory: string, place: LockPlace, other: LockOwner | undefined): ExtractorError =>
  unreliableError(
    directory,
    place,
    `another extractor${other ? ` (${describeOwner(other)})` : ''} works in it, although this one was granted its lock`,
  );

const replacedError = (directory: string): ExtractorError =>
  new ExtractorError(
    'FOLDER_LOST',
    `The data folder ${directory}, or ${LOCK_FILE} in it, was deleted or replaced during the run. ` +
      'Run again: it resumes from the state marker in the folder, or starts over if there is none.',
    { facts: { path: directory } },
  );

const takenError = (directory: string, other: LockOwner | undefined, cause?: unknown): ExtractorError =>
  new ExtractorError(
    'FOLDER_LOST',
    `The lock on the data folder ${directory} was lost during the run` +
      `${other ? `, and another extractor has it now (${describeOwner(other)})` : ''}. ` +
      'Run again: it resumes from the state marker in the folder when that is free.',
    { facts: { path: directory }, cause },
  );
