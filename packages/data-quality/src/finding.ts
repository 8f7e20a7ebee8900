import type { Severity } from './rules.js';

/** What rules found in a record: that it is skipped, changed or flagged. */
export interface QualityFinding {
  readonly kind: 'quality';
  /** In the order of the rules; a rule is violated once by each value. */
  readonly violations: readonly RuleViolation[];
  /** Why the record is skipped. */
  readonly skip?: SkipReason | undefined;
  /** The filters that changed the record. */
  readonly filtered?: readonly FilteredField[] | undefined;
  /** The record itself, if it is skipped, or violates a rule of the severity `error` or `warning`. */
  readonly record?: FlaggedRecord | undefined;
}

export interface RuleViolation {
  /** The rule's name. */
  readonly rule: string;
  readonly severity: Severity;
  /** The rule's path. */
  readonly field: string;
  /** The value that violates the rule: empty if there is none. */
  readonly value: string;
}

export interface SkipReason {
  readonly field: string;
  /** The value that contains the text. */
  readonly value: string;
  readonly reason: string;
}

export interface FilteredField {
  readonly field: string;
  readonly reason: string;
  /** How many values were removed or made `null`. */
  readonly values: number;
}

export interface FlaggedRecord {
  /** The record's bytes in the dump. */
  readonly xml: Uint8Array;
  /** The record in the raw shape as JSON, indented by two spaces: after the filters, or as it was if it is skipped. */
  readonly json: string;
}

/** Whether something that a transform reported is a finding of rules. */
export const isQualityFinding = (finding: unknown): finding is QualityFinding =>
  typeof finding === 'object' && finding !== null && (finding as Partial<QualityFinding>).kind === 'quality';
