import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DATA_TYPES, type DataType, type XmlObject, type XmlValue } from '../../src/index.js';
import { createKernel } from '../../src/kernel/kernel.js';
import { createNormalizer } from '../../src/platform/normalize.js';
import { canonical, canonicalHash } from '../support/canonical.js';

/*
 * The platform's transform on records in the raw shape, by section 8 of CONVERSION.md. Expectations are written by hand;
 * random records are compared with what the other implementation makes of them: one works with objects, one with bytes.
 */

const kernels = new Map(
  DATA_TYPES.map((dataType) => [dataType, createKernel({ dataType, isNormalized: true })!] as const),
);

/** By the kernel: canonical JSON, and its member `id` as text. `undefined` if the kernel refuses the record. */
const normalizeBytes = (dataType: DataType, json: string): { json: string; id: string } | undefined => {
  const line = Buffer.from(`${json}\n`);
  const span = { bytes: line, start: 0, end: line.length - 1, idStart: 0, idEnd: 0 };
  const result = kernels.get(dataType)!.normalizeLine(span);
  if (result === undefined) return undefined;
  const { bytes, start, end, idStart, idEnd } = result;
  return { json: bytes.toString('utf8', start, end), id: bytes.toString('utf8', idStart, idEnd) };
};

/** With objects: the record. */
const normalizeObject = (dataType: DataType, raw: XmlObject): XmlObject =>
  createNormalizer(dataType).normalize(structuredClone(raw)) ?? raw;

/** By both. */
const normalize = (dataType: DataType, raw: XmlObject): unknown => {
  const record = normalizeObject(dataType, raw);
  expect(normalizeBytes(dataType, canonical(raw))).toEqual({ json: canonical(record), id: idMemberOf(record) });
  return record;
};

const idMemberOf = (record: XmlObject): string => (record['id'] === undefined ? '' : `"id":${canonical(record['id'])}`);

const person = { id: '9', name: 'A & B', anv: null, join: null, role: null, tracks: null };

describe('the whole records of the contract', () => {
  const records: [DataType, XmlObject, string, string][] = [
    [
      'artists',
      {
        id: '9',
        name: 'A & B',
        realname: null,
        profile: ' two\nlines ',
        data_quality: 'Correct',
        urls: { url: ['http://a.example/', 'http://b.example/'] },
        namevariations: { name: 'AB' },
        aliases: { name: { '@id': '21', '#text': 'C' } },
        members: {
          id: ['31', '32'],
          name: [
            { '@id': '31', '#text': 'D' },
            { '@id': '32', '#text': 'E' },
          ],
        },
      },
      '{"aliases":[{"id":"21","name":"C"}],"data_quality":"Correct","id":"9","members":[{"id":"31","name":"D"},{"id":"32","name":"E"}],"name":"A & B","namevariations":{"name":"AB"},"profile":" two\\nlines ","realname":null,"urls":{"url":["http://a.example/","http://b.example/"]}}',
      'f314354cdd3e0fdd0a44e4da4422b5c0f5c00de75b3a34473f4c186dd6d8b0b1',
    ],
    [
      'labels',
      {
        id: '7',
        name: 'L',
        contactinfo: 'x',
        data_quality: 'Correct',
        parentLabel: { '@id': '3', '#text': 'P' },
        sublabels: { label: { '@id': '8', '#text': 'S' } },
        urls: { url: 'http://l.example/' },
      },
      '{"contactinfo":"x","data_quality":"Correct","id":"7","name":"L","parentLabel":{"id":"3","name":"P"},"sublabels":[{"id":"8","name":"S"}],"urls":{"url":"http://l.example/"}}',
      '15580764df5b35df84d866feb5aef68fa68ca4fb5f31d13c5e749673039fb05e',
    ],
    [
      'masters',
      {
        '@id': '5',
        main_release: '55',
        artists: { artist: person },
        genres: { genre: 'Rock' },
        styles: { style: ['Punk', 'Noise'] },
        year: '1999',
        title: 'T',
        data_quality: 'Correct',
        videos: {
          video: {
            '@duration': '60',
            '@embed': 'true',
            '@src': 'http://v.example/',
            title: 'v',
            description: null,
          },
        },
      },
      '{"artists":[{"anv":null,"id":"9","join":null,"name":"A & B","role":null,"tracks":null}],"data_quality":"Correct","genres":["Rock"],"id":"5","main_release":"55","styles":["Punk","Noise"],"title":"T","videos":{"video":{"@duration":"60","@embed":"true","@src":"http://v.example/","description":null,"title":"v"}},"year":"1999"}',
      '6083c6e5c8828b777d4d167e17b49a0f6bebef01aad6d188afba7fbd037ffaba',
    ],
    [
      'releases',
      {
        '@id': '55',
        '@status': 'Accepted',
        artists: { artist: person },
        title: 'T',
        labels: { label: { '@catno': 'L-1', '@id': '7', '@name': 'L' } },
        extraartists: { artist: { ...person, id: '0', name: 'X', role: 'Mixed By' } },
        formats: {
          format: { '@name': 'Vinyl', '@qty': '1', '@text': '', descriptions: { description: ['LP', 'Album'] } },
        },
        genres: { genre: 'Rock' },
        styles: { style: 'Punk' },
        country: 'UK',
        released: '1999-03-00',
        notes: null,
        data_quality: 'Correct',
        master_id: { '@is_main_release': 'true', '#text': '5' },
        tracklist: { track: { position: 'A1', title: 'One', duration: '3:00' } },
        identifiers: { identifier: { '@description': '', '@type': 'Barcode', '@value': '123' } },
        series: null,
        videos: null,
        companies: {
          company: {
            id: '7',
            name: 'L',
            catno: null,
            entity_type: '13',
            entity_type_name: 'Phonographic Copyright (p)',
            resource_url: 'https://api.discogs.com/labels/7',
          },
        },
      },
      '{"artists":[{"anv":null,"id":"9","join":null,"name":"A & B","role":null,"tracks":null}],"companies":{"company":{"catno":null,"entity_type":"13","entity_type_name":"Phonographic Copyright (p)","id":"7","name":"L","resource_url":"https://api.discogs.com/labels/7"}},"country":"UK","data_quality":"Correct","extraartists":[{"anv":null,"id":"0","join":null,"name":"X","role":"Mixed By","tracks":null}],"formats":[{"descriptions":{"description":["LP","Album"]},"name":"Vinyl","qty":"1","text":""}],"genres":["Rock"],"id":"55","identifiers":{"identifier":{"@description":"","@type":"Barcode","@value":"123"}},"labels":[{"catno":"L-1","id":"7","name":"L"}],"master_id":"5","notes":null,"released":"1999-03-00","series":null,"status":"Accepted","styles":["Punk"],"title":"T","tracklist":{"track":{"duration":"3:00","position":"A1","title":"One"}},"videos":null}',
      '184c55957a82b9b467e7329a47cfb07fff07f6fdf74c4591eb0287918e128941',
    ],
  ];

  test.each(records)('%s', (dataType, raw, json, sha256) => {
    const normalized = normalize(dataType, raw);
    expect(normalized).toEqual(JSON.parse(json));
    expect(createHash('sha256').update(json).digest('hex')).toBe(sha256);
    expect(canonicalHash(normalized)).toBe(sha256);
  });
});

const ABSENT = undefined;

/** What becomes of a field with this value; `ABSENT` if it is left out. */
const FIELD_CASES: [DataType, string, XmlValue, XmlValue | undefined][] = [
  ['artists', 'members', null, ABSENT],
  ['artists', 'members', { id: ['1', '2'] }, ABSENT],
  ['artists', 'members', { name: null }, ABSENT],
  ['artists', 'members', { name: [] }, ABSENT],
  ['artists', 'members', 'X', [{ id: 'X' }]],
  ['artists', 'members', { name: ['X', null, { '@id': '1' }] }, [{ id: 'X' }, null, { id: '1' }]],
  ['artists', 'groups', { name: { '@id': '1', '#text': 'G' } }, [{ id: '1', name: 'G' }]],
  ['artists', 'groups', [{ '@id': '1' }, { name: 'X' }], [{ id: '1' }, { name: 'X' }]],
  ['artists', 'aliases', { name: [['nested']] }, [['nested']]],
  [
    'artists',
    'namevariations',
    { name: [{ '@id': '1', '#text': 'V' }, 'W'] },
    { name: [{ '@id': '1', '#text': 'V' }, 'W'] },
  ],
  ['artists', 'urls', null, null],
  ['labels', 'parentLabel', { '@id': '1', '#text': 'P' }, { id: '1', name: 'P' }],
  ['labels', 'parentLabel', 'P', 'P'],
  ['labels', 'parentLabel', null, null],
  ['labels', 'parentLabel', [{ '@id': '1' }], [{ '@id': '1' }]],
  ['labels', 'sublabels', { label: ['A', { '@id': '2', '#text': 'B' }] }, [{ id: 'A' }, { id: '2', name: 'B' }]],
  ['labels', 'sublabels', { name: 'A' }, ABSENT],
  ['masters', 'artists', { artist: [{ id: '1' }, { id: '2' }] }, [{ id: '1' }, { id: '2' }]],
  ['masters', 'genres', { genre: ['A', null] }, ['A', null]],
  ['masters', 'genres', 'A', ['A']],
  ['masters', 'styles', { '@x': '1' }, ABSENT],
  ['masters', 'styles', { style: { '@x': '1', '#text': 'A' } }, [{ '@x': '1', '#text': 'A' }]],
  ['masters', 'formats', { format: 'x' }, { format: 'x' }],
  [
    'releases',
    'formats',
    { format: ['CD', { '@name': 'LP', descriptions: null }] },
    ['CD', { name: 'LP', descriptions: null }],
  ],
  ['releases', 'formats', null, ABSENT],
  ['releases', 'labels', { label: [{ '@id': '1', '@name': 'a', '@catno': '' }] }, [{ id: '1', name: 'a', catno: '' }]],
  ['releases', 'series', { series: { '@id': '1' } }, { series: { '@id': '1' } }],
  [
    'releases',
    'tracklist',
    { track: { artists: { artist: { '@id': '1' } } } },
    { track: { artists: { artist: { '@id': '1' } } } },
  ],
  ['releases', 'extraartists', { artist: 'X' }, [{ id: 'X' }]],
  ['releases', 'master_id', '5', '5'],
  ['releases', 'master_id', null, null],
  ['releases', 'master_id', { '@is_main_release': 'true' }, { '@is_main_release': 'true' }],
  ['releases', 'master_id', { '@id': '4', id: '5' }, '5'],
  ['releases', 'master_id', { '#text': '6', id: '5' }, '6'],
  ['releases', 'master_id', { '@id': '4' }, { '@id': '4' }],
  ['releases', 'master_id', ['5', '6'], ['5', '6']],
];

test.each(FIELD_CASES)('%s: %s %j becomes %j', (dataType, field, value, expected) => {
  const normalized = normalize(dataType, { [field]: value, id: '1' });
  expect(normalized).toEqual(expected === ABSENT ? { id: '1' } : { [field]: expected, id: '1' });
});

test.each<[XmlObject, XmlObject]>([
  [{ '@k': '1', k: '2' }, { k: '1' }],
  [{ '#text': 't' }, { name: 't' }],
  [
    { '#text': 't', name: 'n' },
    { name: 'n', '#text': 't' },
  ],
  [
    { '#text': 't', name: null },
    { name: null, '#text': 't' },
  ],
  [
    { '#text': 't', '@name': 'n' },
    { name: 'n', '#text': 't' },
  ],
  [
    { '#text': 't', '@name': 'n', name: 'm' },
    { name: 'n', '#text': 't' },
  ],
  [{ '@a': { '@b': '1' } }, { a: { '@b': '1' } }],
  [JSON.parse('{"@__proto__":"p","@a":"1"}'), JSON.parse('{"__proto__":"p","a":"1"}')],
])('the members of an item %j become %j', (item, expected) => {
  expect(normalize('labels', { parentLabel: item })).toEqual({ parentLabel: expected });
  // A master and a release are such an object themselves, an artist and a label are not.
  expect(normalize('masters', item)).toEqual(expected);
  expect(normalize('releases', item)).toEqual(expected);
  expect(normalize('artists', item)).toEqual(item);
  expect(normalize('labels', item)).toEqual(item);
});

describe('both implementations agree', () => {
  const seed = Number(process.env['PARSER_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
  const runs = Number(process.env['PARSER_RUNS'] ?? 300);

  // Transforms before this one can make any JSON. Names of XML have no escapes in JSON.
  const text = fc.oneof(
    fc.constantFrom('', 'x', '"', '\\', '\\"', '{', '}]', '[{"', '\n', 'é', '\u{1F3B5}', 'x'.repeat(15), '"'.repeat(9)),
    fc.string({ maxLength: 40 }),
  );
  const plainName = fc.constantFrom(
    ...['id', 'name', 'artist', 'artists', 'extraartists', 'label', 'labels', 'genre', 'genres', 'style', 'styles'],
    ...[
      'format',
      'formats',
      'master_id',
      'members',
      'groups',
      'aliases',
      'parentLabel',
      'sublabels',
      'x',
      'nam',
      'namf',
    ],
    ...['__proto__', 'constructor', '', '!', ':a', 'A', 'é', 'member', 'members2', 'named', 'n'.repeat(40)],
  );
  const names = (odd: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.oneof(
          plainName,
          plainName,
          plainName.map((name) => `@${name}`),
          fc.constant('#text'),
        ),
      },
      { weight: 1, arbitrary: odd },
    );
  const values = (name: fc.Arbitrary<string>): fc.Arbitrary<Record<string, XmlValue>> => {
    const { record } = fc.letrec<{ value: XmlValue; record: Record<string, XmlValue> }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, depthIdentifier: 'value' },
        fc.oneof(text, text, fc.constantFrom(null, 5 as unknown as string, true as unknown as string)),
        fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'value' }),
        tie('record'),
      ) as fc.Arbitrary<XmlValue>,
      record: fc.dictionary(name, tie('value'), { maxKeys: 7, depthIdentifier: 'value' }),
    }));
    return record;
  };

  test.each([
    ['of names as in XML', values(names(plainName)), false],
    ['of any names', values(names(fc.constantFrom('@#text', 'a"b', '@\n', '\u0001', '@@id', '@"'))), true],
  ])(`on random records, %s (PARSER_SEED=${seed})`, (_, records, mayRefuse) => {
    const property = fc.property(fc.constantFrom(...DATA_TYPES), records, (dataType, raw) => {
      const json = canonical(raw);
      const result = normalizeBytes(dataType, json);
      if (mayRefuse && result === undefined) return;
      const record = normalizeObject(dataType, JSON.parse(json) as XmlObject);
      expect(result).toEqual({ json: canonical(record), id: idMemberOf(record) });
    });
    fc.assert(property, { seed, numRuns: runs });
  });

  test('on records with many members, and long values', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`@a${index}`, 'v'.repeat(index % 50)]));
    const list = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? `"${index}` : many));
    for (const dataType of DATA_TYPES) {
      for (const name of ['artists', 'genres', 'members', 'parentLabel']) {
        normalize(dataType, { ...many, [name]: { artist: list, genre: list, name: list, '#text': '\\'.repeat(5000) } });
      }
    }
  });
});
