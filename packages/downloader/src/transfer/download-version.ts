import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mapConcurrently } from '@discogs-extractor/internal/concurrency';
import { makeDirectory } from '@discogs-extractor/internal/durable-file';
import { errnoOf } from '@discogs-extractor/internal/errno';
import { DownloaderError } from '../errors.js';
import type { DownloadEvent } from '../events.js';
import type { DownloaderSettings } from '../options.js';
import type { DumpChoice } from '../plan/choose-version.js';
import type { PublishedChecksums } from '../plan/fetch-checksums.js';
import { ensureDiskSpace } from '../storage/disk-space.js';
import { MetadataStore } from '../storage/metadata-store.js';
import { partPathOf } from '../storage/part-file.js';
import { pruneVersions } from '../storage/prune-versions.js';
import { runStorageStep } from '../storage/storage-error.js';
import { removeTemporaryFiles, writeIfChanged } from '../storage/write-file.js';
import { FileDownload, type VerifiedFile } from './file-download.js';

/**
 * Checks that the disk has room for what the directory lacks of a version's files, by their sizes alone.
 *
 * @throws DownloaderError `DISK_FULL`
 */
export const checkDiskSpace = async (settings: DownloaderSettings, { files }: DumpChoice): Promise<void> => {
  const directory = resolve(settings.directory);
  const needed = await Promise.all(
    files.map(async ({ name, size, sizeEstimate }) => {
      const path = join(directory, name);
      const present = await Promise.all([path, partPathOf(path)].map(sizeOf));
      return Math.max(0, (size ?? sizeEstimate ?? 0) - Math.max(...present));
    }),
  );
  await ensureDiskSpace(
    directory,
    needed.reduce((sum, bytes) => sum + bytes, 0),
    settings.reserveBytes,
  );
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
};

/**
 * Downloads the files of a version into the directory and verifies them.
 *
 * @param controller - aborted by the caller to stop; aborted here when the disk is full
 */
export const downloadVersion = async (
  settings: DownloaderSettings,
  choice: DumpChoice,
  published: PublishedChecksums,
  controller: AbortController,
  onEvent: (event: DownloadEvent) => void,
): Promise<VerifiedFile[]> => {
  const { source, retry, concurrency, reserveBytes, progressIntervalMs, keepVersions } = settings;
  const { version, files } = choice;
  const { signal } = controller;
  const directory = resolve(settings.directory);

  await makeDirectory(directory, runStorageStep);
  await removeTemporaryFiles(directory);
  const metadata = await MetadataStore.load(directory, onEvent);
  const context = { source, directory, metadata, retry, reserveBytes, progressIntervalMs, signal, onEvent };
  const downloads = files.map((file) => new FileDownload(context, file, published.checksums.get(file.name)));

  // Local copies are verified first, so that the needed disk space is known before the first transfer.
  await mapConcurrently(concurrency, downloads, (download) => download.verifyExisting());
  const missing = downloads.filter((download) => download.isPending);
  const neededBytes = await Promise.all(missing.map((download) => download.neededBytes()));
  await ensureDiskSpace(
    directory,
    neededBytes.reduce((sum, bytes) => sum + bytes, 0),
    reserveBytes,
  );
  await mapConcurrently(concurrency, missing, async (download) => {
    await download.transfer();
    const { error } = download;
    // The other transfers would only fill the little space that is left, and then fail as well.
    if (error instanceof DownloaderError && error.code === 'DISK_FULL') controller.abort(error);
  });

  const failed = downloads.find((download) => download.error !== undefined);
  if (failed !== undefined) throw failed.error;
  // With its CHECKSUM file, the directory can serve as a source. Written last, because it says that the files are
  // sound.
  const { text } = published;
  if (choice.checksum !== undefined && text !== undefined)
    await writeIfChanged(join(directory, choice.checksum.name), text);
  if (keepVersions !== 'all') await pruneVersions(directory, version, keepVersions, metadata, onEvent);
  return downloads.map((download) => download.result!);
};
