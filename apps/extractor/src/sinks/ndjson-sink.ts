import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, syncDirectory } from '@discogs-extractor/internal/durable-file';
import { tryLock } from 'fs-native-extensions';
import { describeError, ExtractorError } from '../errors.js';
import type { FileSink, OpenOptions, Sink } from './sink.js';

const LINE_FEED = 0x0a;
const SCAN_BYTES = 1 << 20;

/** How much may be written before it is made durable, and so counts as confirmed. */
const SYNC_BYTES = 8 << 20;

export interface NdjsonSinkOptions {
  /** Folder for the output; made where it is missing. */
  readonly directory: string;
}

/**
 * Writes `DIRECTORY/VERSION/TYPE.ndjson`: one message body a line, `file_complete` as the last one.
 *
 * A record is confirmed once its line is on the disk (`fdatasync`). On resuming, everything behind the confirmed lines
 * is cut off, a torn last line included; where fewer lines are left than were confirmed, the sink resumes after those.
 */
export const createNdjsonSink = ({ directory }: NdjsonSinkOptions): Sink => ({
  name: 'ndjson',
  destination: directory,
  open: async (target, options) => {
    const folder = join(directory, target.version);
    const path = join(folder, `${target.dataType}.ndjson`);
    const handle = await guarded(path, async () => {
      await makeDirectory(folder);
      // Not `a`: Linux ignores positions of files opened for appending. Not `w`: what is there may be another's.
      return open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
    });
    try {
      if (!tryLock(handle.fd)) {
        throw new ExtractorError(
          'OUTPUT_LOCKED',
          `Another extractor writes to ${path}. Stop it first, or choose another folder (--output).`,
          { path },
        );
      }
      await guarded(folder, () => syncDirectory(folder));
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
  const kept = await guarded(path, () => findLines(handle, resumeAfter, signal));
  await guarded(path, () => handle.truncate(kept.bytes));
  let position = kept.bytes;
  let written = kept.lines;
  let confirmed = kept.lines;
  let unsynced = 0;
  let lastConfirmedAt: Date | undefined;
  let isBroken = false;
  let closed = false;

  const append = async (bytes: Uint8Array): Promise<void> => {
    // write(2) may write less than it was given, and Node's FileHandle.write passes that on.
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position);
      done += bytesWritten;
      position += bytesWritten;
    }
    unsynced += bytes.byteLength;
  };
  const sync = async (): Promise<void> => {
    if (unsynced === 0 || isBroken) return;
    try {
      await handle.datasync();
    } catch (error) {
      // Linux drops the pages that it could not write and reports that once: a later success would say nothing about them.
      isBroken = true;
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
      guarded(path, async () => {
        signal.throwIfAborted();
        await append(block.bytes);
        written += block.count;
        block.release();
        if (unsynced >= SYNC_BYTES) await sync();
      }),
    complete: (message) =>
      guarded(path, async () => {
        signal.throwIfAborted();
        await sync();
        await append(Buffer.concat([message, Buffer.of(LINE_FEED)]));
        await sync();
      }),
    close: async () => {
      if (closed) return;
      closed = true;
      try {
        await guarded(path, sync);
      } finally {
        await handle.close();
      }
    },
  };
};

/** Finds the end of the first `wanted` lines, or of the last whole one where there are fewer. */
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

/** Gives errors of the file system the path and what to do; an abort keeps its reason. */
const guarded = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw new ExtractorError(
        'OUTPUT_FAILED',
        `The output ${path} cannot be written: ${describeError(error)}. Check the folder's permissions and its free space, then run again: it resumes.`,
        { path },
        { cause: error },
      );
    }
    throw error;
  }
};
