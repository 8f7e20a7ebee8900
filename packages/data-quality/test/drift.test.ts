import { describe, expect, it } from 'vitest';
import {
  assessDrift,
  type ComparisonOptions,
  compareInventories,
  compareWithFormat,
  type DriftChange,
  describeChange,
  type Inventory,
  type KnownPath,
  parseInventory,
} from '../src/index.js';
import { takeInventory } from './kit/take-inventory.js';

/** The inventory of `count` labels; `members` returns what follows the id of record `number`. */
const labels = (count: number, members: (number: number) => string): Inventory => {
  const records = Array.from({ length: count }, (_, index) => {
    return `<label><id>${index + 1}</id><name>N</name>${members(index + 1)}</label>\n`;
  });
  return takeInventory('labels', `<labels>\n${records.join('')}</labels>`);
};

const IMAGES = '<images><image type="primary" uri=""/><image type="secondary" uri=""/></images>';
const urls = (number: number): string => (number % 2 === 0 ? '<urls><url>a</url><url>b</url></urls>' : '');

const row = (path: string, rest: Partial<KnownPath> = {}): KnownPath => ({
  path,
  holds: ['text'],
  repeats: false,
  ...rest,
});

/** Images until 2024-12, whose addresses were filled in until 2015; a name of each label until 2024-12. */
const FORMAT: readonly KnownPath[] = [
  row('label', { holds: ['children'] }),
  row('label/id', { required: true, share: 1 }),
  row('label/name', { required: true, share: 1, until: '2024-12' }),
  row('label/name', { share: 1, since: '2024-12' }),
  row('label/urls', { holds: ['children', 'empty'], share: 0.5 }),
  row('label/urls/url', { repeats: true, holds: ['text', 'empty'] }),
  row('label/note', { holds: ['text', 'empty'], omittedSince: '2025-05' }),
  row('label/images', { holds: ['children'], share: 0.3, until: '2024-12' }),
  row('label/images/image', { holds: ['empty'], repeats: true, until: '2024-12' }),
  row('label/images/image/@type', { until: '2024-12' }),
  row('label/images/image/@uri', { until: '2015-03' }),
  row('label/images/image/@uri', { holds: ['empty'], since: '2015-03', until: '2024-12' }),
];

const compare = (before: Inventory, after: Inventory, options: ComparisonOptions = { format: FORMAT }): DriftChange[] =>
  compareInventories(before, after, options);

const brief = (changes: readonly DriftChange[]): string[] =>
  changes.map(({ type, path, below, knownSince }) =>
    [type, path, ...below.map((each) => each.slice(path.length)), ...(knownSince ? [knownSince] : [])].join(' '),
  );

describe('two dumps of a type', () => {
  const before = labels(1000, (number) => `${number % 3 === 0 ? IMAGES : ''}${urls(number)}`);

  it('have no changes if they differ by chance: in rare paths, and in shares of a few records', () => {
    const same = labels(1100, (number) => {
      const rare = number === 1 ? '<urls><url/></urls>' : '';
      return `${number % 3 === 0 ? IMAGES : ''}${rare || urls(number)}`;
    });
    expect(compare(before, same)).toEqual([]);
    expect(compare(same, before)).toEqual([]);
    // Ten records may well lack what a third of the records has.
    expect(
      compare(
        labels(1000, (number) => (number % 3 === 0 ? urls(2) : '')),
        labels(10, () => ''),
      ),
    ).toEqual([]);
    expect(
      compare(
        before,
        labels(0, () => ''),
      ),
    ).toEqual([]);
  });

  it('have no changes if a few records have a lot of something, or if the first ones have more than others', () => {
    const list = (item: string) => `<urls>${item.repeat(20)}</urls>`;
    const blank = labels(500, (number) => list(number % 100 === 0 ? '<url/>' : '<url>a</url>'));
    const filled = labels(500, () => list('<url>a</url>'));
    const typed = (percent: number) =>
      labels(1000, (number) => list(`<url${number % 100 < percent ? ' type="a"' : ''}>a</url>`));
    const first = labels(50, () => urls(2));
    for (const [one, other] of [
      [blank, filled],
      [typed(50), typed(40)],
      [labels(1000, urls), first],
    ] as const) {
      expect(compare(one, other, { format: [...FORMAT, row('label/urls/url/@type')] })).toEqual([]);
      expect(compare(other, one, { format: [...FORMAT, row('label/urls/url/@type')] })).toEqual([]);
    }
    const [half, less] = [typed(50), typed(20)];
    expect(brief(compare(half, less, {}))).toEqual(['share label/urls/url/@type']);
  });

  it('name a path that is gone with those below it, and since when that is known', () => {
    const changes = compare(before, labels(1000, urls));
    expect(brief(changes)).toEqual(['gone label/images /image /image/@type /image/@uri 2024-12']);
    expect(changes[0]).toMatchObject({
      before: { records: 333, share: 0.333, traits: ['children', 'absent'] },
      after: undefined,
      example: { number: 3, id: '3' },
    });
    // A few records suffice, since it is known; the other way round it is known too.
    expect(brief(compare(before, labels(4, urls)))).toEqual(brief(changes));
    expect(brief(compare({ ...labels(4, urls), version: '20260101' }, before))).toEqual([
      'new label/images /image /image/@type /image/@uri 2024-12',
    ]);
    expect(brief(compare(labels(200, urls), before))).toEqual([
      'new label/images /image /image/@type /image/@uri 2024-12',
    ]);
  });

  it('name an unknown path even if one record has it, and one that is unexpectedly gone', () => {
    const after = labels(1000, (number) => {
      const added = number === 77 ? '<vat id="7">DE1</vat>' : '';
      return `${number % 3 === 0 ? IMAGES : ''}${added}`;
    });
    const changes = compare(before, after);
    expect(brief(changes)).toEqual(['gone label/urls /url', 'new label/vat /@id']);
    expect(changes[1]!.example).toEqual({ number: 77, id: '77' });
    expect(describeChange(changes[1]!)).toBe(
      'label/vat and 1 path below are new: in 0.1 % of the records, such as record 77, id 77',
    );
  });

  it('name what a path holds now, whether it repeats, and that it is missing in some places', () => {
    const after = labels(1000, (number) => {
      const link = '<urls><url><b>x</b></url></urls>';
      return `${number % 3 === 0 ? IMAGES.replaceAll('uri=""', 'uri="http"') : ''}${number % 2 === 0 ? link : ''}`;
    });
    const changes = compare(before, after);
    expect(brief(changes)).toEqual([
      'kind label/images/image/@uri 2015-03',
      'kind label/urls/url',
      'new label/urls/url/b',
    ]);
    expect(changes[0]).toMatchObject({ before: { traits: ['empty'] }, after: { traits: ['text'] } });
    expect(changes[1]).toMatchObject({
      before: { traits: ['text', 'repeated'] },
      after: { traits: ['children'] },
      example: { number: 2, id: '2' },
    });
    const twice = labels(1000, (number) => (number === 5 ? '<name>again</name>' : ''));
    expect(
      compare(
        labels(1000, () => ''),
        twice,
      ),
    ).toMatchObject([
      {
        type: 'kind',
        path: 'label/name',
        after: { traits: ['text', 'repeated'], maxRepeats: 2 },
        example: { id: '5' },
      },
    ]);
    const nameless = (count: number, of = 900) =>
      takeInventory(
        'labels',
        `<labels>${'<label><id>1</id></label>\n'.repeat(count)}` +
          `${'<label><id>1</id><name>N</name></label>\n'.repeat(of - count)}</labels>`,
      );
    const named = { ...nameless(0), version: '20200101' };
    const late = { ...nameless(2), version: '20250101' };
    expect(brief(compareInventories(named, late, { format: FORMAT }))).toEqual(['kind label/name 2024-12']);
    // Without versions, those that explain most are assumed.
    expect(brief(compare(nameless(0), nameless(2)))).toEqual(['kind label/name 2024-12']);
    const sameYear = (count: number) => ({ ...nameless(count, 1000), version: '20250101' });
    expect(compare(sameYear(0), sameYear(2))).toEqual([]);
    expect(brief(compare(sameYear(0), sameYear(30)))).toEqual(['kind label/name']);
  });

  it('know what is left out where it is empty', () => {
    const note = (text: string) => (number: number) => (number % 10 === 0 ? '<note>Noted</note>' : text);
    const written = { ...labels(500, note('<note/>')), version: '20250101' };
    const omitted = { ...labels(500, note('')), version: '20250601' };
    expect(brief(compare(written, omitted))).toEqual(['kind label/note 2025-05']);
    const none = { ...labels(100, () => ''), version: '20250601' };
    expect(brief(compare(written, none))).toEqual(['gone label/note 2025-05']);
    // What could be absent before that, was not left out because it is empty.
    const titled = (title: string, version: string) => ({ ...labels(100, () => title), version });
    const untitled = labels(100, (number) => (number === 1 ? '' : '<title>T</title>'));
    const format = [
      ...FORMAT,
      row('label/title', { holds: ['text', 'empty'], omittedSince: '2025-05', required: true, until: '2024-12' }),
      row('label/title', { holds: ['text', 'empty'], omittedSince: '2025-05', since: '2024-12' }),
    ];
    expect(
      brief(compare(titled('<title>T</title>', '20200101'), { ...untitled, version: '20250601' }, { format })),
    ).toEqual(['kind label/title 2024-12']);
    // At the same time, and if some of many should be there, it is unexpected.
    expect(brief(compare({ ...written, version: '20250401' }, { ...omitted, version: '20250401' }))).toEqual([
      'kind label/note',
    ]);
    expect(brief(compare(written, { ...labels(500, () => ''), version: '20250601' }))).toEqual(['gone label/note']);
  });

  it('name a share that has moved by more than a bound, which grows with the months between them', () => {
    const withUrls = (perMille: number) =>
      labels(10_000, (number) => ((number * 7919) % 1000 < perMille ? '<urls><url>a</url></urls>' : ''));
    const [half, less, least] = [withUrls(500), withUrls(440), withUrls(200)];
    expect(brief(compare(half, less))).toEqual(['share label/urls']);
    expect(compare(half, withUrls(460))).toEqual([]);
    expect(compare(half, less, { format: FORMAT, maxShareMove: 7 })).toEqual([]);
    const changes = (from: string, to: string, later: Inventory) =>
      compareInventories({ ...half, version: from }, { ...later, version: to }, { format: FORMAT });
    expect(changes('20250101', '20250201', less)).toMatchObject([
      { type: 'share', before: { filled: 0.5 }, after: { filled: 0.44 } },
    ]);
    expect(changes('20240101', '20250201', less)).toEqual([]);
    expect(changes('20240101', '20250201', least)).toHaveLength(1);
    // An empty element is no content: only that it is written at all is a change.
    const emptied = labels(10_000, (number) => (number % 2 === 0 ? '<urls><url>a</url></urls>' : '<urls/>'));
    expect(brief(compare(half, emptied))).toEqual(['kind label/urls']);
  });

  it('name the same without a known format, if the earlier one has at least half as many records', () => {
    const after = labels(
      1000,
      (number) => `${number % 3 === 0 ? IMAGES : ''}${urls(number)}${number === 9 ? '<new/>' : ''}`,
    );
    expect(brief(compare(before, after, {}))).toEqual(['new label/new']);
    expect(brief(compare(labels(400, urls), after, {}))).toEqual(['new label/images /image /image/@type /image/@uri']);
    expect(brief(compare(before, labels(1000, urls), {}))).toHaveLength(1);
  });

  it('are refused if they are of two types', () => {
    const artists = takeInventory('artists', '<artists></artists>');
    expect(() => compare(before, artists)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    expect(() => compare(before, before, { maxShareMove: 101 })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS' }),
    );
  });
});

describe('a dump and the known format', () => {
  const old = labels(
    1000,
    (number) => `${number % 3 === 0 ? IMAGES.replaceAll('uri=""', 'uri="http"') : ''}${urls(number)}`,
  );

  it('fit in the era whose format the dump has, whatever its version', () => {
    expect(compareWithFormat({ ...old, version: '20260101' }, FORMAT)).toEqual({ era: '', changes: [] });
    const late = labels(1000, urls);
    expect(compareWithFormat(late, FORMAT)).toEqual({ era: '2025-05', changes: [] });
    // Three records may well have no image.
    expect(compareWithFormat({ ...labels(3, urls), version: '20200101' }, FORMAT).era).toBe('2015-03');
    expect(compareWithFormat({ ...labels(3, urls), version: '20100101' }, FORMAT).era).toBe('');
  });

  it('differ in what is new, in what is gone from a large dump, and in what a path holds', () => {
    const odd = labels(1000, (number) => (number === 8 ? '<name>again</name><vat/>' : ''));
    expect(brief(compareWithFormat(odd, FORMAT).changes)).toEqual([
      'kind label/name',
      'gone label/urls',
      'new label/vat',
    ]);
    expect(
      brief(
        compareWithFormat(
          labels(999, () => ''),
          FORMAT,
        ).changes,
      ),
    ).toEqual([]);
  });

  it('are compared only if there is no earlier dump', () => {
    const dump = { ...labels(1000, (number) => (number === 8 ? '<vat/>' : urls(number))), version: '20260201' };
    const first = assessDrift(dump, undefined, FORMAT);
    expect(first).toMatchObject({ era: '2025-05', records: 1000, comparedWith: undefined });
    expect(brief(first.changes)).toEqual(['new label/vat']);
    const next = assessDrift({ ...dump, version: '20260301' }, dump, FORMAT);
    expect(next).toMatchObject({ comparedWith: '20260201', changes: [] });
  });
});

describe('an inventory on disk', () => {
  it('is read back, or refused with what is wrong', () => {
    const inventory = labels(2, urls);
    expect(parseInventory(JSON.stringify(inventory))).toEqual(inventory);
    const faults = [
      '',
      '[]',
      JSON.stringify({ ...inventory, dataType: 'songs' }),
      JSON.stringify({ ...inventory, records: -1 }),
      JSON.stringify({ ...inventory, version: 'latest' }),
      JSON.stringify({ ...inventory, uncounted: '' }),
      JSON.stringify({ ...inventory, paths: [] }),
      JSON.stringify({ ...inventory, paths: { label: { ...inventory.paths['label'], first: {} } } }),
      JSON.stringify({ ...inventory, paths: { label: { ...inventory.paths['label'], text: { count: 1 } } } }),
    ];
    for (const text of faults) {
      expect(() => parseInventory(text), text).toThrow(expect.objectContaining({ code: 'INVALID_INVENTORY' }));
    }
  });
});
