import { join, resolve } from 'node:path';
import { StorageError } from './errors.js';
import type { DownloadEvent } from './events.js';
import { FileTask, type VerifiedFile } from './file-task.js';
import { MetadataStore } from './metadata-store.js';
import type { DownloaderSettings, RetryPolicy } from './options.js';
import { pruneVersions } from './prune.js';
import { fetchPublishedChecksums, type PublishedChecksums } from './published-checksums.js';
import { checkRoom, ensureFolder, writeIfChanged } from './storage.js';
import type { DumpChoice } from './version-choice.js';

/** Failures of a source on this machine are not waited out: one more look is enough. */
const LOCAL_RETRY: RetryPolicy = { attempts: 2, baseDelayMs: 0, maxDelayMs: 0, maxRetryAfterMs: 0 };

const retryPolicyOf = ({ source, retry }: DownloaderSettings): RetryPolicy => (source.remote ? retry : LOCAL_RETRY);

/** Fetches the checksums that are published for a version's files. */
export const publishedChecksumsOf = async (
  settings: DownloaderSettings,
  { files, checksum }: DumpChoice,
  signal: AbortSignal,
): Promise<PublishedChecksums> => {
  const { source, onNotice } = settings;
  const wanted = files.map(({ name }) => name);
  return fetchPublishedChecksums({ source, file: checksum, wanted, retry: retryPolicyOf(settings), signal, onNotice });
};

/** Works on all tasks, so many at once; stops early when the signal does or one rejects. */
const forEach = async (
  tasks: readonly FileTask[],
  concurrency: number,
  work: (task: FileTask) => Promise<void>,
): Promise<void> => {
  const waiting = [...tasks];
  const worker = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await work(task);
  };
  const workers = Array.from({ length: Math.min(concurrency, tasks.length) }, worker);
  // All have to end before the first failure is told: nothing may write on behind the caller's back.
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
};

/**
 * Brings the files of a version into the folder and verifies them.
 * @param aborter Aborted by the caller to stop; aborted here when going on is of no use
 */
export const downloadVersion = async (
  settings: DownloaderSettings,
  choice: DumpChoice,
  published: PublishedChecksums,
  aborter: AbortController,
  emit: (event: DownloadEvent) => void,
): Promise<VerifiedFile[]> => {
  const { source, concurrency, reserveBytes, progressIntervalMs, keepVersions, onNotice } = settings;
  const { version, files } = choice;
  const { signal } = aborter;
  const directory = resolve(settings.directory);
  const retry = retryPolicyOf(settings);

  await ensureFolder(directory);
  const metadata = await MetadataStore.load(directory, onNotice);
  const context = { source, directory, metadata, retry, reserveBytes, progressIntervalMs, signal, emit };
  const tasks = files.map((file) => new FileTask(context, file, published.checksums.get(file.name)!));

  // What is here already is settled first, so that the room is known before the first byte comes.
  await forEach(tasks, concurrency, (task) => task.lookHere());
  const missing = tasks.filter((task) => task.open);
  const needed = await Promise.all(missing.map((task) => task.neededBytes()));
  await checkRoom(
    directory,
    needed.reduce((sum, bytes) => sum + bytes, 0),
    reserveBytes,
  );
  await forEach(missing, concurrency, async (task) => {
    await task.fetch();
    // The others would fill what little room is left, one after the other, only to fail as well.
    if (task.error instanceof StorageError && task.error.code === 'DISK_FULL') aborter.abort(task.error);
  });

  const failed = tasks.find((task) => task.error !== null);
  if (failed !== undefined) throw failed.error;
  // With it the folder can itself serve as a source. Last, since these files are what shows that it is sound.
  await writeIfChanged(join(directory, choice.checksum.name), published.text);
  if (keepVersions !== 'all') await pruneVersions(directory, version, keepVersions, metadata, onNotice);
  return tasks.map((task) => task.result!);
};
