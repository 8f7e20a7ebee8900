export {
  type Action,
  type DecideOptions,
  type Decision,
  type DecisionReason,
  decide,
  type WantedFile,
} from './decide.js';
export {
  IllegalTransitionError,
  InvalidMarkerError,
  type MarkerIssue,
  StateMarkerError,
  type StateMarkerErrorCode,
  StoreIoError,
  type StoreOperation,
  type TransitionRule,
  UnsupportedMetadataVersionError,
} from './errors.js';
export { createFileMarkerStore, type FileMarkerStoreOptions } from './file-store.js';
export { createMarkerKeeper, type MarkerKeeper, type MarkerKeeperOptions } from './keeper.js';
export {
  type DownloadPhase,
  type FileDownload,
  type FileProgress,
  MAX_ERRORS,
  METADATA_VERSION,
  type ProcessingPhase,
  type PublishingPhase,
  type StateMarker,
  type Status,
  type Summary,
} from './marker.js';
export { createMemoryMarkerStore, type MemoryMarkerStoreOptions } from './memory-store.js';
export { type FilePlan, type FilePlanReason, planFile } from './plan-file.js';
export { parseMarker, serializeMarker } from './schema.js';
export type { LoadResult, MarkerStore } from './store.js';
export {
  advanceFileDownload,
  completeDownload,
  completeFileDownload,
  failDownload,
  failFileDownload,
  startDownload,
  startFileDownload,
} from './transitions/download.js';
export {
  advanceFile,
  type Completion,
  completeFile,
  completeProcessing,
  failFile,
  failProcessing,
  type Progress,
  restartFile,
  startFile,
  startProcessing,
  unfinishedFiles,
} from './transitions/processing.js';
export { completeRun, createMarker, failPublishing, recordHeartbeat, recordSink } from './transitions/run.js';
export { assertVersion, dataTypeOf } from './version.js';
