import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createWorkerPool,
  encodeRecords,
  type MalformedRecord,
  ParserError,
  PLATFORM_TRANSFORM,
  parseRecords,
  type ReadOptions,
  type RecordFinding,
  type TransformModule,
} from '../../src/index.js';
import { canonicalHash } from '../support/canonical.js';
import { chunksOf } from '../support/chunks.js';
import { artistsXml } from '../support/dumps.js';
import { outcomeOf } from '../support/outcome.js';
import { damaged, labelsDump } from '../support/random-dump.js';

/** A module with this text. */
const moduleOf = (text: string, options?: unknown): TransformModule => ({
  module: `data:text/javascript,${encodeURIComponent(text)}`,
  options,
});

/** A transform with this body, of `record`, `context`, `options` and `dataType`. */
const transformOf = (body: string, options?: unknown): TransformModule =>
  moduleOf(`export const createTransform = (options, { dataType }) => (record, context) => { ${body} };`, options);

const IDENTITY = transformOf('return record;');
const UNCHANGED = transformOf('return context.unchanged;');

/** The same, of some members of a record. */
const fieldsOf = (fields: readonly string[], body = 'return record;'): TransformModule =>
  moduleOf(
    `export const createTransform = (fields) => ({ fields, transform: (record, context) => { ${body} } });`,
    fields,
  );

interface Read {
  lines: string[];
  records: [number: number, id: string, sha256: string][];
  /** `firstRecord` and `lastRecord` of the blocks. */
  ranges: [number, number][];
  findings: RecordFinding[];
  malformed: MalformedRecord[];
  stats: { records: number; omitted: number; malformed: number; complete: boolean };
  error: ParserError | undefined;
}

const read = async (input: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<Read> => {
  const malformed: MalformedRecord[] = [];
  const called: RecordFinding[] = [];
  const stream = encodeRecords(input, {
    ...options,
    onMalformed: (record) => malformed.push(record),
    onFinding: (finding) => called.push(finding),
  });
  const result = { lines: [], records: [], ranges: [], findings: [] } as unknown as Read;
  let error: ParserError | undefined;
  try {
    for await (const block of stream) {
      result.ranges.push([block.firstRecord, block.lastRecord]);
      result.findings.push(...block.findings);
      for (const { number, id, sha256, message } of block) {
        result.lines.push(Buffer.from(message).toString());
        result.records.push([number, id, sha256]);
      }
      expect(block.bytes.toString()).toBe(
        result.lines
          .slice(-block.count || Infinity)
          .map((line) => `${line}\n`)
          .join(''),
      );
      block.release();
    }
  } catch (thrown) {
    if (!(thrown instanceof ParserError)) throw thrown;
    error = thrown;
  }
  expect(called).toEqual(result.findings);
  const { records, omitted, malformed: count, complete } = stream.stats;
  return { ...result, malformed, stats: { records, omitted, malformed: count, complete }, error };
};

const withoutStacks = (outcome: Read): unknown => ({
  ...outcome,
  ranges: undefined,
  malformed: outcome.malformed.map(({ cause, ...rest }) => ({ ...rest, cause: (cause as Error).message })),
});

describe('a transform that changes nothing', () => {
  const seed = Number(process.env['PARSER_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));

  test.each([
    ['regular', labelsDump(0)],
    ['odd', labelsDump(2)],
    ['damaged', damaged(labelsDump(1))],
  ])(`yields what is yielded without it: random dumps, %s (PARSER_SEED=${seed})`, async (_, dumps) => {
    const some = fc.record({
      engine: fc.constantFrom('strict' as const, 'fast' as const),
      skip: fc.constantFrom(0, 0, 1, 3),
      limit: fc.constantFrom(1, 4, 1000, 1000),
      maxMalformed: fc.constantFrom(0, 100),
      reading: fc.constantFrom('xmltodict' as const, 'platform' as const),
    });
    const fields = fc
      .constantFrom(['*'], [], ['id'], ['@*', 'name'], ['a', 'label', 'sublabels'], ['n'.repeat(40), 'name'])
      .chain((names) => fc.constantFrom(fieldsOf(names), fieldsOf(names, 'return context.unchanged;')));
    const transforms = fc.oneof(
      fc.constantFrom([IDENTITY], [UNCHANGED], [IDENTITY, UNCHANGED]),
      fields.map((one) => [one]),
      fc.tuple(fields, fields),
    );
    const property = fc.asyncProperty(dumps, some, transforms, async (dump, options, transform) => {
      const plain = await outcomeOf(chunksOf(dump, 500), options);
      expect(await outcomeOf(chunksOf(dump, 500), { ...options, transform })).toEqual(plain);
    });
    await fc.assert(property, { seed, numRuns: 40, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false });
  });

  test('yields the same on worker threads, gzipped or not', async () => {
    const xml = artistsXml(30_000);
    const plain = await outcomeOf(chunksOf(xml, 100_000));
    for (const input of [xml, gzipSync(xml)]) {
      const options = { workers: 2, transform: [IDENTITY, IDENTITY] };
      expect(await outcomeOf(chunksOf(input, 100_000), options)).toEqual(plain);
    }
  });
});

describe('records that are changed, omitted, reported and failed on', () => {
  const count = 12_000;
  const xml = artistsXml(count);
  const transform = [
    transformOf(
      `if (context.number % options.every === 0) throw new RangeError('no ' + context.id);
       context.number % 1000 === 1 && context.report({ at: context.number, xml: new TextDecoder().decode(context.xml()) });
       if (context.number % 3 === 0) return undefined;
       return { type_: dataType, ...record };`,
      { every: 4000 },
    ),
    transformOf(`record.name += '!'; if (context.number === 10) context.report('second'); return record;`),
  ];

  test('reach the caller in order, and the same with any engine and number of threads', async () => {
    const alone = await read(chunksOf(xml, 100_000), { transform });
    expect(alone.stats).toEqual({ records: count, omitted: 3999, malformed: 3, complete: true });
    expect(alone.records).toHaveLength(count - 3999 - 3);
    expect(alone.lines[2]).toMatch(
      /^\{"type":"data","id":"4","sha256":"[0-9a-f]{64}","name":"N3!","type_":"artists"\}$/,
    );
    expect(alone.records[2]).toEqual([4, '4', canonicalHash({ id: '4', name: 'N3!', type_: 'artists' })]);
    expect(alone.findings.slice(0, 3)).toEqual([
      { number: 1, id: '1', finding: { at: 1, xml: '<artist><id>1</id><name>N0</name></artist>' } },
      { number: 10, id: '10', finding: 'second' },
      { number: 1001, id: '1001', finding: { at: 1001, xml: '<artist><id>1001</id><name>N1000</name></artist>' } },
    ]);
    expect(alone.findings).toHaveLength(13);
    const [, malformed] = alone.malformed;
    expect(malformed).toMatchObject({ number: 2, reason: 'transform-failed', recordNumber: 8000, recordsBefore: 7999 });
    expect(malformed!.cause).toBeInstanceOf(RangeError);
    expect(malformed!.cause).toMatchObject({ message: 'no 8000' });
    const text = '<artist><id>8000</id><name>N7999</name></artist>';
    expect(Buffer.from(malformed!.bytes).toString()).toBe(text);
    expect(malformed).toMatchObject({ byteOffset: xml.indexOf(text), length: text.length, truncated: false });
    // Blocks leave no number out, so that whoever has taken all of them knows that all records are done.
    expect(alone.ranges.map(([first]) => first)).toEqual([1, ...alone.ranges.slice(0, -1).map(([, last]) => last + 1)]);
    expect(alone.ranges.at(-1)![1]).toBe(count);

    await using pool = createWorkerPool({ threads: 2 });
    for (const options of [{ engine: 'strict' as const }, { workers: 2 }, { workers: pool }]) {
      const other = await read(chunksOf(gzipSync(xml), 50_000), { transform, ...options });
      expect(withoutStacks(other)).toEqual(withoutStacks(alone));
    }
  });

  test('keep their numbers when reading resumes, or ends early', async () => {
    for (const workers of [0, 2]) {
      const rest = await read(chunksOf(xml, 100_000), { transform, workers, skip: 7998, limit: 5 });
      // 7999 and 8002 are left; 8000 fails, 8001 is omitted, 8003 is the fifth.
      expect(rest.records.map(([number]) => number)).toEqual([7999, 8002, 8003]);
      expect(rest.malformed.map(({ recordNumber }) => recordNumber)).toEqual([8000]);
      expect(rest.stats).toEqual({ records: 8003, omitted: 1, malformed: 1, complete: false });
      expect(rest.findings.map(({ number }) => number)).toEqual([8001]);
    }
  });

  test('are objects in parseRecords too, with the id of the dump', async () => {
    const drop = transformOf(`const { id, ...rest } = record; return id === '2' ? undefined : rest;`);
    const records = [];
    for await (const each of parseRecords(chunksOf(artistsXml(3), 50), { transform: drop })) records.push(each);
    expect(records).toEqual([
      { number: 1, id: '1', sha256: canonicalHash({ name: 'N0' }), record: { name: 'N0' } },
      { number: 3, id: '3', sha256: canonicalHash({ name: 'N2' }), record: { name: 'N2' } },
    ]);
  });

  test('fail the read if there are too many failures, after the records before them', async () => {
    for (const workers of [0, 2]) {
      const result = await read(chunksOf(xml, 100_000), { transform, workers, maxMalformed: 1 });
      expect(result.error).toMatchObject({ code: 'TOO_MANY_MALFORMED' });
      expect(result.records.at(-1)![0]).toBe(7999);
      expect(result.findings.at(-1)!.number).toBe(7001);
    }
  });

  test('come with blocks also if all of them are omitted', async () => {
    for (const workers of [0, 2]) {
      const all = transformOf(`if (context.number === ${count}) context.report('last'); return undefined;`);
      const result = await read(chunksOf(gzipSync(xml), 50_000), { transform: all, workers });
      expect(result.lines).toEqual([]);
      expect(result.ranges.at(-1)![1]).toBe(count);
      expect(result.findings).toEqual([{ number: count, id: String(count), finding: 'last' }]);
      expect(result.stats).toEqual({ records: count, omitted: count, malformed: 0, complete: true });
    }
  });
});

test('the envelope has the id of the dump, whatever a transform makes of it; the hash is that of the result', async () => {
  const bodies: [string, object][] = [
    [`record.id = 'other'; return record;`, { id: 'other', name: 'N0' }],
    [`delete record.id; return record;`, { name: 'N0' }],
    [`record.id = null; return record;`, { id: null, name: 'N0' }],
    [`return {};`, {}],
  ];
  for (const [body, expected] of bodies) {
    const { lines, records } = await read(chunksOf(artistsXml(1), 99), { transform: transformOf(body) });
    const hash = canonicalHash(expected);
    expect(records).toEqual([[1, '1', hash]]);
    const name = 'name' in expected ? ',"name":"N0"' : '';
    expect(lines).toEqual([`{"type":"data","id":"1","sha256":"${hash}"${name}}`]);
  }
});

test('a transform of some members sees no others, and its result takes their place', async () => {
  const xml = Buffer.from(
    '<artists><artist><id>1</id><name>N</name><a>x</a><a>y</a><b/><profile>p "q" \\</profile></artist></artists>',
  );
  const seen = `context.report({ ...record });`;
  const cases: [TransformModule[], object, string, string][] = [
    // Changed, removed and added; a member that the transform does not know of is replaced.
    [
      [
        fieldsOf(
          ['a', 'b'],
          `${seen} return { a: record.a[1], c: { z: '1', y: null }, profile: 'new', aa: undefined };`,
        ),
      ],
      { a: ['x', 'y'], b: null },
      '{"a":"y","c":{"y":null,"z":"1"},"id":"1","name":"N","profile":"new"}',
      ',"a":"y","c":{"y":null,"z":"1"},"name":"N","profile":"new"}',
    ],
    [
      [fieldsOf(['i*'], `${seen} return { id: '2' };`)],
      { id: '1' },
      '{"a":["x","y"],"b":null,"id":"2","name":"N","profile":"p \\"q\\" \\\\"}',
      ',"a":["x","y"],"b":null,"name":"N","profile":"p \\"q\\" \\\\"}',
    ],
    [
      [fieldsOf(['*'], `${seen} return {};`)],
      { a: ['x', 'y'], b: null, id: '1', name: 'N', profile: 'p "q" \\' },
      '{}',
      '}',
    ],
    // All transforms of a read see what any of them needs.
    [
      [fieldsOf(['name']), fieldsOf(['a'], `${seen} return { '': 'first', id: null };`)],
      { a: ['x', 'y'], name: 'N' },
      '{"":"first","b":null,"id":null,"profile":"p \\"q\\" \\\\"}',
      ',"":"first","b":null,"profile":"p \\"q\\" \\\\"}',
    ],
    [
      [transformOf('return record;'), fieldsOf(['b'], `${seen} return { b: '1' };`)],
      { a: ['x', 'y'], b: null, id: '1', name: 'N', profile: 'p "q" \\' },
      '{"b":"1"}',
      ',"b":"1"}',
    ],
  ];
  for (const [transform, expectedRecord, canonical, members] of cases) {
    const { lines, records, findings } = await read(chunksOf(xml, 99), { transform });
    expect(findings).toEqual([{ number: 1, id: '1', finding: expectedRecord }]);
    expect(lines).toEqual([`{"type":"data","id":"1","sha256":"${canonicalHash(JSON.parse(canonical))}"${members}`]);
    expect(records).toEqual([[1, '1', canonicalHash(JSON.parse(canonical))]]);
    const parsed = [];
    for await (const { id, record } of parseRecords(chunksOf(xml, 99), { transform })) parsed.push([id, record]);
    expect(parsed).toEqual([['1', JSON.parse(canonical)]]);
  }
});

test.each(['artists', 'labels', 'masters', 'releases'] as const)(
  'the same comes of records that are changed and left as they are, with either engine: %s',
  async (dataType) => {
    const name = dataType.slice(0, -1);
    const lists = '<genres><genre>A</genre></genres><images><image uri="u" type="t"/></images>';
    const recordOf = (attribute: string, content: string) => `<${name}${attribute}>${content}</${name}>`;
    const some = [
      recordOf(' id="1"', `<title>t</title>${lists}`),
      recordOf(' id="&quot;é\\"', '<title>é "\\</title>'),
      recordOf(' id=""', '<title/>'),
      recordOf(' id="2"', ''),
      recordOf(' id="2"', '<id>3</id><a>b</a>'),
      recordOf('', `<id>4</id>${lists}<is_a_name_longer_than_a_vector>x</is_a_name_longer_than_a_vector>`),
      recordOf('', '<id>5</id>'),
      recordOf(' status="s"', '<title>none</title>'),
      recordOf('', '<title>none</title><id/>'),
      recordOf('', '<id>6</id><id>7</id>'),
      recordOf('', `<id>8</id><title>${'long '.repeat(600)}</title>`),
    ];
    const xml = Buffer.from(`<${dataType}>${some.join('').repeat(100)}</${dataType}>`);
    const change = fieldsOf(
      ['title', 'is_a_name_longer*', 'genres'],
      `const { number, unchanged } = context;
       if (number % 500 === 0) throw new RangeError('no ' + context.id);
       if (number % 9 === 0) return undefined;
       if (number % 5 === 0) context.report([context.id, record.title, record.genres]);
       if (number % 7 === 0) { record.title = 'changed'; return record; }
       return unchanged;`,
    );
    const cases: ReadOptions[] = [
      { transform: [change], reading: 'xmltodict' },
      { transform: [change, PLATFORM_TRANSFORM], reading: 'platform' },
    ];
    for (const options of cases) {
      const [fast, strict] = await Promise.all(
        (['fast', 'strict'] as const).map((engine) => read(chunksOf(xml, 1_000_000), { ...options, engine })),
      );
      expect(withoutStacks(fast!)).toEqual(withoutStacks(strict!));
      expect(fast!.stats).toMatchObject({ records: 1100, malformed: 2, complete: true });
      const objects = [];
      for await (const each of parseRecords(chunksOf(xml, 1_000_000), { ...options, engine: 'fast' })) {
        objects.push([each.number, each.id, each.sha256]);
      }
      expect(objects).toEqual(strict!.records);
    }
  },
);

test('a record is what was changed last, and the context has the whole record of the dump', async () => {
  const cases: [TransformModule[], string][] = [
    [[transformOf(`record.a = '1'; return record;`), UNCHANGED], '{"a":"1","id":"1","name":"N0"}'],
    [[UNCHANGED, transformOf(`record.a = '1'; return record;`)], '{"a":"1","id":"1","name":"N0"}'],
    [
      [fieldsOf(['a'], `return { a: '1' };`), fieldsOf(['b'], 'return context.unchanged;')],
      '{"a":"1","id":"1","name":"N0"}',
    ],
    [[fieldsOf(['name'], `return {};`), fieldsOf([], 'return context.unchanged;')], '{"id":"1"}'],
    [[fieldsOf([], 'return context.unchanged;')], '{"id":"1","name":"N0"}'],
  ];
  for (const [transform, canonical] of cases) {
    const report = fieldsOf(
      [],
      'context.record().name = "x"; context.report(context.record()); return context.unchanged;',
    );
    const { findings, records } = await read(chunksOf(artistsXml(1), 99), { transform: [...transform, report] });
    expect(records).toEqual([[1, '1', canonicalHash(JSON.parse(canonical))]]);
    expect(findings).toEqual([{ number: 1, id: '1', finding: { id: '1', name: 'N0' } }]);
  }
});

test('keys are written in canonical order, and what JSON holds is written', async () => {
  const body = `return {
    z: [1.5, true, null, { b: 1, a: undefined, 10: 'x', 9: 'y' }], '\\u{1F3B5}': 1, '\\uFFFD': 2, '': -0, __proto__: null,
    ['__proto__']: 'p', a: { constructor: 'c', '\\u{10000}': 1, '\\uE000': 2 }, u: undefined, q: '"\\n\\u0001\\u007f/',
  };`;
  const { lines } = await read(chunksOf(artistsXml(1), 99), { transform: transformOf(body) });
  const members =
    '"":0,"__proto__":"p","a":{"constructor":"c","\uE000":2,"\u{10000}":1},"q":"\\"\\n\\u0001\u007f/",' +
    '"z":[1.5,true,null,{"10":"x","9":"y","b":1}],"\uFFFD":2,"\u{1F3B5}":1';
  expect(lines[0]!.slice(100)).toBe(`${members}}`);
});

test.each([
  ['an array', 'return [record];'],
  ['a string', 'return "x";'],
  ['a number', 'return 5;'],
  ['null', 'return null;'],
  ['a map', 'return new Map();'],
  ['a cycle', 'record.x = { y: [record] }; return record;'],
  ['a number that is not finite', 'record.x = [NaN]; return record;'],
  ['a bigint', 'record.x = 1n; return record;'],
  ['a function', 'record.x = { f() {} }; return record;'],
  ['undefined in an array', 'record.x = [undefined]; return record;'],
  ['a date', 'record.x = { date: new Date(0) }; return record;'],
  ['half a character', 'record.x = ["\\ud83c"]; return record;'],
  ['half a character in a name', 'record.x = { "\\udfb5": 1 }; return record;'],
  ['a thrown string', 'throw "mine";'],
  ['a finding that cannot be copied', 'context.report(() => {}); return record;'],
])('%s makes the record malformed', async (_, body) => {
  const some = transformOf(`if (context.number === 2) { ${body} } return record;`);
  for (const transform of [[some], [some, IDENTITY]]) {
    const { malformed, records, findings, stats } = await read(chunksOf(artistsXml(3), 99), { transform });
    expect(records.map(([number]) => number)).toEqual([1, 3]);
    expect(malformed).toMatchObject([{ reason: 'transform-failed', recordNumber: 2, recordsBefore: 1 }]);
    expect(malformed[0]!.cause).toBeDefined();
    expect(findings).toEqual([]);
    expect(stats).toMatchObject({ records: 3, omitted: 0, malformed: 1, complete: true });
  }
});

describe('a module', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'transform-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is a path, absolute or relative, or a URL, and is named in errors', async () => {
    const path = join(folder, 'with space #.mjs');
    await writeFile(path, 'export const createTransform = () => () => ({ a: "1" });');
    for (const module of [path, relative(process.cwd(), path), pathToFileURL(path), pathToFileURL(path).href]) {
      const { lines } = await read(chunksOf(artistsXml(1), 99), { transform: { module }, workers: 1 });
      expect(lines[0]).toMatch(/,"a":"1"\}$/);
    }
    const missing = join(folder, 'missing.mjs');
    const { error } = await read(chunksOf(artistsXml(1), 99), { transform: { module: missing } });
    expect(error).toMatchObject({ code: 'INVALID_TRANSFORM', facts: { module: missing } });
  });

  test.each([
    ['cannot be found', '/no/such/module.mjs'],
    ['is no JavaScript', 'data:text/javascript,export const ='],
    ['throws', 'data:text/javascript,throw new Error("mine")'],
    ['has no factory', 'data:text/javascript,export default () => (record) => record'],
    ['has a factory that throws', 'data:text/javascript,export const createTransform = () => { throw 5; }'],
    ['has a factory that returns no function', 'data:text/javascript,export const createTransform = () => ({})'],
    [
      'has no list of fields',
      'data:text/javascript,export const createTransform = () => ({ fields: 5, transform() {} })',
    ],
    [
      'has a factory that returns a promise',
      'data:text/javascript,export const createTransform = async () => { throw new Error("mine"); }',
    ],
    [
      'has an asynchronous transform',
      'data:text/javascript,export const createTransform = () => async () => { throw new Error("mine"); }',
    ],
  ])('that %s fails the read before anything is delivered', async (_, module) => {
    for (const workers of [0, 1]) {
      const { error, ranges, malformed } = await read(chunksOf(artistsXml(3000), 9999), {
        transform: [IDENTITY, { module }],
        workers,
      });
      expect(error).toMatchObject({ code: 'INVALID_TRANSFORM', facts: { module, recordsBefore: 0 } });
      expect([ranges, malformed]).toEqual([[], []]);
    }
  });

  test('is loaded once by each thread of a pool, which does not mix up the transforms of its reads', async () => {
    const path = join(folder, 'counting.mjs');
    await writeFile(
      path,
      `import { isMainThread, threadId } from 'node:worker_threads';
       globalThis.loaded = (globalThis.loaded ?? 0) + 1;
       export const createTransform = (options, { dataType }) => (record, context) => {
         if (context.number % 500 === 1) context.report({ thread: threadId, isMainThread, loaded: globalThis.loaded });
         return { id: record.id, value: options.value, dataType };
       };`,
    );
    await using pool = createWorkerPool({ threads: 2 });
    const readOne = async (value: number): Promise<RecordFinding[]> => {
      const transform = { module: path, options: { value } };
      const { lines, findings } = await read(chunksOf(artistsXml(20_000), 100_000), { transform, workers: pool });
      expect(new Set(lines.map((line) => line.slice(line.indexOf('"dataType"'))))).toEqual(
        new Set([`"dataType":"artists","value":${value}}`]),
      );
      return findings;
    };
    const findings = [...(await Promise.all([1, 2, 3].map(readOne))), await readOne(4)].flat();
    const seen = findings.map(({ finding }) => finding as { thread: number; isMainThread: boolean; loaded: number });
    expect(seen.every(({ isMainThread, loaded }) => !isMainThread && loaded === 1)).toBe(true);
    expect(new Set(seen.map(({ thread }) => thread)).size).toBe(2);
  });
});

test.each([
  [{ transform: {} }],
  [{ transform: 'module.mjs' }],
  [{ transform: { module: '' } }],
  [{ transform: [{ module: 'x.mjs', option: 1 }] }],
  [{ transform: { module: new URL('https://example.com/x.mjs') } }],
  [{ transform: { module: 'x.mjs', options: { f: () => {} } } }],
  [{ transform: null }],
])('options %j are refused', (options) => {
  expect(() => encodeRecords('x', options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
});

describe('a read with a transform that ends early', () => {
  const threads = (): number => readdirSync('/proc/self/task').length;

  test('leaves no thread, also while the input waits', async () => {
    const before = threads();
    const hanging = async function* (): AsyncGenerator<Uint8Array> {
      yield artistsXml(1000).subarray(0, 30_000);
      await new Promise(() => {});
    };
    const blocks = encodeRecords(hanging(), { workers: 2, transform: IDENTITY });
    // The records that are there are delivered while more is awaited.
    for await (const { count } of blocks) {
      expect(count).toBeGreaterThan(0);
      break;
    }
    const controller = new AbortController();
    const aborted = async (): Promise<void> => {
      const options = { workers: 2, transform: IDENTITY, signal: controller.signal };
      for await (const _ of encodeRecords(hanging(), options)) controller.abort(new Error('mine'));
    };
    await expect(aborted()).rejects.toThrow('mine');
    expect(threads()).toBe(before);
  });

  test('yields the records before the damage', async () => {
    const gzip = gzipSync(artistsXml(5000));
    const cut = gzip.subarray(0, gzip.length - 2000);
    const plain = await read(chunksOf(cut, 10_000), { workers: 2 });
    expect(plain.error).toMatchObject({ code: 'TRUNCATED' });
    const { error, lines } = await read(chunksOf(cut, 10_000), { workers: 2, transform: IDENTITY });
    expect(error).toMatchObject({ code: 'TRUNCATED', facts: plain.error!.facts });
    expect(lines).toEqual(plain.lines);
  });
});
