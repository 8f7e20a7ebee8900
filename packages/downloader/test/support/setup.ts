import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  createDownloader,
  createFolderSource,
  type DownloadEvent,
  type Downloader,
  type DownloaderNotice,
  type DownloaderOptions,
  type FileMemory,
} from '../../src/index.js';
import { sha256, temporaryFolder, writeFiles } from './dump.js';

/** A downloader with a folder as its source, and what it reported. */
export interface FolderSetup {
  /** Where the source's files lie. */
  readonly mirror: string;
  /** Where they are downloaded to. */
  readonly root: string;
  readonly downloader: Downloader;
  readonly notices: DownloaderNotice[];
  readonly events: DownloadEvent[];
  readonly onProgress: (event: DownloadEvent) => void;
}

export const setUp = async (
  files: ReadonlyMap<string, Uint8Array>,
  options: Partial<DownloaderOptions> & { mirror?: string } = {},
): Promise<FolderSetup> => {
  const { mirror = await temporaryFolder(), ...rest } = options;
  await writeFiles(mirror, files);
  const root = options.directory ?? (await temporaryFolder());
  const notices: DownloaderNotice[] = [];
  const events: DownloadEvent[] = [];
  const source = rest.source ?? (await createFolderSource({ directory: mirror }));
  const downloader = await createDownloader({
    progressIntervalMs: 0,
    onNotice: (notice) => notices.push(notice),
    ...rest,
    source,
    directory: root,
  });
  onTestFinished(async () => {
    await downloader.close();
    await source.close();
  });
  return { mirror, root, downloader, notices, events, onProgress: (event) => events.push(event) };
};

/** Every file of a folder by name as size and hash, the metadata file aside. */
export const contentOf = async (directory: string): Promise<Record<string, string>> => {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(directory)) {
    if (name !== '.discogs_metadata.json') files.set(name, await readFile(join(directory, name)));
  }
  return summaryOf(files);
};

/** Files by name as size and hash: comparing megabytes byte by byte takes an assertion seconds. */
export const summaryOf = (files: ReadonlyMap<string, Uint8Array>): Record<string, string> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, `${bytes.length} ${sha256(bytes)}`]));

export const metadataOf = async (directory: string): Promise<Record<string, FileMemory>> =>
  JSON.parse(await readFile(join(directory, '.discogs_metadata.json'), 'utf8'));
