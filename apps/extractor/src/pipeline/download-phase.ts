import type { DownloadEvent, Downloader, DumpChoice, VerifiedFile } from '@discogs-extractor/downloader';
import {
  advanceFileDownload,
  completeDownload,
  completeFileDownload,
  failDownload,
  failFileDownload,
  type MarkerKeeper,
  startDownload,
  startFileDownload,
} from '@discogs-extractor/state-marker';
import { describeError } from '../errors.js';
import type { RunListener } from '../report/run-events.js';

export interface DownloadPhaseOptions {
  readonly downloader: Downloader;
  readonly choice: DumpChoice;
  readonly keeper: MarkerKeeper;
  readonly listen: RunListener;
  readonly signal: AbortSignal;
}

/** Brings the chosen version's files into the data folder, verified, and keeps the marker's download phase. */
export const downloadPhase = async (options: DownloadPhaseOptions): Promise<readonly VerifiedFile[]> => {
  const { downloader, choice, keeper, listen, signal } = options;
  const names = choice.files.map(({ name }) => name);
  keeper.update((marker, now) => startDownload(marker, names, now));
  await keeper.save();
  try {
    const files = await downloader.download({ choice, signal, onProgress: followDownload(keeper, listen) });
    keeper.update(completeDownload);
    await keeper.save();
    return files;
  } catch (error) {
    // A stop leaves the phase in progress: cut short, not failed.
    if (!signal.aborted) keeper.update((marker, now) => failDownload(marker, describeError(error), now));
    await keeper.save();
    throw error;
  }
};

/** Carries the downloader's events over to the marker and to whoever listens. */
const followDownload = (keeper: MarkerKeeper, listen: RunListener) => {
  const fetching = new Set<string>();
  return (event: DownloadEvent): void => {
    const { name: file } = event;
    switch (event.kind) {
      case 'file_started':
        listen({ type: 'download-started', file, bytesTotal: event.total ?? undefined });
        break;
      case 'file_progress':
        listen({ type: 'download-progress', file, bytes: event.bytes, bytesTotal: event.total ?? undefined });
        // A file that is only verified where it lies stays in the marker as it was.
        if (event.phase !== 'download') break;
        if (!fetching.has(file)) keeper.update((marker, now) => startFileDownload(marker, file, now));
        fetching.add(file);
        keeper.update((marker, now) => advanceFileDownload(marker, file, event.bytes, now));
        break;
      case 'file_retry':
        listen({ type: 'download-retry', file, delayMs: event.delayMs, error: event.error });
        break;
      case 'file_finished':
        keeper.update((marker, now) =>
          completeFileDownload(marker, file, { bytes: event.size, checksum: event.sha256 }, now),
        );
        listen({ type: 'download-finished', file, bytes: event.size, reused: event.reused });
        break;
      case 'file_failed':
        keeper.update((marker, now) => failFileDownload(marker, file, describeError(event.error), now));
        break;
    }
  };
};
