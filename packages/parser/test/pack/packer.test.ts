import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldTreeOf, keepFields } from '../../src/pack/field-tree.js';
import { Packer } from '../../src/pack/packer.js';
import { Unpacker } from '../../src/pack/unpacker.js';
import { TABLE_WIDTH } from '../../src/record/message-layout.js';
import { recordIdOf, UNKNOWN } from '../../src/record/record-id.js';
import type { XmlObject } from '../../src/record/types.js';

/*
 * Records that are packed and unpacked are those of `JSON.parse`. A failure of the random test names its seed;
 * PARSER_SEED=seed repeats it.
 */

const seed = Number(process.env['PARSER_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
const numRuns = Number(process.env['PARSER_RUNS'] ?? 150);

const packer = new Packer();

/** Each record with its id, as JSON: unlike a comparison of objects, this sees the order of members. */
const roundTrip = (records: readonly string[], fields?: readonly string[], table = false): [string, unknown][] => {
  packer.begin(fields, undefined);
  const lines = Buffer.from(records.map((json) => `${json}\n`).join(''));
  const rows: number[] = [];
  let at = 0;
  for (const json of records) {
    const end = at + Buffer.byteLength(json);
    rows.push(at, end, 0, 0);
    at = end + 1;
  }
  if (table) packer.addLines(lines, Int32Array.from(rows));
  else for (let row = 0; row < rows.length; row += TABLE_WIDTH) packer.addLine(lines, rows[row]!, rows[row + 1]!);
  const { bytes, packed } = packer.finish();
  const tree = fields && fieldTreeOf(fields);
  const unpacker = new Unpacker(bytes, packed, fields !== undefined);
  return records.map(() => {
    const record = unpacker.next();
    let id = unpacker.isWhole ? recordIdOf(record) : unpacker.id;
    if (typeof id !== 'string') id = UNKNOWN;
    if (tree !== undefined && unpacker.isWhole) keepFields(record, tree);
    return [JSON.stringify(record), id];
  });
};

const expected = (records: readonly string[], fields?: readonly string[]): [string, unknown][] =>
  records.map((json) => {
    const record = JSON.parse(json) as XmlObject;
    const id = recordIdOf(record);
    if (fields !== undefined) keepFields(record, fieldTreeOf(fields));
    return [JSON.stringify(record), id];
  });

const names = fc.constantFrom('@id', 'id', '#text', 'a', 'aa', '@aaaaaaaaaaaaaaaaaaaa', 'é', '__proto__', 'x"\\y', '1');
const text = fc.oneof(
  fc.constantFrom('', 'a', '"', '\\', 'é', '☃', '\u{1f600}', '\u001f', 'x'.repeat(300), 'ü'.repeat(120)),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    { weight: 3, arbitrary: text },
    fc.constantFrom(null, true, false, 0, -1.5e-7),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.array(fc.tuple(names, tie('value')), { maxLength: 5 }).map((members) => {
    // As canonical JSON has them: sorted, and without an `@id` that is not text.
    const unique = new Map(members.map(([name, value]) => [name, name === '@id' ? String(value) : value]));
    return {
      toJSON: undefined,
      json: [...unique].sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
    };
  }),
}));
/** Written by hand, since an object of JavaScript has its own order of members, and no `__proto__` by assignment. */
const jsonOf = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = (value as { json: [string, unknown][] }).json;
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`).join(',')}}`;
};
const records = fc.array(values['object']!.map(jsonOf), { minLength: 1, maxLength: 30 });
const paths = fc.array(
  fc.array(names, { minLength: 1, maxLength: 3 }).map((path) => path.join('.')),
  { minLength: 1, maxLength: 4 },
);

test(`random records (PARSER_SEED=${seed})`, () => {
  const property = fc.property(records, fc.option(paths, { nil: undefined }), fc.boolean(), (list, fields, table) => {
    expect(roundTrip(list, fields, table)).toEqual(expected(list, fields));
  });
  fc.assert(property, { seed, numRuns });
});

const nested = (depth: number): string => `${'{"a":['.repeat(depth)}${']}'.repeat(depth)}`;
const wide = `{"id":"1",${Array.from({ length: 5000 }, (_, index) => `"n${index}":"${index}"`).join(',')}}`;

test.each<[string, string[]]>([
  [
    'of one text many times, and more texts than are looked up',
    Array.from({ length: 8 }, (_, record) =>
      JSON.stringify({
        id: 'é',
        list: Array.from({ length: 900 }, (_, item) => (item % 3 === 0 ? 'same' : `${record} ${item}`)),
      }),
    ),
  ],
  ['of thousands of names', [wide, '{"id":"2"}', wide]],
  ['nested too deep', [nested(499), nested(501), nested(1200), '{"id":"3"}']],
  [
    'larger than the memory for them',
    ['{"id":"1"}', `{"@id":"2","a":{"b":"${'é'.repeat(200_000)}","c":"x"}}`, '{"id":"3"}'],
  ],
  ['that fill their memory exactly', [262_143, 262_144].map((length) => `{"id":"${'x'.repeat(length - 9)}"}`)],
  [
    'of more than one batch',
    Array.from({ length: 3000 }, (_, id) => JSON.stringify({ '@id': `${id}`, a: { c: 'c', b: ['é', null, {}] } })),
  ],
])('records %s', (_, list) => {
  for (const fields of [undefined, ['a.b', 'list', 'n7']]) {
    for (const table of [false, true]) expect(roundTrip(list, fields, table)).toEqual(expected(list, fields));
  }
});

test('objects are made fast and are plain', () => {
  const list = Array.from({ length: 100 }, (_, id) => `{"__proto__":{"x":"${id}"},"id":"${id}"}`);
  expect(roundTrip(list)).toEqual(expected(list));
  packer.begin(undefined, undefined);
  const line = Buffer.from(list[0]!);
  for (let copy = 0; copy < 100; copy++) packer.addLine(line, 0, line.length);
  const { bytes, packed } = packer.finish();
  const unpacker = new Unpacker(bytes, packed, false);
  for (let copy = 0; copy < 100; copy++) {
    const record = unpacker.next();
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    expect(Object.keys(record)).toEqual(['__proto__', 'id']);
  }
});
