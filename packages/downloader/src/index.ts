export { parseChecksumFile } from './checksum-file.js';
export type { ChooseOptions, Downloader, DownloadOptions } from './downloader.js';
export { createDownloader } from './downloader.js';
export type {
  ChecksumFileErrorCode,
  DownloaderErrorCode,
  SourceErrorCode,
  StorageErrorCode,
  VersionErrorCode,
  VersionSummary,
} from './errors.js';
export {
  ChecksumError,
  ChecksumFileError,
  DownloaderError,
  SourceError,
  StorageError,
  VersionError,
} from './errors.js';
export type {
  DownloadEvent,
  DownloaderNotice,
  FileFailed,
  FileFinished,
  FileProgress,
  FileRetry,
  FileStarted,
} from './events.js';
export type { FallbackSourceOptions } from './fallback-source.js';
export { createFallbackSource } from './fallback-source.js';
export type { VerifiedFile } from './file-task.js';
export type { FolderSourceOptions } from './folder/folder-source.js';
export { createFolderSource } from './folder/folder-source.js';
export type { ProxyOptions } from './http/proxy.js';
export type { TransportOptions } from './http/transport.js';
export type { FileMemory } from './metadata-store.js';
export type { DataType, DumpFileName } from './names.js';
export { checksumFileName, DATA_TYPES, dataFileName, isVersion, parseFileName } from './names.js';
export type { DownloaderOptions, RetryOptions } from './options.js';
export type { S3Credentials, S3SourceOptions } from './s3/s3-source.js';
export { createS3Source } from './s3/s3-source.js';
export type { DumpFile, DumpListing, DumpSource, DumpStream, DumpVersion } from './source.js';
export type { DumpChoice } from './version-choice.js';
export type { WebSourceOptions } from './web/web-source.js';
export { createWebSource } from './web/web-source.js';
