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
export type { VerifiedFile } from './file-task.js';
export type { FolderSourceOptions } from './folder-source.js';
export { createFolderSource } from './folder-source.js';
export type { FileMemory } from './metadata-store.js';
export type { DataType, DumpFileName } from './names.js';
export { checksumFileName, DATA_TYPES, dataFileName, isVersion, parseFileName } from './names.js';
export type { DownloaderOptions, RetryOptions } from './options.js';
export type { DumpFile, DumpListing, DumpSource, DumpStream, DumpVersion } from './source.js';
export type { DumpChoice } from './version-choice.js';
