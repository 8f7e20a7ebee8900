import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '@discogs-extractor/internal/abort';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';
import {
  checkIntervalOf,
  checkLock,
  LOCK_SYSTEM,
  type LockedFolder,
  type LockSystem,
  requestLock,
  SETTLING_CHECKS,
  unreliableError,
} from './lock-check.js';
import { describeOwner, type LockOwner, newLockOwner, readLockOwner, writeLockOwner } from './lock-owner.js';
import type { LockPlace } from './lock-scope.js';

/** Name of the lock file in the data folder. The file stays there; only the lock on it counts. */
export const LOCK_FILE = '.extractor.lock';

/** Checks of a lock from one sign of life in the lock file to the next. */
const CHECKS_PER_BEAT = 2;

/**
 * How long a lock file that another extractor left is observed for its signs of life, in checks: several of them, and
 * the seconds for which a network file system may show an old state.
 */
const OBSERVED_CHECKS = 7;

/** Errors of a file whose lock a network file system has given up, such as after a long interruption. */
const LOST_LOCK_ERRORS: ReadonlySet<string | undefined> = new Set(['EIO', 'ESTALE', 'ENOLCK', 'EBADF']);

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
  const { onHeld, signal, system = LOCK_SYSTEM } = options;
  const path = join(directory, LOCK_FILE);
  for (;;) {
    const handle = await openLockFile(directory, path);
    try {
      const folder = { name: `The data folder ${directory}`, directory, path, handle, system };
      if (requestLock(folder)) {
        // If the file was replaced since it was opened, the lock is on one that nobody else opens.
        if (await isSameFile(handle, path)) {
          return await confirmLock({ ...options, ...folder });
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

type ObtainedLock = DataFolderLockOptions & LockedFolder;

/** Finds out whether a lock that was granted keeps others out, and holds it from then on. */
const confirmLock = async (lock: ObtainedLock): Promise<DataFolderLock> => {
  const { path, handle, allowLocalLock, system, onObserve, signal } = lock;
  const place = await checkLock(lock, allowLocalLock);

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
    if (last?.id !== owner.id) throw anotherHolderError(lock, place, last);
  }
  return holdLock(lock, owner, isWatched);
};

/** A holder that did not release the lock is either gone, or works on another machine, whose locks are not seen here. */
const refuseIfOwnerLives = async (lock: ObtainedLock, place: LockPlace): Promise<void> => {
  const { path, system, signal } = lock;
  const before = await readLockOwner(path);
  if (before === undefined) return;
  for (let checks = 0; checks < OBSERVED_CHECKS; checks++) {
    await sleep(checkIntervalOf(system), signal);
    const now = await readLockOwner(path);
    if (now === undefined) return;
    if (now.id !== before.id || now.beat !== before.beat) throw anotherHolderError(lock, place, now);
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

const anotherHolderError = (folder: LockedFolder, place: LockPlace, other: LockOwner | undefined): ExtractorError =>
  unreliableError(
    folder,
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
