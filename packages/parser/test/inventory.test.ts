import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addInventory,
  type BlockInventory,
  createInventory,
  type DumpInput,
  encodeRecords,
  MAX_INVENTORY_PATHS,
  type PathInventory,
  parseRecords,
  type ReadOptions,
  type RecordInventory,
} from '../src/index.js';
import { ENGINES } from './support/engines.js';
import { outcomeOfCut } from './support/outcome.js';
import { wellFormedDump } from './support/random-dump.js';

/*
 * The differential and conformance tests compare inventories too: both engines, whole and cut, with and without
 * threads. These tests say what an inventory is.
 */

const seed = Number(process.env['PARSER_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));

const readInventories = async (input: DumpInput, options: ReadOptions = {}): Promise<BlockInventory[]> => {
  const blocks: BlockInventory[] = [];
  for await (const block of encodeRecords(input, { ...options, onInventory: (each) => blocks.push(each) })) {
    block.release();
  }
  return blocks;
};

const sumOf = (blocks: readonly BlockInventory[]): RecordInventory => {
  const sum = createInventory(blocks[0]!.dataType);
  for (const block of blocks) addInventory(sum, block);
  return sum;
};

const inventoryOf = async (input: DumpInput, options: ReadOptions = {}): Promise<RecordInventory> =>
  sumOf(await readInventories(input, options));

const release1 = `<release id="1" status="Accepted"><title>A</title><notes> </notes><labels><label catno="" name="L"/></labels>\
<tracklist><track><title>a</title></track><track><title>b</title><duration/></track></tracklist></release>`;
const release2 = `<release id="2"><title>B<b>c</b></title><members><id>1</id><name id="1">x</name><id>2</id><name/></members>\
<tracklist>\n<track/>\n</tracklist></release>`;
const DUMP = Buffer.from(`<releases>\n${release1}\n<release/>\n${release2}\n<release id="3"><a</release>\n</releases>`);

const first = { number: 1, id: '1' };
const second = { number: 2, id: '2' };
const once = (at: typeof first, kind: 'text' | 'children' | 'empty', count = 1): PathInventory => ({
  records: 1,
  occurrences: count,
  maxRepeats: 1,
  first: at,
  [kind]: { count, first: at },
});

const EXPECTED: Record<string, PathInventory> = {
  release: { records: 2, occurrences: 2, maxRepeats: 1, first, children: { count: 2, first } },
  'release/@id': { records: 2, occurrences: 2, maxRepeats: 1, first, text: { count: 2, first } },
  'release/@status': once(first, 'text'),
  'release/labels': once(first, 'children'),
  'release/labels/label': once(first, 'empty'),
  'release/labels/label/@catno': once(first, 'empty'),
  'release/labels/label/@name': once(first, 'text'),
  // An `id` in each `<members>`, in turn with a `name`.
  'release/members': once(second, 'children'),
  'release/members/id': { ...once(second, 'text', 2), maxRepeats: 2, firstRepeated: second },
  'release/members/name': {
    ...once(second, 'text'),
    occurrences: 2,
    maxRepeats: 2,
    firstRepeated: second,
    empty: { count: 1, first: second },
  },
  'release/members/name/@id': once(second, 'text'),
  'release/notes': once(first, 'empty'),
  'release/title': {
    records: 2,
    occurrences: 2,
    maxRepeats: 1,
    first,
    text: { count: 2, first },
    children: { count: 1, first: second },
  },
  'release/title/b': once(second, 'text'),
  'release/tracklist': { records: 2, occurrences: 2, maxRepeats: 1, first, children: { count: 2, first } },
  'release/tracklist/track': {
    records: 2,
    occurrences: 3,
    maxRepeats: 2,
    first,
    firstRepeated: first,
    children: { count: 2, first },
    empty: { count: 1, first: second },
  },
  // Once in each of two tracks: no array.
  'release/tracklist/track/title': once(first, 'text', 2),
  'release/tracklist/track/duration': once(first, 'empty'),
};

describe.each(ENGINES)('the inventory of a dump, $name', ({ name: engine, regular }) => {
  test.each(['xmltodict', 'platform'] as const)('has each path with its numbers, reading %s', async (reading) => {
    const expected = { dataType: 'releases', records: 2, uncounted: 0, paths: EXPECTED };
    expect(await inventoryOf(DUMP, { engine, reading })).toEqual(expected);
    expect(await inventoryOf(gzipSync(DUMP), { engine, reading, workers: 1 })).toEqual(expected);
    const options = { reading, onInventory: () => {} };
    for (let cut = 1; cut < DUMP.length; cut++) {
      expect(outcomeOfCut(DUMP, [cut], options, regular({ reading })).inventory).toEqual(expected);
    }
  });

  test('is also that of skipped and omitted records, from the record that is asked for', async () => {
    const record = (number: number): string => `<label><id>${number}</id><n${number % 3}/></label>`;
    const xml = Buffer.from(
      `<labels>${Array.from({ length: 9 }, (_, index) => record(index + 1)).join('\n')}</labels>`,
    );
    const transform = { module: `data:text/javascript,export const createTransform = () => () => undefined` };
    const whole = await inventoryOf(xml, { engine });
    expect(Object.keys(whole.paths).sort()).toEqual(['label', 'label/id', 'label/n0', 'label/n1', 'label/n2']);
    expect(whole.paths['label/n2']).toMatchObject({ records: 3, first: { number: 2, id: '2' } });
    for (const options of [
      { skip: 5, inventoryAfter: 0 },
      { skip: 9, inventoryAfter: 0 },
      { skip: 2 ** 40, inventoryAfter: 0, workers: 1 },
      { transform },
    ]) {
      expect(await inventoryOf(xml, { engine, ...options })).toEqual(whole);
    }
    for (const workers of [0, 1]) {
      const skipping = await readInventories(xml, { engine, workers, skip: 4 });
      const after = await readInventories(xml, { engine, workers, skip: 7, inventoryAfter: 4 });
      const limited = await readInventories(xml, { engine, workers, limit: 4, transform });
      expect([sumOf(skipping), sumOf(after)]).toEqual([sumOf(after), sumOf(skipping)]);
      expect([skipping[0]!.firstRecord, skipping.at(-1)!.lastRecord]).toEqual([5, 9]);
      expect([limited[0]!.firstRecord, limited.at(-1)!.lastRecord]).toEqual([1, 4]);
      const joined = sumOf([...after, ...limited]);
      expect(joined).toEqual(whole);
    }
  });

  test('keeps a bounded number of paths, the same however the dump is cut, and counts the rest', async () => {
    const many = Array.from({ length: 40 }, (_, record) => {
      const names = Array.from(
        { length: 100 },
        (_, index) => `<n${record * 100 + index}><deep x=""/></n${record * 100 + index}>`,
      );
      return `<label><id>${record}</id>${names.join('')}<same>a</same></label>`;
    });
    const xml = Buffer.from(`<labels>${many.join('\n')}</labels>`);
    const inventory = outcomeOfCut(xml, [], {}, regular()).inventory!;
    const paths = Object.keys(inventory.paths);
    expect(paths).toHaveLength(MAX_INVENTORY_PATHS);
    expect(inventory.paths['label/id']).toMatchObject({ records: 40 });
    expect(paths.every((path) => path.split('/').length <= 2)).toBe(true);
    const counted = Object.values(inventory.paths).reduce((sum, { occurrences }) => sum + occurrences, 0);
    expect(counted + inventory.uncounted).toBe(40 * (3 + 3 * 100));
    const cuts = Array.from({ length: 8 }, (_, index) => (index + 1) * Math.floor(xml.length / 9));
    expect(outcomeOfCut(xml, cuts, {}, regular()).inventory).toEqual(inventory);
  });
});

test('is the same with both engines for any number of shapes, parts of an element, and paths', async () => {
  const repeat = (xml: string, times: number): string => Array<string>(times).fill(xml).join('');
  const records: string[] = [];
  // More shapes than the kernel knows at a time.
  for (let index = 0; index < 3000; index++) {
    records.push(
      `<id>${index}</id>${repeat('<a/>', index % 60)}${repeat('<b>x</b>', Math.floor(index / 60))}<c><a> </a></c>`,
    );
  }
  const names = (count: number): string => Array.from({ length: count }, (_, index) => `<n${index} x=""/>`).join('');
  // More parts than a shape can have; then the same paths, some of which are beyond those that have a bit.
  records.push(
    names(70),
    names(70),
    names(200),
    `${names(10)}<c>\u3000<a>\u00a0</a></c>`,
    '<id>last</id><n150>\u3042</n150>',
  );
  const xml = Buffer.from(`<labels>${records.map((record) => `<label>${record}</label>`).join('\n')}</labels>`);
  const whole = await inventoryOf(xml, { engine: 'strict' });
  expect(whole.paths['label/a']!.maxRepeats).toBe(59);
  expect(await inventoryOf(xml, { engine: 'fast' })).toEqual(whole);
  expect(await inventoryOf(gzipSync(xml), { engine: 'fast', workers: 1 })).toEqual(whole);
});

/** An inventory of parsed records, without the first records. */
const naiveInventory = (records: readonly Record<string, unknown>[]) => {
  const paths = new Map<string, { records: number; occurrences: number; maxRepeats: number; kinds: number[] }>();
  for (const record of records) {
    const seen = new Set<string>();
    const add = (path: string, value: unknown, repeats: number): void => {
      const isAttribute = path.includes('@');
      const members = typeof value === 'object' && value !== null ? Object.keys(value) : [];
      const entry = paths.get(path) ?? { records: 0, occurrences: 0, maxRepeats: 0, kinds: [0, 0, 0] };
      const hasText = isAttribute ? value !== '' : typeof value === 'string' || members.includes('#text');
      const hasChildren = members.some((name) => name !== '#text' && !name.startsWith('@'));
      paths.set(path, entry);
      if (!seen.has(path)) entry.records++;
      seen.add(path);
      entry.occurrences++;
      entry.maxRepeats = Math.max(entry.maxRepeats, repeats);
      if (hasText) entry.kinds[0]!++;
      if (hasChildren) entry.kinds[1]!++;
      if (!hasText && !hasChildren) entry.kinds[2]!++;
      for (const name of members.filter((name) => name !== '#text')) {
        const child = (value as Record<string, unknown>)[name];
        const children = Array.isArray(child) ? child : [child];
        for (const each of children) add(`${path}/${name}`, each, children.length);
      }
    };
    add('label', record, 1);
  }
  return Object.fromEntries(paths);
};

test(`is that of the parsed records (PARSER_SEED=${seed})`, async () => {
  const property = fc.asyncProperty(wellFormedDump(1), async (dump) => {
    const blocks: BlockInventory[] = [];
    const records: Record<string, unknown>[] = [];
    const options = { onInventory: (block: BlockInventory) => void blocks.push(block) };
    for await (const { record } of parseRecords(dump, { ...options, reading: 'platform' })) records.push(record);
    const { paths = {} } = blocks.length === 0 ? {} : sumOf(blocks);
    // A record's own empty `id`, and those that are no strings, are left out of JSON.
    const rest = (all: object) =>
      Object.fromEntries(Object.entries(all).filter(([path]) => !/^label\/id\b/.test(path)));
    const simple = Object.entries(paths).map(([path, { records, occurrences, maxRepeats, ...kinds }]) => [
      path,
      {
        records,
        occurrences,
        maxRepeats,
        kinds: [kinds.text, kinds.children, kinds.empty].map((kind) => kind?.count ?? 0),
      },
    ]);
    const naive = naiveInventory(records);
    expect({ ...rest(Object.fromEntries(simple)), label: undefined }).toEqual({ ...rest(naive), label: undefined });
  });
  await fc.assert(property, { seed, numRuns: Number(process.env['PARSER_RUNS'] ?? 40) });
});

test('adding inventories does not depend on their order, and changes only the sum', async () => {
  const [one, other] = [await readInventories(DUMP, { limit: 1 }), await readInventories(DUMP, { skip: 1 })];
  const before = structuredClone([one, other]);
  expect(sumOf([...other, ...one])).toEqual(sumOf([...one, ...other]));
  expect(sumOf([...one, ...other])).toEqual(await inventoryOf(DUMP));
  expect([one, other]).toEqual(before);
  expect(() => addInventory(createInventory('labels'), one[0]!)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTIONS' }),
  );
});
