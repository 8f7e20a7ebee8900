import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, syncDirectory } from '@discogs-extractor/internal/durable-file';
import { tryLock } from 'fs-native-extensions';
import { describeError, ExtractorError } from '../errors.js';
import type { FileSink, OpenOptions, Sink } from './sink.js';

const LINE_FEED = 0x0a;
const SCAN_BYTES = 1 << 20;

/** Bytes that may be written before they are synced, and so confirmed. */
const SYNC_BYTES = 8 << 20;

export interface NdjsonSinkOptions {
  /** Folder for the output; created if it is missing. */
  readonly directory: string;
}

/**
 * Writes `DIRECTORY/VERSION/TYPE.ndjson`: one message body per line, `file_complete` as the last one.
 *
 * A record is confirmed once its line is on disk (`fdatasync`). When the sink resumes, it cuts off everything after the
 * confirmed lines, an incomplete last line included. If fewer lines are left than were confirmed, it resumes after
 * those.
 */
export const createNdjsonSink = ({ directory }: NdjsonSinkOptions): Sink => ({
  name: 'ndjson',
  destination: directory,
  open: async (target, options) => {
    const folder = join(directory, target.version);
    const path = join(folder, `${target.dataType}.ndjson`);
    const handle = await withPathInErrors(path, async () => {
      await makeDirectory(folder);
      // Not `a`: Linux ignores positions in files opened for appending. Not `w`: it would empty a file that is locked.
      return open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
    });
    try {
      if (!tryLock(handle.fd)) {
        throw new ExtractorError(
          'OUTPUT_LOCKED',
          `Another extractor writes to ${path}. Stop it first, or choose another folder (--output).`,
          { facts: { path } },
        );
      }
      await withPathInErrors(folder, () => syncDirectory(folder));
      return await openNdjsonFile(path, handle, options);
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
});

const openNdjsonFile = async (
  path: string,
  handle: FileHandle,
  { resumeAfter, signal }: OpenOptions,
): Promise<FileSink> => {
  const kept = await withPathInErrors(path, () => findLines(handle, resumeAfter, signal));
  await withPathInErrors(path, () => handle.truncate(kept.bytes));
  let position = kept.bytes;
  let written = kept.lines;
  let confirmed = kept.lines;
  let unsynced = 0;
  let lastConfirmedAt: Date | undefined;
  let hasSyncFailed = false;
  let isClosed = false;

  const append = async (bytes: Uint8Array): Promise<void> => {
    // write(2) may write fewer bytes than it was given, and so may Node's FileHandle.write.
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position);
      done += bytesWritten;
      position += bytesWritten;
    }
    unsynced += bytes.byteLength;
  };
  const sync = async (): Promise<void> => {
    if (unsynced === 0 || hasSyncFailed) return;
    try {
      await handle.datasync();
    } catch (error) {
      // Linux drops pages that it cannot write and reports the failure once: a later success would not include them.
      hasSyncFailed = true;
      throw error;
    }
    unsynced = 0;
    confirmed = written;
    lastConfirmedAt = new Date();
  };

  return {
    resumedAfter: kept.lines,
    get confirmed() {
      return confirmed;
    },
    get lastConfirmedAt() {
      return lastConfirmedAt;
    },
    write: (block) =>
      withPathInErrors(path, async () => {
        signal.throwIfAborted();
        await append(block.bytes);
        written += block.count;
        block.release();
        if (unsynced >= SYNC_BYTES) await sync();
      }),
    complete: (message) =>
      withPathInErrors(path, async () => {
        signal.throwIfAborted();
        await sync();
        await append(Buffer.concat([message, Buffer.of(LINE_FEED)]));
        await sync();
      }),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      try {
        await withPathInErrors(path, sync);
      } finally {
        await handle.close();
      }
    },
  };
};

/** Finds the end of the first `wanted` lines, or of the last complete one if there are fewer. */
const findLines = async (
  handle: FileHandle,
  wanted: number,
  signal: AbortSignal,
): Promise<{ lines: number; bytes: number }> => {
  const buffer = Buffer.allocUnsafe(SCAN_BYTES);
  let lines = 0;
  let bytes = 0;
  for (let offset = 0; lines < wanted; ) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, SCAN_BYTES, offset);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    for (let at = chunk.indexOf(LINE_FEED); at !== -1 && lines < wanted; at = chunk.indexOf(LINE_FEED, at + 1)) {
      lines++;
      bytes = offset + at + 1;
    }
    offset += bytesRead;
  }
  return { lines, bytes };
};

/** Adds the path and the remedy to errors of the file system; other errors stay as they are. */
const withPathInErrors = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw new ExtractorError(
        'OUTPUT_FAILED',
        `Cannot write the output ${path}: ${describeError(error)}. ` +
          "Check the folder's permissions and free space, then run again to resume.",
        { facts: { path }, cause: error },
      );
    }
    throw error;
  }
};
