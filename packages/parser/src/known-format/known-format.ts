import { type DataType, recordNameOf } from '../data-type.js';
import { ERAS } from './eras.js';
import type { KnownContent, KnownPath } from './known-path.js';

type Row = Omit<KnownPath, 'path'> & { readonly name: string };
type Rest = Partial<Omit<Row, 'name' | 'holds'>>;

const { subTracks, blankAddresses, mainRelease, noImages, series, noStatus } = ERAS;

const row = (name: string, holds: readonly KnownContent[], rest: Rest = {}): Row => ({
  name,
  holds,
  repeats: false,
  since: undefined,
  until: undefined,
  omittedSince: holds.includes('empty') ? series : undefined,
  required: false,
  share: undefined,
  ...rest,
});

const TEXT: readonly KnownContent[] = ['text'];
const TEXT_OR_EMPTY: readonly KnownContent[] = ['text', 'empty'];
const ELEMENTS: readonly KnownContent[] = ['children'];
const ELEMENTS_OR_EMPTY: readonly KnownContent[] = ['children', 'empty'];
/** Attributes alone. */
const ATTRIBUTES: readonly KnownContent[] = ['empty'];

/** The same rows in an element. */
const inside = (element: string, rows: readonly Row[], rest: Rest = {}): Row[] =>
  rows.map(({ name, ...facts }) => ({ ...facts, name: `${element}/${name}`, ...rest }));

/** An element that is left out when it is empty, since 2025-05; before that, its parent always has it. */
const leftOut = (name: string, share?: number): Row[] => [
  row(name, TEXT_OR_EMPTY, { required: true, until: series, share }),
  row(name, TEXT, { since: series, share: undefined }),
];

/** An element that is always empty, and left out since 2025-05. */
const alwaysEmpty = (name: string, share?: number): Row =>
  row(name, ATTRIBUTES, { required: true, until: series, share });

const images = (share: number): Row[] => [
  row('images', ELEMENTS_OR_EMPTY, { share, until: noImages }),
  row('images/image', ATTRIBUTES, { share, repeats: true, until: noImages }),
  ...['height', 'type', 'width'].map((name) => row(`images/image/@${name}`, TEXT_OR_EMPTY, { share, until: noImages })),
  ...['uri', 'uri150'].flatMap((name) => [
    row(`images/image/@${name}`, TEXT, { share, until: blankAddresses }),
    row(`images/image/@${name}`, ATTRIBUTES, { share, since: blankAddresses, until: noImages }),
  ]),
];

/** A list of texts. */
const texts = (name: string, item: string, share?: number): Row[] => [
  row(name, ELEMENTS_OR_EMPTY, { share }),
  row(`${name}/${item}`, TEXT_OR_EMPTY, { share, repeats: true }),
];

/** A list of names with ids. */
const references = (name: string, item: string, share?: number): Row[] => [
  ...texts(name, item, share),
  row(`${name}/${item}/@id`, TEXT_OR_EMPTY),
];

/** @param always - elements of each credit that hold nothing in this place */
const credits = (list: string, always: readonly string[], share?: number): Row[] => [
  row(list, ELEMENTS_OR_EMPTY, { share }),
  row(`${list}/artist`, ELEMENTS_OR_EMPTY, { share, repeats: true }),
  row(`${list}/artist/id`, TEXT, { share, required: true, until: noImages }),
  row(`${list}/artist/id`, TEXT_OR_EMPTY, { share, since: noImages }),
  row(`${list}/artist/name`, TEXT_OR_EMPTY, { share }),
  ...['anv', 'join', 'role', 'tracks'].flatMap((name) =>
    always.includes(name) ? [alwaysEmpty(`${list}/artist/${name}`, share)] : leftOut(`${list}/artist/${name}`, share),
  ),
];

const videos = (share: number): Row[] => [
  row('videos', ELEMENTS_OR_EMPTY, { share }),
  row('videos/video', ELEMENTS_OR_EMPTY, { share, repeats: true }),
  ...['duration', 'embed', 'src'].map((name) => row(`videos/video/@${name}`, TEXT_OR_EMPTY, { share })),
  ...['description', 'title'].map((name) => row(`videos/video/${name}`, TEXT_OR_EMPTY, { share })),
];

/** A name that each record had until 2024-12. */
const NAME: readonly Row[] = [
  row('name', TEXT_OR_EMPTY, { required: true, share: 1, until: noImages }),
  row('name', TEXT_OR_EMPTY, { share: 1, since: noImages }),
];

const ARTIST: readonly Row[] = [
  row('id', TEXT, { required: true, share: 1 }),
  ...NAME,
  row('realname', TEXT_OR_EMPTY, { share: 0.14 }),
  row('profile', TEXT_OR_EMPTY, { share: 0.2 }),
  row('data_quality', TEXT_OR_EMPTY, { share: 1 }),
  ...images(0.2),
  ...texts('urls', 'url', 0.15),
  ...references('namevariations', 'name', 0.26).filter(({ name }) => !name.includes('@')),
  ...references('aliases', 'name', 0.12),
  ...references('groups', 'name', 0.12),
  ...references('members', 'name', 0.08),
  row('members/id', TEXT_OR_EMPTY, { repeats: true, share: 0.08, until: series }),
];

const LABEL: readonly Row[] = [
  row('id', TEXT, { required: true, share: 1 }),
  ...NAME,
  row('contactinfo', TEXT_OR_EMPTY, { share: 0.13 }),
  row('profile', TEXT_OR_EMPTY, { share: 0.24 }),
  row('data_quality', TEXT_OR_EMPTY, { share: 1 }),
  ...images(0.25),
  ...texts('urls', 'url', 0.15),
  row('parentLabel', TEXT_OR_EMPTY, { share: 0.08 }),
  row('parentLabel/@id', TEXT_OR_EMPTY, { share: 0.08 }),
  ...references('sublabels', 'label', 0.07),
];

const MASTER: readonly Row[] = [
  row('@id', TEXT, { required: true, share: 1 }),
  row('main_release', TEXT_OR_EMPTY, { share: 1 }),
  row('title', TEXT_OR_EMPTY, { share: 1 }),
  row('year', TEXT_OR_EMPTY, { share: 1 }),
  row('notes', TEXT_OR_EMPTY, { share: 0.04 }),
  row('data_quality', TEXT_OR_EMPTY, { share: 1 }),
  ...images(0.98),
  ...credits('artists', ['role', 'tracks'], 1),
  ...texts('genres', 'genre', 1),
  ...texts('styles', 'style', 0.9),
  ...videos(0.57),
];

const TRACK: readonly Row[] = [
  ...leftOut('position'),
  ...leftOut('duration'),
  row('title', TEXT_OR_EMPTY),
  ...credits('artists', ['role', 'tracks']),
  ...credits('extraartists', ['join', 'tracks']),
];

const SUB_TRACKS: readonly Row[] = [
  row('sub_tracks', ELEMENTS_OR_EMPTY, { since: subTracks }),
  row('sub_tracks/track', ELEMENTS_OR_EMPTY, { repeats: true, since: subTracks }),
  ...inside('sub_tracks/track', TRACK).map((track) => ({ ...track, since: track.since ?? subTracks })),
];

const RELEASE: readonly Row[] = [
  row('@id', TEXT, { required: true, share: 1 }),
  row('@status', TEXT_OR_EMPTY, { share: 1, until: noStatus }),
  row('title', TEXT_OR_EMPTY, { share: 1 }),
  row('country', TEXT_OR_EMPTY, { share: 0.97 }),
  row('released', TEXT_OR_EMPTY, { share: 0.88 }),
  row('notes', TEXT_OR_EMPTY, { share: 0.64 }),
  row('data_quality', TEXT_OR_EMPTY, { share: 1 }),
  row('master_id', TEXT_OR_EMPTY, { share: 0.6 }),
  row('master_id/@is_main_release', TEXT_OR_EMPTY, { required: true, share: 0.6, since: mainRelease }),
  ...images(0.95),
  ...credits('artists', ['role', 'tracks'], 1),
  ...credits('extraartists', ['join'], 0.59),
  row('labels', ELEMENTS_OR_EMPTY, { share: 1 }),
  row('labels/label', ATTRIBUTES, { repeats: true, share: 1 }),
  ...['catno', 'id', 'name'].map((name) => row(`labels/label/@${name}`, TEXT_OR_EMPTY, { share: 1 })),
  row('series', ELEMENTS_OR_EMPTY, { since: series }),
  row('series/series', ATTRIBUTES, { repeats: true, since: series }),
  ...['catno', 'id', 'name'].map((name) => row(`series/series/@${name}`, TEXT_OR_EMPTY, { since: series })),
  row('formats', ELEMENTS_OR_EMPTY, { share: 1 }),
  row('formats/format', ELEMENTS_OR_EMPTY, { repeats: true, share: 1 }),
  ...['name', 'qty', 'text'].map((name) => row(`formats/format/@${name}`, TEXT_OR_EMPTY, { share: 1 })),
  ...inside('formats/format', texts('descriptions', 'description', 0.97)),
  ...texts('genres', 'genre', 1),
  ...texts('styles', 'style', 0.85),
  row('tracklist', ELEMENTS_OR_EMPTY, { share: 1 }),
  row('tracklist/track', ELEMENTS_OR_EMPTY, { repeats: true, share: 1 }),
  ...inside('tracklist/track', [...TRACK, ...SUB_TRACKS]),
  row('identifiers', ELEMENTS_OR_EMPTY, { share: 0.53 }),
  row('identifiers/identifier', ATTRIBUTES, { repeats: true, share: 0.53 }),
  ...['description', 'type', 'value'].map((name) => row(`identifiers/identifier/@${name}`, TEXT_OR_EMPTY)),
  ...videos(0.53),
  row('companies', ELEMENTS_OR_EMPTY, { share: 0.45 }),
  row('companies/company', ELEMENTS_OR_EMPTY, { repeats: true, share: 0.45 }),
  ...['id', 'name', 'entity_type', 'entity_type_name'].map((name) =>
    row(`companies/company/${name}`, TEXT_OR_EMPTY, { share: 0.45 }),
  ),
  ...leftOut('companies/company/catno', 0.45),
  row('companies/company/resource_url', TEXT_OR_EMPTY, { share: 0.45, until: noStatus }),
];

const ROWS: Readonly<Record<DataType, readonly Row[]>> = {
  artists: ARTIST,
  labels: LABEL,
  masters: MASTER,
  releases: RELEASE,
};

/**
 * What is known of the elements and attributes that records of a type have had since the first dumps, each element
 * before what is in it. A track of `sub_tracks` can have `sub_tracks` again, which have the same form.
 */
export const knownFormat = (dataType: DataType): readonly KnownPath[] => {
  const record = recordNameOf(dataType);
  const top: Row = row('', ELEMENTS, { required: true, share: 1 });
  return [top, ...ROWS[dataType]].map(({ name, ...facts }) => ({
    path: name === '' ? record : `${record}/${name}`,
    ...facts,
  }));
};
