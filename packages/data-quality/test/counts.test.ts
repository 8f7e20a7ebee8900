import { expect, test } from 'vitest';
import {
  countFinding,
  createQualityCounts,
  findExceededRules,
  mergeQualityCounts,
  type QualityFinding,
  type QualityRule,
} from '../src/index.js';

const violation = (rule: string, severity: 'error' | 'warning' | 'info', value = '') => ({
  ...{ rule, severity, value },
  field: 'title',
});

const FINDINGS: QualityFinding[] = [
  { kind: 'quality', violations: [violation('a', 'error'), violation('a', 'error'), violation('b', 'info')] },
  { kind: 'quality', violations: [violation('a', 'error')], filtered: [{ field: 'year', reason: 'r', values: 2 }] },
  { kind: 'quality', violations: [], skip: { field: 'profile', value: 'x', reason: '__proto__' } },
  { kind: 'quality', violations: [violation('__proto__', 'warning')] },
];

const EXPECTED = {
  skipped: 1,
  skipReasons: JSON.parse('{"__proto__":1}'),
  filtered: { year: 2 },
  flagged: 3,
  error: 3,
  warning: 1,
  info: 1,
  rules: JSON.parse(
    `{"a":{"severity":"error","violations":3,"records":2},"b":{"severity":"info","violations":1,"records":1},
      "__proto__":{"severity":"warning","violations":1,"records":1}}`,
  ),
};

test('counts violations, records and skipped records, and merges counts', () => {
  const all = createQualityCounts();
  const merged = createQualityCounts();
  for (const finding of FINDINGS) {
    countFinding(all, finding);
    const one = createQualityCounts();
    countFinding(one, finding);
    mergeQualityCounts(merged, JSON.parse(JSON.stringify(one)));
  }
  expect(JSON.stringify(all)).toBe(JSON.stringify(EXPECTED));
  expect(JSON.stringify(merged)).toBe(JSON.stringify(EXPECTED));
});

test('finds the rules that more records violate than they allow', () => {
  const counts = createQualityCounts();
  for (const finding of FINDINGS) countFinding(counts, finding);
  const rule = (name: string, failAbove?: number): QualityRule => ({
    ...{ name, failAbove, severity: 'error', field: 'title' },
    condition: { type: 'required' },
  });
  const rules = [rule('a', 20), rule('b', 9), rule('c', 0), rule('__proto__')];
  expect(findExceededRules({ skips: [], filters: [], rules }, counts, 10)).toEqual([
    { rule: 'b', failAbove: 9, percent: 10, records: 1 },
  ]);
  expect(findExceededRules({ skips: [], filters: [], rules }, createQualityCounts(), 0)).toEqual([]);
});
