import { encodeRecords, parseRecords, type RecordFinding } from '@discogs-extractor/parser';
import { expect, test } from 'vitest';
import { createRulesTransform, isQualityFinding, parseRules } from '../../src/index.js';

const RECORDS = 400;

const release = (n: number): string =>
  `<release id="${n}" status="Accepted"><title>${n % 10 === 0 ? '' : `T&amp;${n}`}</title><genres><genre>${
    n % 7 === 0 ? '12' : 'Rock'
  }</genre><genre>Jazz</genre></genres><released>${n % 5 === 0 ? '0' : '1999-03-00'}</released></release>`;

const DUMP = `<releases>\n${Array.from({ length: RECORDS }, (_, index) => release(index + 1)).join('\n')}\n</releases>`;

const { rules } = parseRules(`
skip_records: { releases: [{ field: title, contains: t&13, reason: unlucky }] }
filters:
  releases:
    - { field: genres.genre, remove_matching: '^\\d+$', reason: numeric }
    - { field: released, nullify_when: { type: range, below: 1860 }, reason: sentinel }
rules:
  releases:
    - { name: title, field: title, condition: { type: required }, severity: error }
    - { name: id, field: id, condition: { type: required }, severity: info }
`);

const read = async (workers: number) => {
  const findings: RecordFinding[] = [];
  const lines: string[] = [];
  const transform = createRulesTransform(rules, { addedId: true, maxKeptRecords: 20 });
  const records = encodeRecords(Buffer.from(DUMP), { workers, transform, onFinding: (one) => findings.push(one) });
  for await (const block of records) lines.push(Buffer.from(block.bytes).toString());
  return { findings, lines: lines.join(''), omitted: records.stats.omitted };
};

test('applies rules while a dump is read, on any number of threads', async () => {
  const alone = await read(0);
  expect(alone.omitted).toBe(10);
  expect(alone.findings).toHaveLength(RECORDS);
  const [, , third, , fifth, , seventh, , , tenth] = alone.findings;
  const violation = { rule: 'id', severity: 'info', field: 'id', value: '' };
  expect(third).toEqual({ number: 3, id: '3', finding: { kind: 'quality', violations: [violation] } });
  expect(fifth!.finding).toMatchObject({ filtered: [{ field: 'released', values: 1 }] });
  expect(seventh!.finding).toMatchObject({ filtered: [{ field: 'genres.genre', values: 1 }] });
  const found = tenth!.finding;
  if (!isQualityFinding(found)) throw new Error('no finding of rules');
  expect(found.violations).toEqual([{ rule: 'title', severity: 'error', field: 'title', value: '' }, violation]);
  expect(Buffer.from(found.record!.xml).toString()).toBe(release(10));
  expect(JSON.parse(found.record!.json)).toEqual({
    '@id': '10',
    '@status': 'Accepted',
    genres: { genre: ['Rock', 'Jazz'] },
    released: null,
    title: null,
  });
  expect(alone.findings[12]!.finding).toMatchObject({ skip: { value: 'T&13', reason: 'unlucky' } });
  const kept = alone.findings.filter(({ finding }) => isQualityFinding(finding) && finding.record !== undefined);
  expect(kept).toHaveLength(20);
  expect(alone.lines).toContain('"genres":{"genre":["Jazz"]},"released":"1999-03-00","title":"T&7"');

  const withWorkers = await read(2);
  expect(withWorkers.lines).toBe(alone.lines);
  expect(withWorkers.findings.length).toBe(alone.findings.length);
});

test('leaves records that no rule concerns as they are', async () => {
  const { rules: others } = parseRules('rules: { artists: [] }');
  const hashes = async (transform?: ReturnType<typeof createRulesTransform>): Promise<string[]> => {
    const found: string[] = [];
    for await (const { sha256 } of parseRecords(Buffer.from(DUMP), { transform })) found.push(sha256);
    return found;
  };
  expect(await hashes(createRulesTransform(others))).toEqual(await hashes());
});

test('refuses options that are unknown or wrong', () => {
  const invalid = expect.objectContaining({ code: 'INVALID_OPTIONS' });
  const create = createRulesTransform as (rules: unknown, options?: unknown) => unknown;
  expect(() => create(rules, { maxKept: 1 })).toThrow(invalid);
  expect(() => create(rules, { maxKeptRecords: -1 })).toThrow(invalid);
  expect(() => create(rules, { addedId: 1 })).toThrow(invalid);
  expect(() => create({ releases: {} })).toThrow(invalid);
  expect(() => create(undefined)).toThrow(invalid);
});

test('refuses rules that are not from a file and would fail in a thread, or count nothing', () => {
  const none = { skips: [], filters: [], rules: [] };
  const create = (artists: object) => () =>
    createRulesTransform({ artists: { ...none, ...artists }, labels: none, masters: none, releases: none } as never);
  const rule = { name: 'a', field: 'name', severity: 'error', condition: { type: 'required' } };
  const filter = { field: 'name', reason: '' };
  expect(create({ rules: [{ ...rule, description: undefined, failAbove: 5 }] })()).toBeDefined();
  for (const [artists, place] of [
    [{ skips: undefined }, 'skips must be an array'],
    [{ skips: [{ field: 'name', reason: '' }] }, 'skips[0].contains'],
    [{ filters: [filter] }, 'filters[0] must be'],
    [{ filters: [{ ...filter, removeMatching: '(' }] }, 'filters[0].removeMatching must be a regular expression'],
    [{ filters: [{ ...filter, nullifyWhen: { below: '5' } }] }, 'filters[0].nullifyWhen.below'],
    [{ rules: [rule, { ...rule, field: 5 }] }, 'rules[1].field'],
    [{ rules: [{ ...rule, severity: 'fatal' }] }, 'rules[0].severity'],
    [{ rules: [{ ...rule, fail_above: 5 }] }, 'fail_above'],
    [{ rules: [{ ...rule, condition: undefined }] }, 'rules[0].condition'],
    [{ rules: [{ ...rule, condition: { type: 'reqired' } }] }, 'rules[0].condition.type'],
    [{ rules: [{ ...rule, condition: { type: 'length', min: 1.5 } }] }, 'rules[0].condition.min'],
    [{ rules: [{ ...rule, condition: { type: 'enum', values: [1] } }] }, 'rules[0].condition.values[0]'],
  ] as const) {
    expect(create(artists)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(place) }),
    );
  }
});
