import { compileExpression } from '../regex/expression.js';
import type { FilterRule, NullFilter, RemovalFilter } from '../rules.js';
import { parseLeadingFloat } from './parse-float.js';
import { findParent, memberOf, parsePath, type RecordObject } from './path.js';

export interface Filter {
  readonly field: string;
  readonly reason: string;
  /** Changes a record, and returns how many values it removed or made `null`. */
  readonly apply: (record: RecordObject) => number;
}

/** @throws ExpressionError */
export const compileFilter = (rule: FilterRule): Filter => ({
  field: rule.field,
  reason: rule.reason,
  apply: 'removeMatching' in rule ? compileRemoval(rule) : compileNull(rule),
});

const compileRemoval = ({ field, removeMatching }: RemovalFilter): Filter['apply'] => {
  const path = parsePath(field);
  const { name } = path.at(-1)!;
  const matches = compileExpression(removeMatching);
  const isRemoved = (value: unknown): boolean => typeof value === 'string' && matches(value);
  return (record) => {
    const parent = findParent(record, path);
    const value = parent && memberOf(parent, name);
    if (Array.isArray(value)) {
      if (!value.some(isRemoved)) return 0;
      const kept = value.filter((element) => !isRemoved(element));
      parent![name] = kept;
      return value.length - kept.length;
    }
    if (!isRemoved(value)) return 0;
    delete parent![name];
    return 1;
  };
};

const compileNull = ({ field, nullifyWhen: { below, above } }: NullFilter): Filter['apply'] => {
  const min = below ?? Number.NEGATIVE_INFINITY;
  const max = above ?? Number.POSITIVE_INFINITY;
  return (record) => {
    const value = memberOf(record, field);
    const number = typeof value === 'string' ? parseLeadingFloat(value) : value;
    if (typeof number !== 'number' || !(number < min || number > max)) return 0;
    record[field] = null;
    return 1;
  };
};
