import type { DownloadEvent, Downloader, DownloaderNotice, DumpChoice } from '@discogs-extractor/downloader';
import type { Config } from '../config/settings.js';
import type { RunListener } from '../events/run-events.js';

/** Translates the downloader's events of files. */
export const forwardDownloadEvents =
  (onEvent: RunListener) =>
  (event: DownloadEvent): void => {
    const { name: file } = event;
    switch (event.kind) {
      case 'file_started':
        onEvent({ type: 'download-started', file, bytesTotal: event.total ?? undefined });
        break;
      case 'file_progress':
        onEvent({
          type: 'download-progress',
          file,
          phase: event.phase,
          bytes: event.bytes,
          bytesTotal: event.total ?? undefined,
        });
        break;
      case 'file_retry':
        onEvent({ type: 'download-retry', file, delayMs: event.delayMs, error: event.error });
        break;
      case 'file_finished':
        onEvent({ type: 'download-finished', file, bytes: event.size, reused: event.reused });
        break;
      case 'file_failed':
        onEvent({ type: 'download-failed', file, error: event.error });
        break;
    }
  };

/** Chooses a version, and reports newer ones that were passed over. */
export const chooseDump = async (
  downloader: Downloader,
  { dumpVersion, dataTypes }: Pick<Config, 'dumpVersion' | 'dataTypes'>,
  onEvent: RunListener,
  signal: AbortSignal,
): Promise<DumpChoice> => {
  const choice = await downloader.choose({ version: dumpVersion, types: dataTypes, signal });
  for (const { version, missing } of choice.passedOver) onEvent({ type: 'version-passed-over', version, missing });
  return choice;
};

/** Translates the downloader's notices. */
export const forwardNotices =
  (onEvent: RunListener) =>
  (notice: DownloaderNotice): void => {
    switch (notice.kind) {
      case 'metadata_damaged':
        onEvent({ type: 'metadata-set-aside', path: notice.movedTo });
        break;
      case 'version_pruned':
        onEvent({ type: 'version-pruned', version: notice.version, files: notice.files });
        break;
      case 'checksum_retry':
        onEvent({ type: 'download-retry', file: notice.file, delayMs: notice.delayMs, error: notice.error });
        break;
    }
  };
