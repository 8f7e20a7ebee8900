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
