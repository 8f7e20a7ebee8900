import { expect, expectTypeOf, test } from 'vitest';
import {
  type DataType,
  type ParsedRecord,
  parseRecords,
  type RawArtist,
  type RawLabel,
  type RawMaster,
  type RawRelease,
} from '../src/index.js';

/*
 * Records of several years, written as objects: this file does not compile if one does not fit its raw type. The
 * conformance cases check that the parser produces such objects.
 */

const artists: RawArtist[] = [
  // 2020
  {
    images: { image: [{ '@type': 'primary', '@uri': '', '@uri150': '', '@width': '600', '@height': '450' }] },
    id: '1',
    name: 'A',
    realname: null,
    profile: null,
    data_quality: 'Correct',
    urls: { url: ['a', null] },
    namevariations: { name: 'B' },
    aliases: { name: [{ '@id': '2', '#text': 'C' }, 'D'] },
    members: { id: ['26', '27'], name: [{ '@id': '26', '#text': 'E' }] },
    groups: { name: { '@id': '3', '#text': 'F' } },
  },
  // 2024-12 and 2025-05
  { name: null },
  { id: '2', members: { name: { '@id': '26', '#text': 'E' } }, somethingNew: { '@a': 'b', c: [null, 'd'] } },
];

const labels: RawLabel[] = [
  {
    id: '1',
    name: 'A',
    contactinfo: 'x',
    parentLabel: { '@id': '2', '#text': 'B' },
    sublabels: { label: ['C', { '@id': '3', '#text': 'D' }] },
  },
  { id: '2', parentLabel: 'B', sublabels: { label: 'C' }, images: null, urls: null },
];

const masters: RawMaster[] = [
  {
    '@id': '1',
    id: '1',
    main_release: '2',
    artists: { artist: { id: '3', name: 'A', anv: null, join: ',', role: null, tracks: null } },
    genres: { genre: ['Rock', 'Pop'] },
    styles: { style: 'Techno' },
    videos: { video: { '@src': 's', '@duration': '1', '@embed': 'true', title: 't', description: null } },
    year: '1999',
    title: 'T',
  },
];

const releases: RawRelease[] = [
  {
    '@id': '1',
    '@status': 'Accepted',
    id: '1',
    title: 'T',
    labels: { label: [{ '@id': '5', '@name': 'S', '@catno': 'C' }] },
    series: { series: [{ '@id': '9', '@name': 'S' }] },
    formats: {
      format: [
        { '@name': 'Vinyl', '@qty': '2', '@text': '', descriptions: { description: ['12"', 'LP'] } },
        { '@name': 'CD' },
      ],
    },
    master_id: { '@is_main_release': 'true', '#text': '7' },
    tracklist: {
      track: [
        {
          position: 'A',
          title: 't',
          duration: null,
          sub_tracks: { track: { title: 'u', sub_tracks: { track: [{ title: 'v' }] } } },
        },
      ],
    },
    identifiers: { identifier: { '@type': 'Barcode', '@value': '1', '@description': 'd' } },
    companies: null,
    extraartists: null,
    videos: null,
  },
  { '@id': '2', master_id: '7' },
];

test('the raw types accept records of every year', () => {
  expect([artists, labels, masters, releases].map((records) => records.length)).toEqual([3, 2, 1, 2]);
});

test('the option dataType decides the type of the record', () => {
  const source = 'never read';
  expectTypeOf(parseRecords(source, { dataType: 'releases' })).toExtend<AsyncIterable<ParsedRecord<'releases'>>>();
  expectTypeOf<ParsedRecord<'releases'>['record']>().toEqualTypeOf<RawRelease>();
  expectTypeOf<ParsedRecord<'labels'>['record']>().toEqualTypeOf<RawLabel>();
  expectTypeOf(parseRecords(source)).toExtend<AsyncIterable<ParsedRecord<DataType>>>();
});
