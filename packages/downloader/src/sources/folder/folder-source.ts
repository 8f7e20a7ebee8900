import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoOf, messageOf } from '@discogs-extractor/internal/errno';
import type { DumpFile, DumpSource } from '../../dump-source.js';
import { DownloaderError, type SourceErrorCode } from '../../errors.js';
import { parseFileName } from '../../names.js';
import { checks, nonEmptyText } from '../../option-checks.js';
import { readChunks } from '../../read-chunks.js';
import { ListingBuilder } from '../listing-builder.js';
import { SourceLifetime } from '../source-lifetime.js';

/** What `createFolderSource` takes. */
export interface FolderSourceOptions {
  /**
   * Directory with the dump files, either directly in it or in one subdirectory per year, as in Discogs' bucket
   * (`2026/discogs_20260101_artists.xml.gz`).
   */
  directory: string;
}

const KNOWN: Readonly<Record<keyof FolderSourceOptions, true>> = { directory: true };

const errorCodeOf = (errno: string | undefined): SourceErrorCode => {
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return 'NOT_FOUND';
  return errno === 'EACCES' || errno === 'EPERM' ? 'ACCESS_DENIED' : 'SOURCE_UNREACHABLE';
};

const toFolderError = (error: unknown, location: string): DownloaderError => {
  if (error instanceof DownloaderError) return error;
  return new DownloaderError(errorCodeOf(errnoOf(error)), `Cannot read ${location}: ${messageOf(error)}`, {
    facts: { source: 'folder', location, retryable: false },
    cause: error,
  });
};

/** Reads an open file, and throws if it has become shorter than `size`. */
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
    throw toFolderError(error, path);
  } finally {
    await handle.close();
  }
  if (position < size) {
    throw new DownloaderError('BODY_CUT', `${path} became shorter while it was read`, {
      facts: { source: 'folder', location: path, retryable: true },
    });
  }
}

const addFilesOf = async (directory: string, listing: ListingBuilder, hasYearFolders: boolean): Promise<void> => {
  const yearFolders: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const name = parseFileName(entry.name);
    // Follows links; a dangling one counts as a missing file.
    const stats = name === undefined ? undefined : await stat(path).catch(() => undefined);
    if (name !== undefined && stats?.isFile() === true) listing.add({ ...name, size: stats.size, key: path });
    else if (hasYearFolders && entry.isDirectory() && /^[0-9]{4}$/.test(entry.name)) yearFolders.push(path);
    else listing.ignore(entry.name);
  }
  for (const path of yearFolders) await addFilesOf(path, listing, false);
};

/**
 * A directory as a source: a mirror, or files that were copied there for an offline machine. It may be the directory
 * that is downloaded to; the files are then verified in place.
 *
 * @throws DownloaderError `INVALID_OPTIONS`
 */
export const createFolderSource = (options: FolderSourceOptions): DumpSource => {
  checks.object('', options, KNOWN);
  const root = resolve(nonEmptyText('directory', options.directory, 'the path of a directory'));
  const lifetime = new SourceLifetime('The folder source');

  const close = async (): Promise<void> => lifetime.close();

  return {
    name: 'folder',
    remote: false,

    list: ({ signal } = {}) =>
      lifetime.run(signal, async (linked) => {
        const listing = new ListingBuilder();
        try {
          await addFilesOf(root, listing, true);
        } catch (error) {
          throw toFolderError(error, root);
        }
        linked.throwIfAborted();
        return listing.build();
      }),

    open: (file, { from = 0, signal } = {}) =>
      lifetime.open(signal, async (linked) => {
        const path = file.key;
        let handle: FileHandle | undefined;
        try {
          handle = await open(path, 'r');
          const { size } = await handle.stat();
          linked.throwIfAborted();
          const opened = handle;
          return { body: readBody(opened, path, from, size, linked), offset: from, size, close: () => opened.close() };
        } catch (error) {
          await handle?.close();
          if (linked.aborted) throw linked.reason;
          throw toFolderError(error, path);
        }
      }),

    localPath: (file: DumpFile) => file.key,
    close,
    [Symbol.asyncDispose]: close,
  };
};
