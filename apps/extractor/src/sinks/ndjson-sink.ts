import { randomUUID } from 'node:crypto';
import { constants, type FileHandle, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { makeDirectory, replaceFile, syncDirectory } from '@discogs-extractor/internal/durable-file';
import type { Checkpoint } from '@discogs-extractor/state-marker';
import { tryLock } from 'fs-native-extensions';
import type { Contract } from '../config/contract-settings.js';
import { describeError, ExtractorError, errorCodeOf } from '../errors.js';
import { explainFileErrors } from '../system/file-errors.js';
import { createLineFinder, endOfLines, LINE_FEED, readBytes, writeAll } from './line-file.js';
import { type ClaimOptions, claimOutputFolder, inspectOutputFolder } from './output-folder.js';
import { contractIn, type FileSink, type OpenOptions, type Sink } from './sink.js';
import type { SinkTarget } from './sink-target.js';
import { TombstoneFile, type TombstoneFileOptions } from './tombstone-file.js';

/** Bytes that may be written before they are synced, and so confirmed; and records, if few of them are written. */
const SYNC_BYTES = 8 << 20;
const SYNC_RECORDS = 100_000;

export interface NdjsonSinkOptions extends Pick<ClaimOptions, 'allowLocalLock'> {
  /** Folder for the output; created if it is missing. */
  readonly directory: string;
  /** The data folder, which the output folder belongs to from then on. */
  readonly dataFolder: string;
  /** What the lines look like. @default 'topic' */
  readonly contract?: Contract | undefined;
}

/**
 * Writes `DIRECTORY/VERSION/TYPE.ndjson`: one message body per line, `file_complete` as the last one; the tombstones that
 * precede it to `DIRECTORY/VERSION/TYPE.deleted.ndjson`, and, if another delivery followed them, once more to
 * `TYPE.ndjson`, where they belong among its records; and `DIRECTORY/VERSION/extraction_complete.ndjson` with the one
 * line of that message.
 *
 * A record is confirmed once its line is on disk (`fdatasync`). When the sink resumes, it compares the confirmed lines
 * with their size and digest in the state marker, and cuts off everything after them, an incomplete last line included.
 */
export const createNdjsonSink = ({
  directory,
  dataFolder,
  contract = 'topic',
  allowLocalLock,
}: NdjsonSinkOptions): Sink => {
  /** The folder's id, if it has none yet. */
  const newId = randomUUID();
  let claimed: Promise<void> | undefined;
  const claim = (): Promise<void> => {
    claimed = withPathInErrors(directory, () => claimOutputFolder(directory, dataFolder, newId, { allowLocalLock }));
    return claimed;
  };
  const pathOf = (target: SinkTarget): string => join(directory, target.version, `${target.dataType}.ndjson`);
  const tombstonesPathOf = (target: SinkTarget): string =>
    join(directory, target.version, `${target.dataType}.deleted.ndjson`);
  const completionPathOf = (version: string): string => join(directory, version, 'extraction_complete.ndjson');
  return {
    name: 'ndjson',
    destination: directory,
    identify: async ({ dataTypes }) => {
      claimed = undefined;
      const { path, id } = await withPathInErrors(directory, () => inspectOutputFolder(directory, dataFolder));
      const destination = { sink: 'ndjson', path, folder: id ?? newId, ...contractIn(contract) };
      return new Map(dataTypes.map((type) => [type, destination]));
    },
    prepare: () => claim(),
    checkCompleted: async (target, checkpoint) => {
      const path = pathOf(target);
      const size = await withPathInErrors(path, () => sizeOf(path));
      if (size !== checkpoint?.['bytes']) throw changedError(path, `${checkpoint?.['bytes']} bytes`, `${size} bytes`);
      const deletedPath = tombstonesPathOf(target);
      const deletedSize = await withPathInErrors(deletedPath, () => sizeOf(deletedPath));
      const { deleted_bytes: deletedBefore = deletedSize } = checkpoint;
      if (deletedSize !== deletedBefore) {
        throw changedError(deletedPath, `${deletedBefore} bytes`, `${deletedSize} bytes`);
      }
      return undefined;
    },
    findOutput: async (target) => {
      const [records, tombstones] = await Promise.all(
        [pathOf(target), tombstonesPathOf(target)].map((path) => withPathInErrors(path, () => sizeOf(path))),
      );
      if (tombstones! > 0) return 'tombstones';
      return records! > 0 ? 'records' : undefined;
    },
    completeDump: async (version, message, signal) => {
      signal.throwIfAborted();
      await (claimed ?? claim());
      const path = completionPathOf(version);
      await withPathInErrors(path, () => replaceFile(path, Buffer.concat([message, Buffer.of(LINE_FEED)])));
    },
    open: async (target, options) => {
      await (claimed ?? claim());
      const path = pathOf(target);
      const folder = dirname(path);
      const handle = await withPathInErrors(path, async () => {
        await makeDirectory(folder);
        // Not `a`: Linux ignores positions in files opened for appending. Not `w`: it would empty a file that is locked.
        return open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
      });
      try {
        // What it says is not true of a file that is written again.
        await rm(completionPathOf(target.version), { force: true });
        if (!tryLock(handle.fd)) {
          throw new ExtractorError(
            'OUTPUT_LOCKED',
            `Another extractor writes to ${path}. Stop it first, or choose another folder (--output).`,
            { facts: { path } },
          );
        }
        await withPathInErrors(folder, () => syncDirectory(folder));
        return await openNdjsonFile({ path, deletedPath: tombstonesPathOf(target) }, handle, options);
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
  };
};

const openNdjsonFile = async (
  { path, deletedPath }: { readonly path: string; readonly deletedPath: string },
  handle: FileHandle,
  { resumeAfter, checkpoint, append: keepsLines = false, deleted: deletedBefore = 0, signal }: OpenOptions,
): Promise<FileSink> => {
  /** Lines of the file of tombstones whose place among the records the earlier lines of this file say. */
  let placed = 0;
  let { digest, position } = await withPathInErrors(path, async () => {
    if (resumeAfter > 0) return verify(path, handle, checkpoint, signal);
    if (!keepsLines) return { digest: 0, position: 0 };
    const findPlaces = createLineFinder([FILE_COMPLETE, TOMBSTONE], (line) => {
      placed += line.startsWith(TOMBSTONE) ? 1 : deletedIn(line);
    });
    return digestOf(handle, await endOfLines(handle), signal, findPlaces);
  });
  await withPathInErrors(path, () => handle.truncate(position));
  const tombstones = await openTombstones(deletedPath, keepsLines || resumeAfter > 0, {
    start: resumeAfter > 0 ? (numberIn(checkpoint, DELETED_FROM) ?? 0) : undefined,
    confirmed: deletedBefore,
    signal,
  });
  if (keepsLines && resumeAfter === 0) {
    // Those of an interrupted delivery, which this one takes the place of: they come before its records.
    await withPathInErrors(path, () =>
      tombstones.readAfter(
        placed,
        async (bytes) => {
          await writeAll(handle, bytes, position);
          position += bytes.byteLength;
          digest = crc32(bytes, digest);
        },
        signal,
      ),
    );
  }
  let deleted = 0;
  const checkpointNow = (): Checkpoint => ({
    bytes: position,
    crc32: hex(digest),
    ...(tombstones.start > 0 && { [DELETED_FROM]: tombstones.start }),
  });
  /** The records that were written whole, and those of them that are on disk. */
  let written = { records: resumeAfter, checkpoint: checkpointNow() };
  let synced = written;
  let unsynced = 0;
  let lastConfirmedAt: Date | undefined;
  let hasSyncFailed = false;
  let isClosed = false;

  const append = async (bytes: Uint8Array): Promise<void> => {
    await writeAll(handle, bytes, position);
    position += bytes.byteLength;
    digest = crc32(bytes, digest);
    unsynced += bytes.byteLength;
  };
  const sync = async (): Promise<void> => {
    if (hasSyncFailed) return;
    // Records may have been omitted since.
    if (unsynced === 0) {
      synced = written;
      return;
    }
    try {
      await handle.datasync();
    } catch (error) {
      // Linux drops pages that it cannot write and reports the failure once: a later success would not include them.
      hasSyncFailed = true;
      throw error;
    }
    unsynced = 0;
    synced = written;
    lastConfirmedAt = new Date();
  };

  return {
    resumedAfter: resumeAfter,
    restartReason: undefined,
    missing: 0,
    get checkpoint() {
      return synced.checkpoint;
    },
    get confirmed() {
      return synced.records;
    },
    get deleted() {
      return deleted;
    },
    get lastConfirmedAt() {
      return lastConfirmedAt;
    },
    write: (block) =>
      withPathInErrors(path, async () => {
        signal.throwIfAborted();
        await append(block.bytes);
        written = { records: block.lastRecord, checkpoint: checkpointNow() };
        block.release();
        const unsyncedRecords = written.records - synced.records;
        if (unsynced === 0 || unsynced >= SYNC_BYTES || unsyncedRecords >= SYNC_RECORDS) await sync();
      }),
    flush: () => withPathInErrors(path, sync),
    delete: (deletions) =>
      withPathInErrors(deletedPath, async () => {
        signal.throwIfAborted();
        await sync();
        await tombstones.append(deletions);
        deleted += deletions.length;
      }),
    complete: (message) =>
      withPathInErrors(path, async () => {
        signal.throwIfAborted();
        await sync();
        await append(Buffer.concat([message, Buffer.of(LINE_FEED)]));
        await sync();
        // `checkpoint` stays: if the marker is not saved any more, the next run cuts this line off and writes it again.
        return { ...checkpointNow(), ...(tombstones.end > 0 && { deleted_bytes: tombstones.end }) };
      }),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      try {
        await withPathInErrors(path, sync);
      } finally {
        await tombstones.close();
        await handle.close();
      }
    },
  };
};

/** How the lines begin that say where tombstones belong. */
const FILE_COMPLETE = '{"type":"file_complete"';
const TOMBSTONE = '{"type":"deleted"';

const deletedIn = (fileComplete: string): number => {
  const { deleted } = JSON.parse(fileComplete) as { readonly deleted?: number };
  return deleted ?? 0;
};

/** In the checkpoint, unless it is 0: where the tombstones of the file's pass begin in their file. */
const DELETED_FROM = 'deleted_from';

/** @param isKept - whether earlier tombstones of the version stay */
const openTombstones = (
  path: string,
  isKept: boolean,
  options: Omit<TombstoneFileOptions, 'path'>,
): Promise<TombstoneFile> =>
  withPathInErrors(path, async () => {
    if (!isKept) await TombstoneFile.discard(path);
    try {
      return await TombstoneFile.open({ path, ...options });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw changedError(path, `${options.confirmed} lines after byte ${options.start ?? 0}`, error.message);
    }
  });

interface Digested {
  /** CRC-32 of the bytes up to a position. */
  readonly digest: number;
  readonly position: number;
}

const digestOf = async (
  handle: FileHandle,
  end: number,
  signal: AbortSignal,
  onBytes: (bytes: Buffer) => void = () => {},
): Promise<Digested> => {
  let digest = 0;
  const position = await readBytes(
    handle,
    { end },
    (bytes) => {
      digest = crc32(bytes, digest);
      onBytes(bytes);
    },
    signal,
  );
  return { digest, position };
};

/**
 * Reads the confirmed lines, once. Returns their digest.
 *
 * @throws ExtractorError `OUTPUT_CHANGED` unless they are those that were confirmed; the signal's reason
 */
const verify = async (
  path: string,
  handle: FileHandle,
  checkpoint: Checkpoint | undefined,
  signal: AbortSignal,
): Promise<Digested> => {
  const size = numberIn(checkpoint, 'bytes');
  if (size === undefined) throw changedError(path, 'unknown', 'not comparable with it');
  const found = await digestOf(handle, size, signal);
  if (found.position < size) throw changedError(path, `${size} bytes`, `${found.position} bytes`);
  const [expected, now] = [checkpoint?.['crc32'], hex(found.digest)];
  if (now !== expected) {
    throw changedError(path, `${size} bytes with CRC-32 ${expected}`, `${size} bytes with CRC-32 ${now}`);
  }
  return found;
};

const numberIn = (checkpoint: Checkpoint | undefined, name: string): number | undefined => {
  const value = checkpoint?.[name];
  return typeof value === 'number' ? value : undefined;
};

const hex = (digest: number): string => digest.toString(16).padStart(8, '0');

const changedError = (path: string, before: string, now: string): ExtractorError =>
  new ExtractorError(
    'OUTPUT_CHANGED',
    `The output ${path} is not what was delivered to it: that was ${before}, and there are ${now}. Restore it, or run ` +
      'with --force-reprocess to deliver all records of this dump again: in place of this output, or after it with ' +
      'PUBLISH=changed.',
    { facts: { path, before, now } },
  );

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return 0;
    throw error;
  }
};

/** Adds the path and the remedy to errors of the file system; other errors stay as they are. */
const withPathInErrors = <T>(path: string, work: () => Promise<T>): Promise<T> =>
  explainFileErrors(
    (cause) =>
      new ExtractorError(
        'OUTPUT_FAILED',
        `Cannot write the output ${path}: ${describeError(cause)}. ` +
          "Check the folder's permissions and free space, then run again to resume.",
        { facts: { path }, cause },
      ),
    work,
  );
