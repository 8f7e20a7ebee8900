import type { DownloadEvent, Downloader, DumpChoice, VerifiedFile } from '@discogs-extractor/downloader';
import type { MarkerSession } from '@discogs-extractor/state-marker';
import { describeError } from '../errors.js';
import type { RunListener } from '../events/run-events.js';

export interface DownloadPhaseOptions {
  readonly downloader: Downloader;
  readonly choice: DumpChoice;
  readonly session: MarkerSession;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
}

/**
 * Downloads and verifies the chosen version's files, and updates the marker's download phase.
 *
 * @throws the downloader's error, which is also recorded in the marker; the signal's reason; `StateMarkerError` for a
 *   marker that cannot be saved
 */
export const downloadPhase = async (options: DownloadPhaseOptions): Promise<readonly VerifiedFile[]> => {
  const { downloader, choice, session, onEvent, signal } = options;
  session.startDownload(choice.files.map(({ name }) => name));
  await session.save();
  const record = recordDownload(session);
  const files = await downloader
    .download({
      choice,
      signal,
      onEvent: (event) => {
        record(event);
        onEvent(event);
      },
    })
    .catch(async (error: unknown) => {
      // A stop is not a failure: the phase stays in progress.
      if (!signal.aborted) session.failDownload(describeError(error));
      // The first error is the one to end with, but the second one must not be lost.
      await session.save().catch((saveError: unknown) => onEvent({ type: 'marker-not-saved', error: saveError }));
      throw error;
    });
  session.completeDownload();
  await session.save();
  return files;
};

/** Records the downloader's events in the marker. */
const recordDownload = (session: MarkerSession): ((event: DownloadEvent) => void) => {
  const downloading = new Set<string>();
  return (event) => {
    if (event.type === 'download-progress' && event.phase === 'download') {
      const { file, bytes } = event;
      // A file that is only verified keeps its state in the marker.
      if (!downloading.has(file)) session.startFileDownload(file);
      downloading.add(file);
      session.advanceFileDownload(file, bytes);
    } else if (event.type === 'download-finished') {
      const { file, bytes, sha256: checksum, verified } = event;
      session.completeFileDownload(file, { bytes, checksum, verified });
    } else if (event.type === 'download-failed') {
      session.failFileDownload(event.file, describeError(event.error));
    }
  };
};
