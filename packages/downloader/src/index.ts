export type { ChecksumsOptions, ChooseOptions, Downloader, DownloadOptions } from './downloader.js';
export { createDownloader } from './downloader.js';
export type {
  DumpFile,
  DumpListing,
  DumpSource,
  DumpStream,
  DumpVersion,
  ListOptions,
  OpenOptions,
} from './dump-source.js';
export type { DownloaderErrorCode, DownloaderErrorFacts, SourceErrorCode, VersionSummary } from './errors.js';
export { DownloaderError } from './errors.js';
export type {
  DownloadEvent,
  DownloadFailed,
  DownloadFinished,
  DownloadProgress,
  DownloadRetry,
  DownloadStarted,
  ListingPageSkipped,
  ListingRetry,
  MetadataSetAside,
  SourceFallback,
  VersionPruned,
} from './events.js';
export type { ProxyOptions } from './http/proxy.js';
export type { TransportOptions } from './http/transport.js';
export type { DataType, DumpFileName } from './names.js';
export { checksumFileName, DATA_TYPES, dataFileName, isVersion, parseFileName } from './names.js';
export type { DownloaderOptions } from './options.js';
export { parseChecksumFile } from './plan/checksum-file.js';
export type { DumpChoice } from './plan/choose-version.js';
export type { RetryOptions } from './retry.js';
export type { FallbackSourceOptions } from './sources/fallback-source.js';
export { createFallbackSource } from './sources/fallback-source.js';
export type { FolderSourceOptions } from './sources/folder/folder-source.js';
export { createFolderSource } from './sources/folder/folder-source.js';
export type { S3Credentials } from './sources/s3/s3-client.js';
export type { S3SourceOptions } from './sources/s3/s3-source.js';
export { createS3Source } from './sources/s3/s3-source.js';
export type { WebSourceOptions } from './sources/web/web-source.js';
export { createWebSource } from './sources/web/web-source.js';
export type { FileIdentity, KnownContent } from './storage/file-identity.js';
export { identityOfOpen, isUnchanged } from './storage/file-identity.js';
export type { FileMetadata } from './storage/metadata-store.js';
export type { VerifiedFile } from './transfer/file-download.js';
