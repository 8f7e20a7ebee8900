export {
  type DecideOptions,
  type Decision,
  type DecisionAction,
  type DecisionReason,
  decide,
  type WantedFile,
} from './decide/decide.js';
export { type FilePlan, type FilePlanReason, planFile } from './decide/plan-file.js';
export {
  type MarkerIssue,
  StateMarkerError,
  type StateMarkerErrorCode,
  type StateMarkerErrorFacts,
  type StoreOperation,
  type TransitionRule,
} from './errors.js';
export {
  type Annotations,
  type Checkpoint,
  type Destination,
  type DownloadPhase,
  type ExtractionComplete,
  type FileDownload,
  type FileProgress,
  MAX_ERRORS,
  METADATA_VERSION,
  type ProcessingPhase,
  type PublishingPhase,
  type RunSummary,
  type StateMarker,
  type Status,
  watermarkOf,
} from './marker.js';
export { createMarkerSession, type MarkerSession, type MarkerSessionOptions } from './session/marker-session.js';
export { createMarkerStore, type MarkerStoreOptions } from './store/create-marker-store.js';
export { createFileMarkerStore, type FileMarkerStoreOptions } from './store/file-store.js';
export type { MarkerBackend } from './store/marker-backend.js';
export type { LoadResult, MarkerStore } from './store/marker-store.js';
export { parseMarker, serializeMarker } from './store/marker-text.js';
export { createMemoryMarkerStore, type MemoryMarkerStoreOptions } from './store/memory-store.js';
export {
  advanceFileDownload,
  completeDownload,
  completeFileDownload,
  type DownloadedFile,
  failDownload,
  failFileDownload,
  startDownload,
  startFileDownload,
} from './transitions/download.js';
export {
  advanceFile,
  type CompletedFileCounts,
  completeFile,
  completeProcessing,
  deliveredCounts,
  type FileCounts,
  type FileSource,
  failFile,
  failProcessing,
  invalidateFile,
  restartFile,
  startFile,
  startProcessing,
  unfinishedFiles,
} from './transitions/processing.js';
export {
  completeRun,
  createMarker,
  failPublishing,
  recordExtractionComplete,
  recordHeartbeat,
  recordSink,
} from './transitions/run.js';
export { assertVersion, DATA_TYPES, type DataType, dataTypeOf } from './version.js';
export { type WaitForVersionOptions, waitForVersion } from './wait/wait-for-version.js';
