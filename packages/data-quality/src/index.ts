export {
  countFinding,
  createQualityCounts,
  type ExceededRule,
  findExceededRules,
  mergeQualityCounts,
  type QualityCounts,
  type RuleCounts,
} from './counts/quality-counts.js';
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
export { DataQualityError, type DataQualityErrorCode, type DataQualityErrorFacts, type RulesIssue } from './errors.js';
export {
  type FilteredField,
  type FlaggedRecord,
  isQualityFinding,
  type QualityFinding,
  type RuleViolation,
  type SkipReason,
} from './finding.js';
export {
  DEFAULT_MAX_FLAGGED_RECORDS,
  type FlaggedProgress,
  type FlaggedReports,
  type FlaggedReportsOptions,
  openFlaggedReports,
  type ReportedFinding,
} from './flagged/flagged-reports.js';
export {
  type FilterRule,
  type NullFilter,
  type QualityRule,
  type RemovalFilter,
  type RuleCondition,
  type Rules,
  SEVERITIES,
  type Severity,
  type SkipRule,
  type TypeRules,
} from './rules.js';
export { describeRules } from './rules-file/describe-rules.js';
export { formatIssue } from './rules-file/issues.js';
export { MAX_RULES_BYTES, type ParsedRules, type ParseRulesOptions, parseRules } from './rules-file/parse-rules.js';
export { readRules } from './rules-file/read-rules.js';
export {
  createRulesTransform,
  RULES_TRANSFORM,
  type RulesTransformModule,
  type RulesTransformOptions,
} from './transform/create-rules-transform.js';
