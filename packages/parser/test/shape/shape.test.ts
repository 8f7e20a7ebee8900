import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type Artist,
  type DataType,
  type DroppedValue,
  encodeRecords,
  ParserError,
  type RawArtist,
  type RawRelease,
  type Release,
  type ShapeOptions,
  toArtist,
  toLabel,
  toMaster,
  toRelease,
} from '../../src/index.js';
import { recordOf, shapeOf } from './support.js';

const shapeOfXml = async (type: DataType, xml: string) => shapeOf(type, await recordOf(type, xml));

describe('an empty record', () => {
  test('has every field: lists are empty, the rest is undefined', () => {
    expect(toLabel({})).toStrictEqual({
      id: undefined,
      name: undefined,
      contactInfo: undefined,
      profile: undefined,
      dataQuality: undefined,
      images: [],
      urls: [],
      parentLabel: undefined,
      subLabels: [],
    });
    for (const shape of [toArtist({}), toMaster({}), toRelease({})]) {
      for (const value of Object.values(shape)) expect([undefined, []]).toContainEqual(value);
    }
  });

  test('treats empty elements and attributes as absent', async () => {
    const xml = `<release id="1" status=""><title/><images><image uri="" width=""/></images><artists/><labels><label/></labels>
      <genres><genre/><genre>Rock</genre></genres><notes>\n</notes><videos><video src="s"><description> </description></video></videos></release>`;
    const { shape, dropped } = await shapeOfXml('releases', xml);
    expect(shape).toMatchObject({
      status: undefined,
      title: undefined,
      images: [{ type: undefined, uri: undefined, uri150: undefined, width: undefined, height: undefined }],
      artists: [],
      labels: [],
      genres: ['Rock'],
      notes: undefined,
      videos: [{ src: 's', description: undefined }],
    });
    expect(dropped).toEqual([]);
  });
});

describe('differences between years', () => {
  test('reads members with their ids as elements and attributes, as elements alone, and as attributes alone', async () => {
    const both = '<id>26</id><name id="26">A</name><id>27</id><name id="27">B</name>';
    const apart = '<id>26</id><name>A</name><id>27</id><name>B</name>';
    const attributes = '<name id="26">A</name><name id="27">B</name>';
    for (const members of [both, apart, attributes]) {
      const { shape, dropped } = await shapeOfXml(
        'artists',
        `<artist><id>1</id><members>${members}</members></artist>`,
      );
      expect((shape as Artist).members).toEqual([
        { id: 26, name: 'A' },
        { id: 27, name: 'B' },
      ]);
      expect(dropped).toEqual([]);
    }
  });

  test('reads a member with an id alone and one with a name alone', async () => {
    const xml = '<artist><id>1</id><members><id>26</id><id>27</id><name id="27">B</name></members></artist>';
    expect((await shapeOfXml('artists', xml)).shape).toMatchObject({
      members: [
        { id: 27, name: 'B' },
        { id: 26, name: undefined },
      ],
    });
    const named = '<artist><id>1</id><members><name>B</name></members></artist>';
    expect((await shapeOfXml('artists', named)).shape).toMatchObject({ members: [{ id: undefined, name: 'B' }] });
  });

  test('reads a master id with and without its attribute', async () => {
    const plain = await shapeOfXml('releases', '<release id="1"><master_id>7</master_id></release>');
    expect((plain.shape as Release).master).toEqual({ id: 7, isMainRelease: undefined });
    const current = await shapeOfXml(
      'releases',
      '<release id="1"><master_id is_main_release="false">7</master_id></release>',
    );
    expect((current.shape as Release).master).toEqual({ id: 7, isMainRelease: false });
  });

  test('reads an id or year of zero as absent, but keeps a quantity of zero', async () => {
    const xml =
      '<release id="1"><artists><artist><id>0</id></artist></artists><formats><format qty="0"/></formats></release>';
    expect((await shapeOfXml('releases', xml)).shape).toMatchObject({
      artists: [{ id: undefined }],
      formats: [{ quantity: 0 }],
    });
    expect((await shapeOfXml('masters', '<master id="1"><year>0</year></master>')).shape).toMatchObject({
      year: undefined,
    });
  });

  test('reads tracks within tracks to any depth', async () => {
    let tracks = '<track><title>leaf</title></track>';
    for (let depth = 0; depth < 100; depth++) tracks = `<track><sub_tracks>${tracks}</sub_tracks></track>`;
    let [track] = (
      (await shapeOfXml('releases', `<release id="1"><tracklist>${tracks}</tracklist></release>`)).shape as Release
    ).tracklist;
    for (let depth = 0; depth < 100; depth++) [track] = track!.subTracks;
    expect(track).toMatchObject({ title: 'leaf', subTracks: [] });
  });
});

describe('onDropped is called for', () => {
  test.each([
    [
      'an unknown element',
      'releases',
      '<release id="1"><mood><kind>x</kind></mood></release>',
      'release/mood',
      'unknown',
      { kind: 'x' },
    ],
    [
      'an unknown attribute',
      'releases',
      '<release id="1"><formats><format x="y"/></formats></release>',
      'release/formats/format/@x',
      'unknown',
      'y',
    ],
    [
      'an attribute of an element that is expected to be text',
      'artists',
      '<artist><id>1</id><name lang="sv">A</name></artist>',
      'artist/name/@lang',
      'unknown',
      'sv',
    ],
    [
      'text between elements',
      'masters',
      '<master id="1">loose<title>t</title></master>',
      'master/#text',
      'unknown',
      'loose',
    ],
    [
      'text instead of a list',
      'masters',
      '<master id="1"><genres>Rock</genres></master>',
      'master/genres',
      'unreadable',
      'Rock',
    ],
    [
      'an unknown element in a list',
      'masters',
      '<master id="1"><genres><style>x</style></genres></master>',
      'master/genres/style',
      'unknown',
      'x',
    ],
    [
      'a second occurrence of an element that is expected once',
      'labels',
      '<label><id>1</id><name>A</name><name>B</name></label>',
      'label/name',
      'repeated',
      'B',
    ],
    [
      'text instead of a number',
      'releases',
      '<release id="1"><formats><format qty="many"/></formats></release>',
      'release/formats/format/@qty',
      'unreadable',
      'many',
    ],
    [
      'a number above the largest safe integer',
      'releases',
      '<release id="1"><formats><format qty="99999999999999999999"/></formats></release>',
      'release/formats/format/@qty',
      'unreadable',
      '99999999999999999999',
    ],
    [
      'text instead of a boolean',
      'masters',
      '<master id="1"><videos><video embed="yes"/></videos></master>',
      'master/videos/video/@embed',
      'unreadable',
      'yes',
    ],
    [
      'an unknown element among members',
      'artists',
      '<artist><id>1</id><members>x<role>y</role></members></artist>',
      'artist/members/role',
      'unknown',
      'y',
    ],
  ] as const)('%s', async (_, type, xml, path, reason, value) => {
    const { dropped } = await shapeOfXml(type, xml);
    expect(dropped).toContainEqual({ path, reason, value });
  });

  test('an id that differs from the attribute, which this parser leaves out, but others may not', () => {
    const dropped: DroppedValue[] = [];
    toRelease({ '@id': '1', id: '2' }, { onDropped: (value) => dropped.push(value) });
    expect(dropped).toEqual([{ path: 'release/id', reason: 'repeated', value: '2' }]);
  });

  test('joins a list that comes in two pieces', async () => {
    const { shape, dropped } = await shapeOfXml(
      'masters',
      '<master id="1"><genres><genre>Rock</genre></genres><title>t</title><genres><genre>Pop</genre></genres></master>',
    );
    expect(shape).toMatchObject({ genres: ['Rock', 'Pop'] });
    expect(dropped).toEqual([]);
  });
});

test('a message body becomes the same typed record, without reporting the members of the message', async () => {
  const xml = Buffer.from('<masters><master id="9"><title>T</title><type>x</type></master></masters>');
  const source = () =>
    (async function* () {
      yield xml;
    })();
  for await (const block of encodeRecords(source())) {
    const message = JSON.parse(Buffer.from(block.message(0)).toString());
    const { shape } = shapeOf('masters', message);
    expect(shape).toEqual(toMaster(await recordOf('masters', '<master id="9"><title>T</title></master>')));
  }
  const { dropped } = shapeOf('masters', { '@id': '9', type: 'x' });
  expect(dropped).toEqual([{ path: 'master/type', reason: 'unknown', value: 'x' }]);
});

describe('invalid arguments', () => {
  test.each([null, undefined, 'text', 7, [{}]])('%j is refused as a record', (given) => {
    expect(() => toRelease(given as unknown as RawRelease)).toThrow(
      expect.objectContaining({ name: 'ParserError', code: 'INVALID_RECORD' }),
    );
  });

  test('an onDropped that is not a function is refused', () => {
    expect(() => toArtist({}, { onDropped: 'x' as unknown as () => void })).toThrow(ParserError);
  });

  test('the object that parseRecords yields is refused in place of its record', () => {
    const parsed = { number: 1, id: '1', sha256: '', record: {} };
    expect(() => toArtist(parsed as unknown as RawArtist)).toThrow(expect.objectContaining({ code: 'INVALID_RECORD' }));
  });

  test('an unknown option is refused, but the index that `map` passes is ignored', () => {
    const misspelled = { ondropped: () => {} } as ShapeOptions;
    expect(() => toArtist({}, misspelled)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    expect([{ id: '1' }, { id: '2' }].map(toArtist as (record: RawArtist) => Artist).map(({ id }) => id)).toEqual([
      1, 2,
    ]);
  });

  test('names that every JavaScript object has are reported as unknown', () => {
    const record = JSON.parse('{"@id":"1","constructor":"x","__proto__":{"title":"y"},"toString":"z"}');
    const { shape, dropped } = shapeOf('releases', record);
    expect((shape as Release).title).toBeUndefined();
    expect(dropped.map(({ path }) => path).sort()).toEqual([
      'release/__proto__',
      'release/constructor',
      'release/toString',
    ]);
  });
});

test('types: lists are always present, numbers are numbers', () => {
  expectTypeOf<Release['genres']>().toEqualTypeOf<string[]>();
  expectTypeOf<Release['id']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<Release['tracklist'][number]['subTracks']>().toEqualTypeOf<Release['tracklist']>();
});
