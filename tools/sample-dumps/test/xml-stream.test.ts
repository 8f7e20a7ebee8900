import { describe, expect, test } from 'vitest';
import { DATA_TYPES, ERAS, generateXml, recordXml, SampleDumpError, type XmlOptions } from '../src/index.js';
import { collect } from './helpers.js';

describe.each(DATA_TYPES)('%s', (type) => {
  const singular = type.slice(0, -1);
  const lines = async (records: number): Promise<string[]> =>
    (await collect({ type, seed: 3, records })).toString().split(new RegExp(`\n(?=<${singular}[ >]|</${type}>)`));

  test('are one per line within their root element', async () => {
    const [root, ...rest] = await lines(50);
    expect(root).toBe(`<${type}>`);
    expect(rest.pop()).toBe(`</${type}>`);
    expect(rest).toHaveLength(50);
    for (const record of rest) expect(record.endsWith(`</${singular}>`)).toBe(true);
  });

  test('are the same for any number of records, and one by one', async () => {
    const few = (await lines(20)).slice(1, -1);
    const many = (await lines(300)).slice(1, -1);
    expect(many.slice(0, 20)).toEqual(few);
    expect(few.map((_, index) => recordXml({ type, seed: 3 }, index + 1).toString())).toEqual(few);
  });

  test('do not depend on the block size', async () => {
    for (const era of ['2008', '2020', '2025'] as const) {
      const options = { type, seed: 'blocks', records: 400, era };
      const whole = await collect(options);
      expect((await collect({ ...options, blockBytes: 1 })).equals(whole)).toBe(true);
      expect((await collect({ ...options, blockBytes: 10_000 })).equals(whole)).toBe(true);
    }
  });

  test('differ between seeds', async () => {
    const one = await collect({ type, seed: 1, records: 20 });
    expect((await collect({ type, seed: 2, records: 20 })).equals(one)).toBe(false);
    expect((await collect({ type, seed: '1', records: 20 })).equals(one)).toBe(true);
  });

  test('end after the record that reaches the target size', async () => {
    const largest = 150_000;
    for (const xmlBytes of [1, 5000, 300_000]) {
      const xml = await collect({ type, seed: 9, xmlBytes });
      expect(xml.length).toBeGreaterThanOrEqual(xmlBytes);
      expect(xml.length).toBeLessThan(xmlBytes + largest);
    }
    const utf8 = await collect({ type, seed: 9, xmlBytes: 300_000, era: '2023' });
    expect(utf8.length).toBeGreaterThanOrEqual(300_000);
    expect(utf8.length).toBeLessThan(300_000 + largest);
  });

  test('can be absent', async () => {
    expect((await collect({ type, seed: 1, records: 0 })).toString()).toBe(`<${type}>\n</${type}>`);
    expect(await collect({ type, seed: 1, records: 0, era: '2008' })).toHaveLength(0);
  });

  test('have ids that ascend with gaps', async () => {
    const pattern = type === 'artists' || type === 'labels' ? /<id>(\d+)<\/id>/ : /^<\w+ id="(\d+)"/;
    const ids = (await lines(2000)).slice(1, -1).map((record) => Number(pattern.exec(record)?.[1]));
    for (let index = 1; index < ids.length; index++) expect(ids[index]).toBeGreaterThan(ids[index - 1]!);
    expect(ids.at(-1)).toBeGreaterThan(2400);
    expect(ids.at(-1)).toBeLessThan(2600);
  });
});

test('references agree with the records that they name, across all types', () => {
  const seed = 'agreement';
  const nameOf = new Map<string, string>();
  for (let number = 1; number <= 4000; number++) {
    const record = recordXml({ type: 'artists', seed }, number).toString();
    const [, id, name] = /<id>(\d+)<\/id><name>([^<]*)</.exec(record)!;
    nameOf.set(id!, name!);
  }
  let compared = 0;
  for (let number = 1; number <= 600; number++) {
    const record = recordXml({ type: 'releases', seed }, number).toString();
    for (const [, id, name] of record.matchAll(/<artist><id>(\d+)<\/id><name>([^<]*)</g)) {
      if (!nameOf.has(id!)) continue;
      expect(name).toBe(nameOf.get(id!));
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(30);
});

test('a master and its main release refer to each other', () => {
  const seed = 5;
  const releaseOf = new Map<string, string>();
  for (let number = 1; number <= 600; number++) {
    const record = recordXml({ type: 'releases', seed }, number).toString();
    const id = /^<release id="(\d+)"/.exec(record)![1]!;
    const master = /<master_id is_main_release="true">(\d+)</.exec(record)?.[1];
    if (master !== undefined) {
      expect(releaseOf.has(master)).toBe(false);
      releaseOf.set(master, id);
    }
  }
  for (let number = 1; number <= 100; number++) {
    const record = recordXml({ type: 'masters', seed }, number).toString();
    const [, id, main] = /^<master id="(\d+)"><main_release>(\d+)</.exec(record)!;
    expect(releaseOf.get(id!)).toBe(main);
  }
});

test('an aborted signal ends the stream with its reason', async () => {
  const stopping = new AbortController();
  const reason = new Error('enough');
  const read = async (): Promise<void> => {
    for await (const _ of generateXml({ type: 'labels', seed: 1, xmlBytes: 1e12, signal: stopping.signal })) {
      stopping.abort(reason);
    }
  };
  await expect(read()).rejects.toBe(reason);
  await expect(read()).rejects.toBe(reason);
});

const valid: XmlOptions = { type: 'artists', seed: 1, records: 1 };
test.each<[string, unknown]>([
  ['type', { ...valid, type: 'artist' }],
  ['seed', { ...valid, seed: '' }],
  ['seed', { ...valid, seed: 1.5 }],
  ['era', { ...valid, era: '1999' }],
  ['characters', { ...valid, characters: 'latin1' }],
  ['records', { ...valid, records: -1 }],
  ['records', { type: 'artists', seed: 1 }],
  ['xmlBytes', { ...valid, xmlBytes: 0 }],
  ['blockBytes', { ...valid, blockBytes: 0 }],
])('a wrong %s is an error that names it', async (option, options) => {
  const error = await collect(options as XmlOptions).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SampleDumpError);
  expect(error).toMatchObject({ code: 'INVALID_OPTIONS', facts: { option } });
});

test('a record number starts at 1', () => {
  expect(() => recordXml({ type: 'labels', seed: 1 }, 0)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTIONS', facts: { option: 'number' } }),
  );
});

test('every era has every type', async () => {
  for (const era of ERAS)
    for (const type of DATA_TYPES) expect(recordXml({ type, seed: 1, era }, 1).length).toBeGreaterThan(0);
});
