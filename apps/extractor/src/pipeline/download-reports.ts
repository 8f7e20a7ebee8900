import type { DownloadEvent, DownloaderNotice } from '@discogs-extractor/downloader';
import type { RunListener } from '../report/run-events.js';

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
        listen({ type: 'download-progress', file, bytes: event.bytes, bytesTotal: event.total ?? undefined });
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
