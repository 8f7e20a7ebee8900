export { DATA_TYPES, type DataType } from './data-type.js';
export { assessDrift, type DriftReport } from './drift/assess-drift.js';
export { type ComparisonOptions, compareInventories } from './drift/compare-inventories.js';
export { compareWithFormat, type FormatComparison } from './drift/compare-with-format.js';
export { describeChange, describeTraits, formatShare } from './drift/describe-change.js';
export {
  DRIFT_CHANGE_TYPES,
  type DriftChange,
  type DriftChangeType,
  type PathFacts,
  type PathTrait,
  traitsOf,
} from './drift/drift-change.js';
export {
  type Inventory,
  type Occurrences,
  type PathInventory,
  parseInventory,
  type RecordReference,
  type ValueKind,
} from './drift/inventory.js';
export type { KnownPath } from './drift/known-format.js';
export { DataQualityError, type DataQualityErrorCode, type DataQualityErrorFacts } from './errors.js';
