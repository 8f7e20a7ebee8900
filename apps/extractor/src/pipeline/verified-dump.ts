import { open } from 'node:fs/promises';
import { identityOfOpen, isUnchanged, type VerifiedFile } from '@discogs-extractor/downloader';
import type { OpenFileLike } from '@discogs-extractor/parser';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';

/** A dump file that is open, so that another file under its name does not matter any more. */
export interface VerifiedDump extends AsyncDisposable {
  /** For the parser. */
  readonly file: OpenFileLike;
  /**
   * Checks that everything that was read so far is what the downloader verified. Cheap: it compares size and times.
   *
   * @throws ExtractorError `FILE_CHANGED`
   */
  assertUnchanged(): Promise<void>;
  /**
   * The same for content that looks damaged: compares all of it, since a disk may return wrong bytes of a file that
   * nobody changed. If it differs, the next download verifies the file again.
   *
   * @throws ExtractorError `FILE_CHANGED`, `DUMP_DAMAGED`
   */
  assertUndamaged(cause: Error): Promise<void>;
}

/**
 * Opens a dump file that the downloader has verified.
 *
 * @param signal - stops checks
 * @throws ExtractorError `FILE_CHANGED` if it was replaced, changed or deleted since, `DUMP_UNREADABLE`
 */
export const openVerifiedDump = async (file: VerifiedFile, signal: AbortSignal): Promise<VerifiedDump> => {
  const { name, path, sha256 } = file;
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw errorCodeOf(error) === 'ENOENT' ? changedError(file, 'was deleted') : unreadableError(file, error);
  });
  let { identity } = file;
  const assertUnchanged = async (): Promise<void> => {
    const now = await identityOfOpen(handle);
    if (now.changedNs === identity.changedNs && now.inode === identity.inode && now.device === identity.device) return;
    if (!(await isUnchanged(handle, { identity, sha256 }, signal))) throw changedError(file, 'was replaced or changed');
    // Only its name, links or permissions have changed: the content need not be compared again.
    identity = now;
  };
  try {
    await assertUnchanged();
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    file: {
      read: (...range) => handle.read(...range).catch((error: unknown) => Promise.reject(unreadableError(file, error))),
      stat: () => handle.stat(),
    },
    assertUnchanged,
    assertUndamaged: async (cause) => {
      await assertUnchanged();
      // A time that no file has makes it compare the content.
      if (await isUnchanged(handle, { identity: { ...identity, changedNs: '' }, sha256 }, signal)) return;
      await handle.utimes(new Date(), new Date());
      throw new ExtractorError(
        'DUMP_DAMAGED',
        `The content of ${name} is no longer the one that was verified, although nothing has written to it. ` +
          'Check the disk. The next run downloads it again, and delivers it from its first record.',
        { facts: { file: name, path }, cause },
      );
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
};

const unreadableError = ({ name, path }: VerifiedFile, cause: unknown): ExtractorError =>
  new ExtractorError('DUMP_UNREADABLE', `Cannot read ${path}: ${describeError(cause)}. Check disk and permissions.`, {
    facts: { file: name, path },
    cause,
  });

const changedError = ({ name, path }: VerifiedFile, what: string): ExtractorError =>
  new ExtractorError(
    'FILE_CHANGED',
    `${name} ${what} after it was verified. No record of the new content was delivered. ` +
      'The next run verifies the file again, and downloads it if it is not the published one.',
    { facts: { file: name, path } },
  );
