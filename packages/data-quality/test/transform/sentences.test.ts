import { describe, expect, test } from 'vitest';
import { parseRules, type QualityFinding } from '../../src/index.js';
import { createTransform, type RecordContext } from '../../src/transform/rules-transform.js';

/*
 * The semantics of rules, sentence by sentence, without a parser: on records of the raw shape.
 */

const XML = new TextEncoder().encode('<xml/>');

interface Outcome {
  /** `undefined` if it is skipped. */
  readonly record: object | undefined;
  readonly finding: QualityFinding | undefined;
}

/** Applies a rules file, whose sections are those of releases, to a release. */
const apply = (sections: string, record: object, { addedId = false, maxKeptRecords = 10 } = {}): Outcome => {
  const { rules } = parseRules(sections);
  const { transform } = createTransform({ rules, maxKeptRecords, addedId }, { dataType: 'releases' });
  let finding: QualityFinding | undefined;
  const original = structuredClone(record);
  const context: RecordContext = {
    unchanged: {},
    record: () => structuredClone(original),
    xml: () => XML,
    report: (reported) => {
      finding = structuredClone(reported) as QualityFinding;
    },
  };
  const returned = transform(record as Record<string, unknown>, context);
  if (returned === context.unchanged) expect(record).toEqual(original);
  return { record: returned === context.unchanged ? original : returned, finding };
};

const quoted = (text: string): string => JSON.stringify(text);

const violations = (field: string, condition: string, record: object): string[] => {
  const sections = `rules: { releases: [{ name: r, field: ${quoted(field)}, severity: info, condition: ${condition} }] }`;
  const { finding } = apply(sections, record);
  return (finding?.violations ?? []).map((violation) => {
    expect(violation).toMatchObject({ rule: 'r', severity: 'info', field });
    return violation.value;
  });
};

const isSkipped = (field: string, contains: string, record: object): boolean =>
  apply(`skip_records: { releases: [{ field: ${quoted(field)}, contains: ${quoted(contains)}, reason: why }] }`, record)
    .record === undefined;

const remove = (field: string, pattern: string, record: object): unknown =>
  apply(
    `filters: { releases: [{ field: ${quoted(field)}, remove_matching: ${quoted(pattern)}, reason: why }] }`,
    record,
  ).record;

const nullify = (value: unknown, bounds = 'below: 1860, above: 2027'): unknown => {
  const sections = `filters: { releases: [{ field: f, nullify_when: { type: range, ${bounds} }, reason: why }] }`;
  return (apply(sections, { f: value }).record as { f: unknown }).f;
};

/** All values that a path resolves to, in their order. */
const resolved = (field: string, record: object): string[] => violations(field, '{ type: enum, values: [] }', record);

describe('a path', () => {
  test('resolves to strings, numbers as text, and null as an empty string', () => {
    expect(resolved('a', { a: 'x' })).toEqual(['x']);
    expect(resolved('a', { a: 1999 })).toEqual(['1999']);
    expect(resolved('a', { a: null })).toEqual(['']);
  });

  test('resolves to nothing for objects, booleans, and members that are absent', () => {
    expect(resolved('a', { a: { b: 'x' } })).toEqual([]);
    expect(resolved('a', { a: true })).toEqual([]);
    expect(resolved('b', { a: 'x' })).toEqual([]);
    expect(resolved('a.b', { a: 'x' })).toEqual([]);
    expect(resolved('constructor.name', { a: 'x' })).toEqual([]);
    expect(resolved('__proto__', JSON.parse('{"__proto__":"x"}'))).toEqual(['x']);
  });

  test('spreads arrays at each step and at its end', () => {
    expect(resolved('a.b', { a: [{ b: 'x' }, { b: ['y', null, { c: 'z' }] }, 'w', {}] })).toEqual(['x', 'y', '']);
  });

  test('picks an element of an array by a number', () => {
    expect(resolved('a.1.b', { a: [{ b: 'x' }, { b: 'y' }] })).toEqual(['y']);
    expect(resolved('a.b.0', { a: [{ b: ['x', 'y'] }, { b: 'z' }] })).toEqual(['x']);
    expect(resolved('a.0', { a: 'x' })).toEqual([]);
    expect(resolved('a.7', { a: ['x'] })).toEqual([]);
  });
});

describe('a skip', () => {
  test('finds its text in any value, in upper or lower case of Unicode', () => {
    expect(isSkipped('a.b', 'DO NOT USE', { a: { b: ['x', 'please do Not use!'] } })).toBe(true);
    expect(isSkipped('a', 'σίσυφος', { a: 'ΣΊΣΥΦΟΣ' })).toBe(true);
    expect(isSkipped('a', 'İ', { a: 'i\u0307' })).toBe(true);
    expect(isSkipped('a', 'ss', { a: 'ß' })).toBe(false);
    expect(isSkipped('b', 'x', { a: 'x' })).toBe(false);
  });

  test('reports the first value, its own reason and the record before filters, and ends there', () => {
    const { record, finding } = apply(
      `
skip_records:
  releases:
    - { field: b, contains: y, reason: one }
    - { field: a.c, contains: x, reason: two }
    - { field: a.c, contains: x, reason: three }
filters: { releases: [{ field: a.c, remove_matching: x, reason: r }] }
rules: { releases: [{ name: n, field: b, severity: error, condition: { type: required } }] }
`,
      { a: { c: ['w', 'xX', 'x'] } },
    );
    expect(record).toBeUndefined();
    expect(finding).toEqual({
      kind: 'quality',
      violations: [],
      skip: { field: 'a.c', value: 'xX', reason: 'two' },
      record: { xml: XML, json: JSON.stringify({ a: { c: ['w', 'xX', 'x'] } }, null, 2) },
    });
  });
});

describe('a filter that removes', () => {
  test('removes strings of an array, which stays', () => {
    expect(remove('a.b', '^\\d+$', { a: { b: ['1', 'x', null, { c: '1' }] } })).toEqual({
      a: { b: ['x', null, { c: '1' }] },
    });
    expect(remove('a.b', '^\\d+$', { a: { b: ['1', '2'] } })).toEqual({ a: { b: [] } });
    expect(remove('a.b', '^\\d+$', { a: { b: ['1', 'x'] } })).toEqual({ a: { b: ['x'] } });
  });

  test('removes a member that is one string', () => {
    expect(remove('a.b', '^\\d+$', { a: { b: '12', c: '1' } })).toEqual({ a: { c: '1' } });
    expect(remove('a', '\\d', { a: 'x1', c: '1' })).toEqual({ c: '1' });
    expect(remove('a', '^$', { a: null })).toEqual({ a: null });
  });

  test('does not spread arrays on the way, and picks elements by numbers', () => {
    expect(remove('a.b', 'x', { a: [{ b: 'x' }] })).toEqual({ a: [{ b: 'x' }] });
    expect(remove('a.0.b', 'x', { a: [{ b: 'x' }, { b: 'x' }] })).toEqual({ a: [{}, { b: 'x' }] });
  });
});

describe('a filter that makes null', () => {
  test.each([
    '1859',
    '2028',
    '1859.9',
    '0',
    '-5',
    '1700-01-02',
    '1700/1',
    '1700 or so',
    '1700.',
    '170T',
    '1e9',
    'inf',
    '-INF',
  ])('makes %s null', (value) => {
    expect(nullify(value)).toBe(null);
  });

  test.each([
    '1860',
    '2027',
    '1999-03-00',
    '',
    'x',
    'nan',
    ' 1700',
    '+',
    '-',
    'e5',
    '0x10',
    '1_0',
    '１７００',
    '1700x',
  ])('leaves %j', (value) => {
    expect(nullify(value)).toBe(value);
  });

  test('trims the beginning that it takes for a number, and takes numbers, one bound, and no lists', () => {
    expect(nullify('\t1700\u2003-01')).toBe(null);
    expect(nullify('1700\n')).toBe(null);
    expect(nullify(5)).toBe(null);
    expect(nullify(['5'])).toEqual(['5']);
    expect(nullify(null)).toBe(null);
    expect(nullify('-5', 'above: 4')).toBe('-5');
    expect(nullify('5', 'above: 4')).toBe(null);
  });

  test('names a member of the record, of whose name a dot is a part', () => {
    const filter = 'filters: { releases: [{ field: a.b, nullify_when: { type: range, above: 1 }, reason: r }] }';
    expect(apply(filter, { a: { b: '5' }, 'a.b': '5' }).record).toEqual({ a: { b: '5' }, 'a.b': null });
  });
});

describe('a rule', () => {
  test('required is violated if there is nothing, and once for each empty value', () => {
    expect(violations('a', '{ type: required }', {})).toEqual(['']);
    expect(violations('a', '{ type: required }', { a: {} })).toEqual(['']);
    expect(violations('a', '{ type: required }', { a: [null, 'x', ''] })).toEqual(['', '']);
    expect(violations('a', '{ type: required }', { a: '  ' })).toEqual([]);
    expect(violations('a', '{ type: required }', { a: [{}, 'x'] })).toEqual([]);
  });

  test('range is violated by numbers outside of it', () => {
    const range = '{ type: range, min: -1.5, max: 2027 }';
    const values = [
      '-1.5',
      '2027',
      '2028',
      '-2',
      '+2028',
      '2.1e3',
      '-inf',
      'NaN',
      '2028-01-01',
      ' 2028',
      '',
      '.5',
      '5.',
      '1e',
    ];
    expect(violations('a', range, { a: values })).toEqual(['2028', '-2', '+2028', '2.1e3', '-inf']);
  });

  test('regex is violated by a match anywhere', () => {
    expect(violations('a', "{ type: regex, pattern: '\\d' }", { a: ['x', 'x1', '٣', null] })).toEqual(['x1', '٣']);
  });

  test('length counts characters', () => {
    const values = ['', 'a', 'ab', '😀😀', '😀😀😀', 'abcd'];
    expect(violations('a', '{ type: length, min: 1, max: 3 }', { a: values })).toEqual(['', 'abcd']);
    expect(violations('a', '{ type: length, max: 1 }', { a: values })).toEqual(['ab', '😀😀', '😀😀😀', 'abcd']);
  });

  test('enum is violated by any other value, also by an empty one', () => {
    expect(violations('a', '{ type: enum, values: [x, y] }', { a: ['x', 'X', null] })).toEqual(['X', '']);
    expect(violations('b', '{ type: enum, values: [x] }', {})).toEqual([]);
  });

  test('sees the record after all filters, and never holds it back', () => {
    const { record, finding } = apply(
      `
filters:
  releases:
    - { field: g.g, remove_matching: '^\\d+$', reason: numeric }
    - { field: year, nullify_when: { type: range, below: 1860 }, reason: sentinel }
    - { field: year, nullify_when: { type: range, below: 1860 }, reason: again }
rules:
  releases:
    - { name: one, field: g.g, severity: info, condition: { type: regex, pattern: '\\d' } }
    - { name: two, field: year, severity: warning, condition: { type: required } }
`,
      { g: { g: ['1', '2', 'x3'] }, year: '0' },
    );
    const after = { g: { g: ['x3'] }, year: null };
    expect(record).toEqual(after);
    expect(finding).toEqual({
      kind: 'quality',
      filtered: [
        { field: 'g.g', reason: 'numeric', values: 2 },
        { field: 'year', reason: 'sentinel', values: 1 },
      ],
      violations: [
        { rule: 'one', severity: 'info', field: 'g.g', value: 'x3' },
        { rule: 'two', severity: 'warning', field: 'year', value: '' },
      ],
      record: { xml: XML, json: JSON.stringify(after, null, 2) },
    });
  });
});

test('keeps records for errors and warnings only, and so many of them', () => {
  const rule = (severity: string): string =>
    `rules: { releases: [{ name: n, field: title, severity: ${severity}, condition: { type: required } }] }`;
  expect(apply(rule('error'), {}).finding?.record).toBeDefined();
  expect(apply(rule('info'), {}).finding?.record).toBeUndefined();
  const { finding } = apply(rule('error'), {}, { maxKeptRecords: 0 });
  expect(finding).toMatchObject({ violations: [{ rule: 'n' }] });
  expect(finding).not.toHaveProperty('record');
});

test('hides an id that was added, and leaves it in the record', () => {
  const sections = `
filters: { releases: [{ field: id, remove_matching: '5', reason: r }, { field: title, remove_matching: x, reason: r }] }
rules: { releases: [{ name: n, field: id, severity: error, condition: { type: required } }] }
`;
  const added = apply(sections, { '@id': '5', id: '5', title: 'x' }, { addedId: true });
  expect(added.record).toEqual({ '@id': '5', id: '5' });
  expect(added.finding?.violations).toHaveLength(1);
  expect(JSON.parse(added.finding!.record!.json)).toEqual({ '@id': '5' });
  // Without the attribute, it is the record's own.
  expect(apply(sections, { id: '5' }, { addedId: true }).record).toEqual({});
  expect(apply(sections, { '@id': '5', id: '5' }).record).toEqual({ '@id': '5' });
});
