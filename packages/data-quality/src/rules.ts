import type { DataType } from './data-type.js';

/*
 * Rules as plain data: they can be written as JSON, and sent to threads. A path, such as `genres.genre`, names members
 * of a record in the raw shape, one in the other.
 */

/** How bad a violation is. Records are delivered, whatever they violate. */
export type Severity = 'error' | 'warning' | 'info';

export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Leaves out records that have a text at a path, in upper or lower case. */
export interface SkipRule {
  readonly field: string;
  readonly contains: string;
  readonly reason: string;
}

/** Changes records. */
export type FilterRule = RemovalFilter | NullFilter;

/** Removes the strings at a path that a regular expression matches. */
export interface RemovalFilter {
  readonly field: string;
  readonly removeMatching: string;
  readonly reason: string;
}

/** Makes a member of the record `null` if it is a number below or above a bound, or begins with one. */
export interface NullFilter {
  /** The name of a member of the record: a dot is part of it. */
  readonly field: string;
  readonly nullifyWhen: { readonly below?: number | undefined; readonly above?: number | undefined };
  readonly reason: string;
}

/** What a rule demands of values. */
export type RuleCondition =
  /** There is a value, and it is not empty. */
  | { readonly type: 'required' }
  /** A value that is a number is from `min` to `max`. */
  | { readonly type: 'range'; readonly min?: number | undefined; readonly max?: number | undefined }
  /** A regular expression does not match the value. */
  | { readonly type: 'regex'; readonly pattern: string }
  /** A value has from `min` to `max` characters (code points). */
  | { readonly type: 'length'; readonly min?: number | undefined; readonly max?: number | undefined }
  /** The value is one of these. */
  | { readonly type: 'enum'; readonly values: readonly string[] };

/** Flags records. */
export interface QualityRule {
  /** Letters, digits, `_` and `-`; unique among the rules for a data type. */
  readonly name: string;
  readonly description?: string | undefined;
  readonly field: string;
  readonly condition: RuleCondition;
  readonly severity: Severity;
  /** Per cent of a file's records, from 0 to 100: if more violate the rule, the file is not acceptable. */
  readonly failAbove?: number | undefined;
}

/** What applies to the records of a data type, in the order in which it is applied. */
export interface TypeRules {
  readonly skips: readonly SkipRule[];
  readonly filters: readonly FilterRule[];
  readonly rules: readonly QualityRule[];
}

/** The content of a rules file. */
export type Rules = Readonly<Record<DataType, TypeRules>>;
