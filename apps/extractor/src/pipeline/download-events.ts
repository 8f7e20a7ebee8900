import type { DownloadEvent, Downloader, DownloaderNotice, DumpChoice } from '@discogs-extractor/downloader';
import type { Config } from '../config/settings.js';
import type { RunListener } from '../events/run-events.js';

/** Tells a listener what the downloader says of a file. */
export const reportDownload =
  (listen: RunListener) =>
  (event: DownloadEvent): void => {
    const { name: file } = event;
    switch (event.kind) {
      case 'file_started':
        listen({ type: 'download-started', file, bytesTotal: event.total ?? undefined });
        break;
      case 'file_progress':
        listen({
          type: 'download-progress',
          file,
          phase: event.phase,
          bytes: event.bytes,
          bytesTotal: event.total ?? undefined,
        });
        break;
      case 'file_retry':
        listen({ type: 'download-retry', file, delayMs: event.delayMs, error: event.error });
        break;
      case 'file_finished':
        listen({ type: 'download-finished', file, bytes: event.size, reused: event.reused });
        break;
      case 'file_failed':
        listen({ type: 'download-failed', file, error: event.error });
        break;
    }
  };

/** Chooses a version, and tells a listener of newer ones that were passed over. */
export const chooseDump = async (
  downloader: Downloader,
  { dumpVersion, dataTypes }: Pick<Config, 'dumpVersion' | 'dataTypes'>,
  listen: RunListener,
  signal: AbortSignal,
): Promise<DumpChoice> => {
  const choice = await downloader.choose({ version: dumpVersion, types: dataTypes, signal });
  for (const { version, missing } of choice.passedOver) listen({ type: 'version-passed-over', version, missing });
  return choice;
};

/** Tells a listener what the downloader finds worth telling beside. */
export const reportNotice =
  (listen: RunListener) =>
  (notice: DownloaderNotice): void => {
    switch (notice.kind) {
      case 'metadata_damaged':
        listen({ type: 'metadata-set-aside', path: notice.movedTo });
        break;
      case 'version_pruned':
        listen({ type: 'version-pruned', version: notice.version, files: notice.files });
        break;
      case 'checksum_retry':
        listen({ type: 'download-retry', file: notice.file, delayMs: notice.delayMs, error: notice.error });
        break;
    }
  };
