import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  type MalformedRecord,
  type MapperModule,
  mapRecords,
  type ParseOptions,
  PLATFORM_TRANSFORM,
  parseRecords,
  type RecordFinding,
} from '../../src/index.js';
import { chunksOf } from '../support/chunks.js';
import { artistsXml } from '../support/dumps.js';
import { ENGINES } from '../support/engines.js';

const moduleOf = (text: string, options?: unknown): MapperModule => ({
  module: `data:text/javascript,${encodeURIComponent(text)}`,
  options,
});

/** A mapper with this body, of `record`, `context`, `options` and `dataType`. */
const mapperOf = (body: string, options?: unknown): MapperModule =>
  moduleOf(`export const createMapper = (options, { dataType }) => (record, context) => { ${body} };`, options);

/** What `parseRecords` yields of each record. */
const WHOLE = mapperOf('return { number: context.number, id: context.id, sha256: context.sha256, record };');

/** Enough for several blocks, with records that only the strict engine reads, and with repeated and empty elements. */
const artist = (id: number): string =>
  `<artist><id>${id}</id><name>Größe ${id}</name><aliases><name id="${id + 1}">A</name><name id="7">B</name></aliases>` +
  `<urls/>${id % 400 === 7 ? '<a><![CDATA[x]]></a>' : ''}</artist>`;
const dumpOf = (count: number): Buffer => {
  const records = Array.from({ length: count }, (_, at) => artist(at + 1));
  return gzipSync(`<artists>\n${records.join('\n')}\n</artists>\n`);
};

interface Mapped {
  results: unknown[];
  findings: RecordFinding[];
  malformed: MalformedRecord[];
  counts: { records: number; omitted: number; malformed: number };
}

const map = async (mapper: MapperModule, options: ParseOptions, input: Buffer): Promise<Mapped> => {
  const findings: RecordFinding[] = [];
  const malformed: MalformedRecord[] = [];
  const stream = mapRecords(chunksOf(input, 50_000), mapper, {
    ...options,
    onFinding: (finding) => findings.push(finding),
    onMalformed: (record) => malformed.push(record),
  });
  const results: unknown[] = [];
  for await (const result of stream) results.push(result);
  const { records, omitted, malformed: failed } = stream.stats;
  return { results, findings, malformed, counts: { records, omitted, malformed: failed } };
};

const parse = async (options: ParseOptions, input: Buffer): Promise<unknown[]> => {
  const all: unknown[] = [];
  for await (const parsed of parseRecords(chunksOf(input, 50_000), options)) all.push(parsed);
  return all;
};

/** Of thousands of records, which are compared faster than as objects. It shows the order of members, too. */
const json = (results: readonly unknown[]): string => results.map((result) => JSON.stringify(result)).join('\n');

const EVERYWHERE = ENGINES.flatMap(({ name: engine }) => [0, 2].map((workers) => ({ engine, workers })));

describe.each(EVERYWHERE)('mapRecords, $engine engine, $workers workers', (where) => {
  // The strict engine is slow, and the same code calls the mapper.
  const count = where.engine === 'strict' ? 600 : 3000;
  const gzip = dumpOf(count);

  test('gives the mapper what parseRecords yields, in order', async () => {
    expect(json((await map(WHOLE, where, gzip)).results)).toBe(json(await parse(where, gzip)));
    const rename = `export const createTransform = () => (record) => ({ ...record, name: 'N' + record.id, x: undefined });`;
    const some: ParseOptions[] = [
      { skip: 5, limit: 400 },
      { limit: 400, fields: ['name', 'aliases.name.@id'] },
      { limit: 400, transform: PLATFORM_TRANSFORM, reading: 'platform' },
      { limit: 400, transform: [moduleOf(rename), PLATFORM_TRANSFORM], fields: ['name', 'urls'] },
    ];
    for (const options of some) {
      const expected = await parse({ ...where, ...options }, gzip);
      expect(expected).toHaveLength(400);
      expect(json((await map(WHOLE, { ...where, ...options }, gzip)).results)).toBe(json(expected));
    }
  });

  test('leaves out records without a result, passes on findings, and reports failures, in order', async () => {
    const mapper = mapperOf(
      `const number = Number(record.id);
       if (number % 7 === 3) context.report({ number, dataType });
       if (number % 500 === 300) throw new RangeError('no ' + options[0] + ' in ' + record.id);
       if (number % 500 === 400) return () => {};
       return number % 3 === 0 ? undefined : number % 3 === 1 ? null : new Map([[number, options]]);`,
      ['value'],
    );
    const { results, findings, malformed, counts } = await map(mapper, { ...where, maxMalformed: 1000 }, gzip);
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const failed = (number: number): boolean => number % 500 === 300 || number % 500 === 400;
    const mapped = numbers.filter((number) => number % 3 !== 0 && !failed(number));
    expect(results.every((result) => result === null || result instanceof Map)).toBe(true);
    expect(json(results.map((result) => result && [...(result as Map<number, string[]>)]))).toBe(
      json(mapped.map((number) => (number % 3 === 1 ? null : [[number, ['value']]]))),
    );
    expect(findings).toEqual(
      numbers
        .filter((number) => number % 7 === 3)
        .map((number) => ({ number, id: `${number}`, finding: { number, dataType: 'artists' } })),
    );
    expect(malformed.map(({ recordNumber }) => recordNumber)).toEqual(numbers.filter(failed));
    expect(malformed[0]).toMatchObject({ number: 1, reason: 'mapper-failed', recordsBefore: 299 });
    expect(malformed[0]!.cause).toEqual(new RangeError('no value in 300'));
    expect(malformed[0]!.detail).toMatch(/^the mapper data:.* failed: no value in 300$/);
    expect(Buffer.from(malformed[0]!.bytes).toString()).toBe(artist(300));
    expect(malformed[1]!.detail).toMatch(/^the mapper's result cannot be copied: /);
    const fails = numbers.filter(failed).length;
    expect(counts).toEqual({ records: count, malformed: fails, omitted: count - mapped.length - fails });
  });

  test('fails with too many failures, after the results before them, and refuses what is no mapper', async () => {
    const mapper = mapperOf(`if (record.id === '500') throw new Error('mine'); return record.id;`);
    const results: unknown[] = [];
    const read = async (): Promise<void> => {
      const stream = mapRecords(chunksOf(gzip, 50_000), mapper, { ...where, maxMalformed: 0 });
      for await (const result of stream) results.push(result);
    };
    await expect(read()).rejects.toMatchObject({ code: 'TOO_MANY_MALFORMED', facts: { recordsBefore: 499 } });
    expect(results).toHaveLength(499);

    const refused: [string, RegExp][] = [
      [
        `export const createTransform = () => (record) => record;`,
        /export a function createMapper, and exports create/,
      ],
      [`export const createMapper = () => ({ map() {} });`, /return a function from createMapper, and returned an obj/],
      [`export const createMapper = async () => () => {};`, /return a function .* returned a promise/],
      [`export const createMapper = () => async () => { throw new Error() };`, /returned a promise: a mapper has to/],
      [`export const createMapper = () => { throw new Error('mine') };`, /failed in createMapper: mine/],
    ];
    for (const [text, message] of refused) {
      await expect(map(moduleOf(text), where, artistsXml(3))).rejects.toMatchObject({
        code: 'INVALID_TRANSFORM',
        message: expect.stringMatching(message),
        facts: { module: expect.stringContaining('data:text/javascript') },
      });
    }
  });
});

test('a loop that ends, and an abort, end the threads; results do not wait for more input', async () => {
  const threads = (): number => readdirSync('/proc/self/task').length;
  const before = threads();
  const hanging = async function* (): AsyncGenerator<Uint8Array> {
    yield artistsXml(1000).subarray(0, 30_000);
    await new Promise(() => {});
  };
  const mapper = mapperOf('return context.number;');
  for await (const first of mapRecords<number>(hanging(), mapper, { workers: 2 })) {
    expect(first).toBe(1);
    break;
  }
  const controller = new AbortController();
  const aborted = async (): Promise<void> => {
    const options = { workers: 2, signal: controller.signal };
    for await (const _ of mapRecords(hanging(), mapper, options)) controller.abort(new Error('mine'));
  };
  await expect(aborted()).rejects.toThrow('mine');
  expect(threads()).toBe(before);
});

test.each([
  ['', {}],
  [new URL('https://example.com/x.mjs'), {}],
  [{ module: 'x.mjs', option: 1 }, {}],
  [{ module: 'x.mjs', options: { f: () => {} } }, {}],
  [undefined, {}],
  ['x.mjs', { field: ['a'] }],
  ['x.mjs', { fields: [] }],
])('mapper %j with options %j is refused', (mapper, options) => {
  const call = (): unknown => mapRecords('x', mapper as never, options as never);
  expect(call).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
});
