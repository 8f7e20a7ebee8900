export {
  type BeginPassOptions,
  type ChangeStore,
  type ChangeStoreOptions,
  changeStorePath,
  type LatestPass,
  openChangeStore,
} from './change-store.js';
export {
  type ComparableBlock,
  type CompareDumpsOptions,
  type ComparisonSummary,
  compareDumps,
  type DumpChange,
  type DumpComparison,
  type ReadDump,
} from './compare/compare-dumps.js';
export { ChangesError, type ChangesErrorCode, type ChangesErrorFacts } from './errors.js';
export { DEFAULT_MAX_DELETED_PERCENT, exceedsMaxDeleted, MIN_ALLOWED_DELETIONS } from './pass/max-deleted.js';
export type {
  Decision,
  Deletion,
  DeletionPlan,
  EndRecordsOptions,
  Pass,
  PassCounts,
  PassMode,
  PendingDecision,
  RecordBlock,
} from './pass/pass.js';
export { readRecordId, UNKNOWN_ID } from './record-id.js';
