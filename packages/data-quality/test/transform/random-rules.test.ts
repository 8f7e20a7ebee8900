import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FilterRule, QualityFinding, QualityRule, RuleCondition, SkipRule, TypeRules } from '../../src/index.js';
import { createTransform } from '../../src/transform/rules-transform.js';
import { applyNaively } from './naive-rules.js';

const FIELDS = ['a', 'b', 'a.x', 'a.y', 'a.x.y', 'a.0', 'a.x.1', 'a.1.y', 'b.x', 'c'];
const TEXTS = [
  '',
  'x',
  'Rock',
  'rock!',
  '12',
  '0',
  '1999-03',
  '-5',
  '2028',
  '1e3',
  ' 5',
  '😀',
  'é',
  'ÉÉ',
  'a.b',
  '5.',
  '.5',
];
const PATTERNS = ['^[0-9]+$', 'o', '^$', '^.{2,3}$', '[^ -~]', '(?:a|x)+', '\\.', '-'];
const BOUNDS = [-5, 0, 2.5, 12, 1860, 2027];

const text = fc.constantFrom(...TEXTS);
const field = fc.constantFrom(...FIELDS);
const pattern = fc.constantFrom(...PATTERNS);
const bound = fc.option(fc.constantFrom(...BOUNDS), { nil: undefined });
const length = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined });

const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, text, fc.constant(null), tie('object'), tie('list')),
  list: fc.array(fc.oneof(text, fc.constant(null), tie('object')), { maxLength: 3 }),
  object: fc.record({ x: tie('value'), y: tie('value') }, { requiredKeys: [] }),
}));
const record = fc.record({ a: value, b: value, c: text }, { requiredKeys: [] });

const skip: fc.Arbitrary<SkipRule> = fc.record({ field, contains: text, reason: fc.constant('r') });
const filter: fc.Arbitrary<FilterRule> = fc.oneof(
  fc.record({ field: fc.constantFrom('a', 'b', 'a.x', 'a.x.y'), removeMatching: pattern, reason: fc.constant('r') }),
  fc.record({
    field: fc.constantFrom('a', 'b', 'c'),
    nullifyWhen: fc.record({ below: bound, above: bound }),
    reason: fc.constant('r'),
  }),
);
const condition: fc.Arbitrary<RuleCondition> = fc.oneof(
  fc.record({ type: fc.constant('required' as const) }),
  fc.record({ type: fc.constant('range' as const), min: bound, max: bound }),
  fc.record({ type: fc.constant('regex' as const), pattern }),
  fc.record({ type: fc.constant('length' as const), min: length, max: length }),
  fc.record({ type: fc.constant('enum' as const), values: fc.subarray(TEXTS) }),
);
const rule: fc.Arbitrary<QualityRule> = fc.record({
  name: fc.constantFrom('one', 'two'),
  field,
  severity: fc.constantFrom('error' as const, 'info' as const),
  condition,
});
const rules: fc.Arbitrary<TypeRules> = fc.record({
  skips: fc.array(skip, { maxLength: 1 }),
  filters: fc.array(filter, { maxLength: 3 }),
  rules: fc.array(rule, { maxLength: 4 }),
});

const NONE: TypeRules = { skips: [], filters: [], rules: [] };

test('does with random rules and records what the plainest implementation does', () => {
  fc.assert(
    fc.property(rules, fc.array(record, { minLength: 1, maxLength: 5 }), (artists, records) => {
      const all = { artists, labels: NONE, masters: NONE, releases: NONE };
      const settings = { rules: all, maxKeptRecords: 100, addedId: false };
      const { transform } = createTransform(settings, { dataType: 'artists' });
      for (const one of records) {
        let finding: QualityFinding | undefined;
        const unchanged = {};
        const given = structuredClone(one) as Record<string, unknown>;
        const returned = transform(given, {
          unchanged,
          xml: () => new Uint8Array(),
          record: () => structuredClone(one),
          report: (reported) => {
            finding = reported as QualityFinding;
          },
        });
        const expected = applyNaively(artists, one as Parameters<typeof applyNaively>[1]);
        expect(finding?.skip).toEqual(expected.skip);
        expect((finding?.violations ?? []).map(({ rule: name, value: of }) => [name, of])).toEqual(expected.violations);
        const result = returned === unchanged ? given : returned;
        expect(result).toEqual(expected.skip === undefined ? expected.record : undefined);
        if (finding?.record !== undefined) expect(JSON.parse(finding.record.json)).toEqual(expected.record);
      }
    }),
    { numRuns: 500 },
  );
});
