import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DownloaderError, SourceError } from '../errors.js';
import { ListingBuilder } from '../listing.js';
import { parseFileName } from '../names.js';
import { assertKnownOptions } from '../options.js';
import { readChunks } from '../read-chunks.js';
import type { DumpFile, DumpSource, DumpStream } from '../source.js';
import { errnoOf } from '../storage.js';

/** What `createFolderSource` takes. */
export interface FolderSourceOptions {
  /** Folder with the dump files, flat or in folders by year (`2026/discogs_20260101_artists.xml.gz`), as the bucket has them. */
  directory: string;
}

const sourceError = (error: unknown, location: string): SourceError => {
  const errno = errnoOf(error);
  const code =
    errno === 'ENOENT' || errno === 'ENOTDIR'
      ? 'NOT_FOUND'
      : errno === 'EACCES' || errno === 'EPERM'
        ? 'ACCESS_DENIED'
        : 'SOURCE_UNREACHABLE';
  return new SourceError(
    code,
    `Cannot read ${location} (${errno ?? String(error)})`,
    { source: 'folder', location, retryable: false },
    { cause: error },
  );
};

/** The bytes of an open file; says so when there are fewer than there were at the start. */
async function* readBody(
  handle: FileHandle,
  path: string,
  from: number,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  let position = from;
  try {
    for await (const chunk of readChunks(handle, from, signal)) {
      position += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw sourceError(error, path);
  } finally {
    await handle.close();
  }
  if (position < size) {
    throw new SourceError('BODY_CUT', `${path} has become shorter while it was read`, {
      source: 'folder',
      location: path,
      retryable: true,
    });
  }
}

/**
 * A folder as the source: a mirror, or an offline preseed. It may be the folder that is downloaded to; files are then
 * verified where they lie.
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createFolderSource = async (options: FolderSourceOptions): Promise<DumpSource> => {
  assertKnownOptions(options, { directory: true });
  if (typeof options.directory !== 'string' || options.directory === '') {
    throw new DownloaderError('INVALID_OPTIONS', 'directory must be the path of a folder');
  }
  const root = resolve(options.directory);
  const closing = new AbortController();

  const checkOpen = (signal: AbortSignal | undefined): void => {
    signal?.throwIfAborted();
    closing.signal.throwIfAborted();
  };

  const scan = async (directory: string, listing: ListingBuilder, yearFolders: boolean): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true });
    const years: string[] = [];
    for (const entry of entries) {
      const path = join(directory, entry.name);
      const name = parseFileName(entry.name);
      // A link counts as what it points to; one that points nowhere is like a file that is not there.
      const stats = name !== null || entry.isDirectory() ? await stat(path).catch(() => null) : null;
      if (name !== null && stats?.isFile() === true) listing.add({ ...name, size: stats.size, key: path });
      else if (yearFolders && entry.isDirectory() && /^[0-9]{4}$/.test(entry.name)) years.push(path);
      else listing.ignore(entry.name);
    }
    for (const path of years) await scan(path, listing, false);
  };

  const close = async (): Promise<void> => {
    closing.abort(new DownloaderError('CLOSED', 'The folder source is closed'));
  };

  return {
    name: 'folder',
    remote: false,

    async list({ signal } = {}) {
      checkOpen(signal);
      const listing = new ListingBuilder();
      try {
        await scan(root, listing, true);
      } catch (error) {
        throw sourceError(error, root);
      }
      checkOpen(signal);
      return listing.build();
    },

    async open(file, { from = 0, signal } = {}): Promise<DumpStream> {
      checkOpen(signal);
      const path = file.key;
      let handle: FileHandle | undefined;
      try {
        handle = await open(path, 'r');
        const { size } = await handle.stat();
        checkOpen(signal);
        const aborted = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
        const opened = handle;
        return { body: readBody(opened, path, from, size, aborted), offset: from, size, close: () => opened.close() };
      } catch (error) {
        await handle?.close();
        if (signal?.aborted || error instanceof DownloaderError) throw error;
        throw sourceError(error, path);
      }
    },

    localPath: (file: DumpFile) => file.key,
    close,
    [Symbol.asyncDispose]: close,
  };
};
