import type { DownloadEvent, Downloader, DumpChoice, VerifiedFile } from '@discogs-extractor/downloader';
import type { MarkerSession } from '@discogs-extractor/state-marker';
import { describeError } from '../errors.js';
import type { RunListener } from '../events/run-events.js';
import { reportDownload } from './download-events.js';

export interface DownloadPhaseOptions {
  readonly downloader: Downloader;
  readonly choice: DumpChoice;
  readonly session: MarkerSession;
  readonly listen: RunListener;
  readonly signal: AbortSignal;
}

/**
 * Brings the chosen version's files into the data folder, verified, and keeps the marker's download phase.
 *
 * @throws the downloader's error, which the marker then has as well; the signal's reason
 */
export const downloadPhase = async (options: DownloadPhaseOptions): Promise<readonly VerifiedFile[]> => {
  const { downloader, choice, session, listen, signal } = options;
  session.startDownload(choice.files.map(({ name }) => name));
  await session.save();
  const record = recordDownload(session);
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
    session.completeDownload();
    await session.save();
    return files;
  } catch (error) {
    // A stop leaves the phase in progress: cut short, not failed.
    if (!signal.aborted) session.failDownload(describeError(error));
    await session.save();
    throw error;
  }
};

/** Carries what happens to a file over to the marker. */
const recordDownload = (session: MarkerSession): ((event: DownloadEvent) => void) => {
  const fetching = new Set<string>();
  return (event) => {
    const { name: file } = event;
    if (event.kind === 'file_progress' && event.phase === 'download') {
      // A file that is only verified where it lies stays in the marker as it was.
      if (!fetching.has(file)) session.startFileDownload(file);
      fetching.add(file);
      session.advanceFileDownload(file, event.bytes);
    } else if (event.kind === 'file_finished') {
      session.completeFileDownload(file, { bytes: event.size, checksum: event.sha256 });
    } else if (event.kind === 'file_failed') {
      session.failFileDownload(file, describeError(event.error));
    }
  };
};
