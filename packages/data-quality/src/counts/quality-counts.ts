import type { QualityFinding } from '../finding.js';
import type { Severity, TypeRules } from '../rules.js';

/** What rules found in a dump so far: plain data, which can be written as JSON. */
export interface QualityCounts {
  /** Records that were skipped. */
  skipped: number;
  /** The same, by reason. */
  readonly skipReasons: Record<string, number>;
  /** Values that filters removed or made `null`, by path. */
  readonly filtered: Record<string, number>;
  /** Records that violate at least one rule. */
  flagged: number;
  /** Violations of rules with the severity `error`. */
  error: number;
  warning: number;
  info: number;
  /** The rules that are violated, by name. */
  readonly rules: Record<string, RuleCounts>;
}

export interface RuleCounts {
  readonly severity: Severity;
  /** A record with several values can violate a rule several times. */
  violations: number;
  /** Records that violate the rule at least once. */
  records: number;
}

export const createQualityCounts = (): QualityCounts => ({
  skipped: 0,
  skipReasons: {},
  filtered: {},
  flagged: 0,
  error: 0,
  warning: 0,
  info: 0,
  rules: {},
});

/** Adds the finding of one record. */
export const countFinding = (counts: QualityCounts, { violations, skip, filtered = [] }: QualityFinding): void => {
  if (skip !== undefined) {
    counts.skipped++;
    add(counts.skipReasons, skip.reason, 1);
  }
  for (const { field, values } of filtered) add(counts.filtered, field, values);
  if (violations.length > 0) counts.flagged++;
  const violated = new Set<string>();
  for (const { rule, severity } of violations) {
    counts[severity]++;
    const ofRule = ruleCounts(counts, rule, severity);
    ofRule.violations++;
    if (!violated.has(rule)) ofRule.records++;
    violated.add(rule);
  }
};

/** Adds the counts of other records of the same dump. */
export const mergeQualityCounts = (counts: QualityCounts, others: QualityCounts): void => {
  for (const name of ['skipped', 'flagged', 'error', 'warning', 'info'] as const) counts[name] += others[name];
  for (const [reason, records] of Object.entries(others.skipReasons)) add(counts.skipReasons, reason, records);
  for (const [field, values] of Object.entries(others.filtered)) add(counts.filtered, field, values);
  for (const [rule, { severity, violations, records }] of Object.entries(others.rules)) {
    const ofRule = ruleCounts(counts, rule, severity);
    ofRule.violations += violations;
    ofRule.records += records;
  }
};

/** A rule that more of a file's records violate than its `failAbove` allows. */
export interface ExceededRule {
  readonly rule: string;
  readonly failAbove: number;
  /** How many records violate the rule, of all of the file. */
  readonly percent: number;
  readonly records: number;
}

/**
 * Finds the rules whose `failAbove` is exceeded.
 *
 * @param records - how many the file has, skipped ones included
 */
export const findExceededRules = ({ rules }: TypeRules, counts: QualityCounts, records: number): ExceededRule[] =>
  rules.flatMap(({ name, failAbove }) => {
    const violating = Object.hasOwn(counts.rules, name) ? counts.rules[name]!.records : 0;
    if (failAbove === undefined || violating === 0) return [];
    const percent = (100 * violating) / records;
    return percent > failAbove ? [{ rule: name, failAbove, percent, records: violating }] : [];
  });

/** Adds to a count of any name: an assignment to `__proto__` would be lost. */
const add = (counts: Record<string, number>, name: string, more: number): void => {
  setMember(counts, name, (Object.hasOwn(counts, name) ? counts[name]! : 0) + more);
};

const ruleCounts = (counts: QualityCounts, rule: string, severity: Severity): RuleCounts => {
  if (!Object.hasOwn(counts.rules, rule)) setMember(counts.rules, rule, { severity, violations: 0, records: 0 });
  return counts.rules[rule]!;
};

const setMember = <T>(object: Record<string, T>, name: string, value: T): void => {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
};
