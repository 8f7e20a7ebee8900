import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  createDownloader,
  createFolderSource,
  type DownloadEvent,
  type Downloader,
  type DownloaderOptions,
} from '../../src/index.js';
import type { FileMetadata } from '../../src/storage/metadata-store.js';
import { sha256, temporaryDirectory, writeFiles } from './dump.js';

/** A downloader, and what it reported. */
export interface DownloaderSetup {
  /** The directory of the folder source. */
  readonly mirror: string;
  /** The directory that is downloaded to. */
  readonly root: string;
  readonly downloader: Downloader;
  /** What `onEvent` received. */
  readonly events: DownloadEvent[];
  readonly onEvent: (event: DownloadEvent) => void;
}

/** Creates a downloader for a test, by default with a folder source that offers these files. */
export const setUp = async (
  files: ReadonlyMap<string, Uint8Array>,
  options: Partial<DownloaderOptions> & { mirror?: string } = {},
): Promise<DownloaderSetup> => {
  const { mirror = await temporaryDirectory(), ...rest } = options;
  await writeFiles(mirror, files);
  const root = options.directory ?? (await temporaryDirectory());
  const events: DownloadEvent[] = [];
  const source = rest.source ?? createFolderSource({ directory: mirror });
  const downloader = createDownloader({ progressIntervalMs: 0, ...rest, source, directory: root });
  onTestFinished(async () => {
    await downloader.close();
    await source.close();
  });
  return { mirror, root, downloader, events, onEvent: (event) => events.push(event) };
};

/** The events of one type. */
export const eventsOf = <T extends DownloadEvent['type']>(
  events: readonly DownloadEvent[],
  type: T,
): Extract<DownloadEvent, { type: T }>[] =>
  events.filter((event): event is Extract<DownloadEvent, { type: T }> => event.type === type);

/** Size and hash of every file of a directory by name, except for the metadata file. */
export const contentOf = async (directory: string): Promise<Record<string, string>> => {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(directory)) {
    if (name !== '.discogs_metadata.json') files.set(name, await readFile(join(directory, name)));
  }
  return summaryOf(files);
};

/** Size and hash of files by name: to compare megabytes byte by byte takes an assertion seconds. */
export const summaryOf = (files: ReadonlyMap<string, Uint8Array>): Record<string, string> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, `${bytes.length} ${sha256(bytes)}`]));

export const metadataOf = async (directory: string): Promise<Record<string, FileMetadata>> =>
  JSON.parse(await readFile(join(directory, '.discogs_metadata.json'), 'utf8'));
