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
import type { RunListener } from '../events/run-events.js';
import { reportDownload } from './download-events.js';

export interface DownloadPhaseOptions {
  readonly downloader: Downloader;
  readonly choice: DumpChoice;
  readonly keeper: MarkerKeeper;
  readonly listen: RunListener;
  readonly signal: AbortSignal;
}

/**
 * Brings the chosen version's files into the data folder, verified, and keeps the marker's download phase.
 *
 * @throws the downloader's error, which the marker then has as well; the signal's reason
 */
export const downloadPhase = async (options: DownloadPhaseOptions): Promise<readonly VerifiedFile[]> => {
  const { downloader, choice, keeper, listen, signal } = options;
  const names = choice.files.map(({ name }) => name);
  keeper.update((marker, now) => startDownload(marker, names, now));
  await keeper.save();
  const record = recordDownload(keeper);
  const report = reportDownload(listen);
  try {
    const files = await downloader.download({
      choice,
      signal,
      onProgress: (event) => {
        record(event);
        report(event);
      },
    });
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

/** Carries what happens to a file over to the marker. */
const recordDownload = (keeper: MarkerKeeper): ((event: DownloadEvent) => void) => {
  const fetching = new Set<string>();
  return (event) => {
    const { name: file } = event;
    if (event.kind === 'file_progress' && event.phase === 'download') {
      // A file that is only verified where it lies stays in the marker as it was.
      if (!fetching.has(file)) keeper.update((marker, now) => startFileDownload(marker, file, now));
      fetching.add(file);
      keeper.update((marker, now) => advanceFileDownload(marker, file, event.bytes, now));
    } else if (event.kind === 'file_finished') {
      const result = { bytes: event.size, checksum: event.sha256 };
      keeper.update((marker, now) => completeFileDownload(marker, file, result, now));
    } else if (event.kind === 'file_failed') {
      keeper.update((marker, now) => failFileDownload(marker, file, describeError(event.error), now));
    }
  };
};
