import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodeRecords, type ParseOptions, parseRecords, type RawRelease, toRelease } from '../src/index.js';
import { chunksOf } from './support/chunks.js';
import { ENGINES } from './support/engines.js';

const release = (id: number, more = ''): string =>
  `<release id="${id}" status="Accepted"><title>Größe ${id}</title><labels><label name="L${id}" catno="1"/>` +
  `<label catno="2"/></labels><notes/><artists>only text</artists>${more}</release>`;
/** Enough for several batches, with records that only the strict engine reads. */
const xml = Buffer.from(
  `<releases>\n${Array.from({ length: 900 }, (_, at) => release(at + 1, at % 50 === 7 ? '<a><![CDATA[x]]></a>' : '')).join('\n')}\n</releases>`,
);

const read = async (options: ParseOptions, input: Buffer = xml): Promise<unknown[]> => {
  const all: unknown[] = [];
  for await (const parsed of parseRecords(chunksOf(input, 5000), { workers: 0, ...options })) all.push(parsed);
  return all;
};

const whole = await read({ engine: 'strict' });

describe.each(ENGINES)('$name', ({ name: engine }) => {
  test('records have the named members only, and their own id and hash', async () => {
    const fields = ['title', 'labels.label.@name', 'notes.x', 'artists.artist', 'missing'];
    const expected = (whole as { number: number; id: string; sha256: string; record: { title: string } }[]).map(
      ({ number, id, sha256, record: { title } }) => ({
        number,
        id,
        sha256,
        record: { artists: 'only text', labels: { label: [{ '@name': `L${id}` }, {}] }, notes: null, title },
      }),
    );
    for (const options of [{}, { workers: 2 }, { skip: 3, limit: 700 }]) {
      const given = await read({ engine, fields, ...options }, 'workers' in options ? gzipSync(xml) : xml);
      expect(given).toEqual('skip' in options ? expected.slice(3, 703) : expected);
    }
  });

  test.each<[string[], object]>([
    [['labels', 'labels.label.@name'], { labels: { label: [{ '@catno': '1', '@name': 'L1' }, { '@catno': '2' }] } }],
    [
      ['labels.label.@catno', 'labels.label.@name', '@id'],
      { '@id': '1', labels: { label: [{ '@catno': '1', '@name': 'L1' }, { '@catno': '2' }] } },
    ],
    [['nothing'], {}],
    [['titl', 'title2', 'title.#text'], { title: 'Größe 1' }],
  ])('%j', async (fields, record) => {
    expect(await read({ engine, fields, limit: 1 })).toMatchObject([{ id: '1', record }]);
    const [first] = (await read({ engine, fields, limit: 1 })) as [{ record: object }];
    expect(first.record).toEqual(record);
  });

  test('apply to what a transform returns', async () => {
    const module = `data:text/javascript,export const createTransform = () => (record) => ({ title: record.title, n: { a: 1, b: true } })`;
    for (const workers of [0, 1]) {
      const [first] = await read({ engine, workers, fields: ['n.b'], transform: { module }, limit: 1 });
      expect(first).toMatchObject({ id: '1', record: { n: { b: true } } });
      expect(Object.keys((first as { record: { n: object } }).record.n)).toEqual(['b']);
    }
  });

  test('typed records have the others as absent', async () => {
    const [first] = (await read({ engine, fields: ['title'], limit: 1 })) as [{ record: RawRelease }];
    expect(toRelease(first.record)).toMatchObject({ title: 'Größe 1', labels: [], status: undefined });
  });
});

test.each([[[]], ['title'], [['']], [['a..b']], [['a.']], [[1]], [['x'.repeat(101)]], [Array(251).fill('a')]])(
  'fields: %j is refused',
  (fields) => {
    const given = { fields } as unknown as ParseOptions;
    const refused = expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringMatching(/^fields /) });
    expect(() => parseRecords('nowhere', given)).toThrow(refused);
  },
);

test('encodeRecords has no such option', () => {
  const given = { fields: ['title'] } as object;
  expect(() => encodeRecords('nowhere', given)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
});

test('as many fields, names and characters as are allowed', async () => {
  const fields = Array.from({ length: 250 }, (_, at) =>
    `\u0001${String.fromCharCode(0x4e00 + at)}.`.repeat(33).slice(0, 98),
  );
  expect(await read({ engine: 'fast', fields: [...fields.slice(1), 'title'], limit: 1 })).toMatchObject([
    { record: { title: 'Größe 1' } },
  ]);
});
