import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataQualityError, describeRules, MAX_RULES_BYTES, parseRules, readRules } from '../../src/index.js';

/** Line and key of everything that is wrong with a file. */
const issuesOf = (text: string | Uint8Array): [number, string][] => {
  try {
    parseRules(text);
  } catch (error) {
    expect(error).toBeInstanceOf(DataQualityError);
    expect(error).toMatchObject({ code: 'INVALID_RULES' });
    return (error as DataQualityError).facts.issues!.map(({ line, key }) => [line, key]);
  }
  return [];
};

const warningsOf = (text: string): [number, string][] => parseRules(text).warnings.map(({ line, key }) => [line, key]);

/** A rules file with one rule for releases. */
const withCondition = (condition: string): string =>
  `rules: { releases: [{ name: a, field: title, severity: info, condition: ${condition} }] }`;

const WHOLE = `
# A comment.
skip_records:
  artists:
    - field: profile
      contains: DO NOT USE
      reason: placeholder
filters:
  releases:
    - { field: genres.genre, remove_matching: '^\\d+$', reason: numeric }
  masters:
    - { field: year, nullify_when: { type: range, below: 1860, above: 2027.5 }, reason: sentinel }
rules:
  labels: []
  masters:
    - name: year_1
      description: The year of the first release
      field: year
      condition: { type: range, min: 1900 }
      severity: warning
      fail_above: 2.5
  releases:
    - { name: title, field: title, condition: { type: required }, severity: error }
    - { name: genre, field: genres.genre, condition: { type: enum, values: [Rock, "Folk, World, & Country"] }, severity: info }
    - { name: length, field: country, condition: { type: length, min: 2, max: 40 }, severity: info }
    - { name: html, field: notes, condition: { type: regex, pattern: '<[a-z]+>' }, severity: info }
`;

test('reads every kind of rule', () => {
  const { rules, warnings } = parseRules(WHOLE);
  expect(warnings).toEqual([]);
  expect(rules).toEqual({
    artists: {
      skips: [{ field: 'profile', contains: 'DO NOT USE', reason: 'placeholder' }],
      filters: [],
      rules: [],
    },
    labels: { skips: [], filters: [], rules: [] },
    masters: {
      skips: [],
      filters: [{ field: 'year', nullifyWhen: { below: 1860, above: 2027.5 }, reason: 'sentinel' }],
      rules: [
        {
          name: 'year_1',
          description: 'The year of the first release',
          field: 'year',
          condition: { type: 'range', min: 1900 },
          severity: 'warning',
          failAbove: 2.5,
        },
      ],
    },
    releases: {
      skips: [],
      filters: [{ field: 'genres.genre', removeMatching: '^\\d+$', reason: 'numeric' }],
      rules: [
        { name: 'title', field: 'title', condition: { type: 'required' }, severity: 'error' },
        {
          name: 'genre',
          field: 'genres.genre',
          condition: { type: 'enum', values: ['Rock', 'Folk, World, & Country'] },
          severity: 'info',
        },
        { name: 'length', field: 'country', condition: { type: 'length', min: 2, max: 40 }, severity: 'info' },
        { name: 'html', field: 'notes', condition: { type: 'regex', pattern: '<[a-z]+>' }, severity: 'info' },
      ],
    },
  });
  expect(describeRules(rules)).toHaveLength(8);
  expect(parseRules(Buffer.from(`\ufeff${WHOLE}`)).rules).toEqual(rules);
});

test('takes anchors and aliases, explicit tags and empty sections', () => {
  const { rules } = parseRules(`
skip_records:
rules:
  artists: &shared
    - { name: !!str a, field: name, condition: { type: range, min: !!int "5" }, severity: error }
  labels: *shared
  masters: ~
`);
  expect(rules.labels).toEqual(rules.artists);
  expect(rules.labels.rules[0]!.condition).toEqual({ type: 'range', min: 5 });
});

test('reports everything that is wrong, with line and key', () => {
  const text = `skip_records:
  artists:
    - { field: profile, contains: 5 }
    - nothing
  albums: []
filters:
  releases:
    - { field: title, reason: r, remove_matching: a, nullify_when: { type: range, below: 1 } }
    - { field: title, reason: r }
    - { field: title, reason: r, nullify_when: { type: range } }
    - { field: title, reason: r, nullify_when: { type: regex, below: .nan } }
    - { field: title, reason: r, nullify_when: { type: range, below: 5, above: 4 } }
    - { field: title, reason: r, remove_matching: 'a(?=b)' }
rules:
  releases:
    - { name: a b, field: title, condition: { type: required }, severity: fatal }
    - { name: two, field: title, condition: { type: required, min: 3 }, severity: info }
    - { name: two, field: title, condition: { type: reqired }, severity: info, fail_above: 101 }
    - { name: two, field: title, condition: { type: required }, severity: info, severity: info }
    - { name: n, feild: title, condition: { type: range, min: '5', max: .inf }, severity: info }
    - { name: l, field: title, condition: { type: length, min: 1.5, max: -1 }, severity: info }
    - { name: r, field: title, condition: { type: regex }, severity: info }
    - { name: e, field: title, condition: { type: enum, values: [1, a, ~] }, severity: info }
    - { name: m, field: title, condition: { type: range, min: 5, max: 4 }, severity: info }
  artists: {}
Rules: {}
rules: {}
`;
  expect(issuesOf(text)).toEqual([
    [3, 'skip_records.artists[0]'],
    [3, 'skip_records.artists[0].contains'],
    [4, 'skip_records.artists[1]'],
    [5, 'skip_records.albums'],
    [8, 'filters.releases[0]'],
    [9, 'filters.releases[1]'],
    [10, 'filters.releases[2].nullify_when'],
    [11, 'filters.releases[3].nullify_when.type'],
    [12, 'filters.releases[4].nullify_when'],
    [13, 'filters.releases[5].remove_matching'],
    [16, 'rules.releases[0].name'],
    [16, 'rules.releases[0].severity'],
    [17, 'rules.releases[1].condition.min'],
    [18, 'rules.releases[2].name'],
    [18, 'rules.releases[2].condition.type'],
    [18, 'rules.releases[2].fail_above'],
    [19, 'rules.releases[3].name'],
    [19, 'rules.releases[3].severity'],
    [20, 'rules.releases[4]'],
    [20, 'rules.releases[4].feild'],
    [20, 'rules.releases[4].condition.min'],
    [20, 'rules.releases[4].condition.max'],
    [21, 'rules.releases[5].condition.min'],
    [21, 'rules.releases[5].condition.max'],
    [22, 'rules.releases[6].condition'],
    [23, 'rules.releases[7].condition.values[0]'],
    [23, 'rules.releases[7].condition.values[2]'],
    [24, 'rules.releases[8].condition'],
    [25, 'rules.artists'],
    [26, 'Rules'],
    [27, 'rules'],
  ]);
});

test('reports a name that two rules for a data type have', () => {
  const rule = '{ name: a, field: title, severity: info, condition: { type: required } }';
  expect(issuesOf(`rules:\n  releases:\n  - ${rule}\n  - ${rule}\n  masters:\n  - ${rule}`)).toEqual([
    [4, 'rules.releases[1].name'],
  ]);
});

test('leaves stack traces of other errors as they are', () => {
  const { stackTraceLimit } = Error;
  expect(issuesOf('[,,')).not.toEqual([]);
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
});

test('quotes no value in full, and no advice of the YAML library to its users', () => {
  const long = 'x'.repeat(100_000);
  for (const text of [`rules: "a" ${long}`, `rules: { labels: [{ name: '${long}!' }] }`, `rules: {}\n---\n${long}`]) {
    try {
      parseRules(text);
      expect.unreachable(text.slice(0, 20));
    } catch (error) {
      const { message } = error as Error;
      expect(message.length).toBeLessThan(2000);
      expect(message).not.toContain('YAML.');
    }
  }
});

describe('a file as a whole', () => {
  test.each([
    ['empty', '', 1],
    ['comments only', '# a\n# b\n', 1],
    ['null', '~', 1],
    ['an empty mapping', '{}', 1],
    ['text', 'rules', 1],
    ['a list', '- rules', 1],
    ['not closed', 'rules: {\n  artists: [\n', 3],
    ['wrong indentation', 'rules:\n  artists:\n - a', 2],
    ['a tab', 'rules:\n\tartists: []', 2],
    ['two documents', 'rules: {}\n---\nrules: {}', 2],
    ['an unknown tag', 'rules: !!binary aGk=', 1],
    ['a custom tag', '\nrules: !x {}', 2],
    ['an alias without an anchor', 'rules:\n  artists: *a', 2],
    ['an alias before its anchor', 'rules:\n  artists: *a\n  labels: &a []', 2],
    ['an alias of itself', 'rules: &a\n  artists: *a', 2],
    ['a merge key', 'rules: &a\n  artists: []\nfilters:\n  <<: *a', 4],
    ['nested too deeply', `rules:\n  ${'['.repeat(100_000)}`, 2],
    ['nested too deeply in blocks', `\n${'- '.repeat(100_000)}`, 2],
    ['nested too deeply by keys', `\n${'{a: '.repeat(100_000)}`, 2],
    ['a key that is a list', 'rules: { [a, b]: [] }', 1],
    ['the rules of an object', 'rules: { constructor: [], __proto__: [] }', 1],
  ])('is refused: %s', (_, text, line) => {
    expect(issuesOf(text)[0]?.[0]).toBe(line);
  });

  test('is refused if it is too large, not UTF-8, or has too many values through aliases', () => {
    expect(issuesOf(`# ${'x'.repeat(MAX_RULES_BYTES)}\n${WHOLE}`)).toEqual([[1, '']]);
    expect(issuesOf(Buffer.concat([Buffer.from(WHOLE), Buffer.from([0x23, 0xff])]))).toEqual([[1, '']]);
    const values = `[${'a,'.repeat(1000)}a]`;
    const rules = Array.from({ length: 1000 }, (_, n) => `- {<<: 1, name: r${n}, condition: *c}`).join('\n  ');
    const bomb = `rules:\n  artists:\n  - {condition: &c {type: enum, values: ${values}}}\n  ${rules}`;
    expect(issuesOf(bomb).filter(([, key]) => key === '')).toEqual([[1, '']]);
  });

  test('may have release groups, which have no effect', () => {
    const text = 'rules: { release-groups: [{ anything: 1 }] }';
    expect(parseRules(text).rules.releases.rules).toEqual([]);
    expect(warningsOf(text)).toEqual([[1, 'rules.release-groups']]);
  });
});

describe('warns of', () => {
  test.each([
    [
      'a field that no dump has',
      'rules: { releases: [{ name: a, field: year, severity: info, condition: { type: range, min: 1 } }] }',
      'field',
    ],
    [
      'the id, which masters have as an attribute',
      'rules: { masters: [{ name: a, field: id, severity: info, condition: { type: required } }] }',
      'field',
    ],
    [
      'an element without text',
      'rules: { releases: [{ name: a, field: genres, severity: info, condition: { type: required } }] }',
      'field',
    ],
    ['a range without bounds', withCondition('{ type: range }'), ''],
    ['a length that every text has', withCondition('{ type: length, min: 0 }'), ''],
    ['a list of no values', withCondition('{ type: enum, values: [] }'), ''],
  ])('%s', (_, text, key) => {
    expect(parseRules(text).warnings.map((warning) => warning.key.replace(/^rules\.\w+\[0\]\.?/, ''))).toEqual([key]);
  });

  test('a skip of everything, a path in nullify_when, and a rule on what a filter removes', () => {
    const text = `
skip_records: { labels: [{ field: profile, contains: '', reason: r }] }
filters:
  releases:
    - { field: genres.genre, remove_matching: '^\\d+$', reason: r }
    - { field: labels.label, nullify_when: { type: range, below: 1 }, reason: r }
  masters: [{ field: year, nullify_when: { type: range, below: 1860, above: 2027 }, reason: r }]
rules:
  releases: [{ name: a, field: genres.genre, severity: info, condition: { type: regex, pattern: '^\\d+$' } }]
  masters:
    - { name: a, field: year, severity: info, condition: { type: range, min: 1860, max: 2027 } }
    - { name: b, field: year, severity: info, condition: { type: range, min: 1861 } }
    - { name: c, field: year, severity: info, condition: { type: range, max: 2030 } }
`;
    expect(warningsOf(text)).toEqual([
      [2, 'skip_records.labels[0]'],
      [6, 'filters.releases[1].field'],
      [9, 'rules.releases[0]'],
      [11, 'rules.masters[0]'],
      [13, 'rules.masters[2]'],
    ]);
  });

  test.each(['tracklist.track.sub_tracks.track.sub_tracks.track.title', 'artists.artist.0.name', 'master_id.#text'])(
    'nothing for %s',
    (field) => {
      expect(warningsOf(withCondition('{ type: required }').replace('field: title', `field: '${field}'`))).toEqual([]);
    },
  );
});

describe('a path', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rules-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read, and named with each error', async () => {
    const path = join(folder, 'rules.yaml');
    await writeFile(path, WHOLE);
    expect((await readRules(path)).rules).toEqual(parseRules(WHOLE).rules);
    await writeFile(path, `${WHOLE}more: 1\nothers: 1\n`);
    const error = await readRules(path).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_RULES', facts: { path } });
    expect(error.message.match(/rules\.yaml:\d+: /g)).toHaveLength(2);
    await writeFile(path, '#'.repeat(MAX_RULES_BYTES + 1));
    await expect(readRules(path)).rejects.toMatchObject({ code: 'INVALID_RULES' });
  });

  test('that cannot be read is named', async () => {
    const path = join(folder, 'missing.yaml');
    await expect(readRules(path)).rejects.toMatchObject({ code: 'RULES_UNREADABLE', facts: { path, errno: 'ENOENT' } });
    await expect(readRules(folder)).rejects.toMatchObject({ code: 'RULES_UNREADABLE', facts: { errno: 'EISDIR' } });
  });
});
