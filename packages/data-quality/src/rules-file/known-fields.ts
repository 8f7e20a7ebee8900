import type { DataType } from '../data-type.js';

/** What an element has had in dumps of any year: attributes and text as `true`, elements with their own members. */
interface Shape {
  readonly [name: string]: true | Shape;
}

const names = (list: string): Shape => Object.fromEntries(list.split(' ').map((name) => [name, true]));

/** Text with attributes, which is a string without them. */
const TEXT_WITH_ID = { ...names('@id #text'), '': true } as const;

const IMAGES: Shape = { image: names('@type @uri @uri150 @width @height') };
const VIDEOS: Shape = { video: names('@src @duration @embed title description') };
const URLS: Shape = names('url');
const GENRES: Shape = names('genre');
const STYLES: Shape = names('style');
const CREDITS: Shape = { artist: names('id name anv join role tracks') };
const NAMES: Shape = { name: TEXT_WITH_ID };
const CATALOGUE_ENTRY: Shape = names('@id @name @catno');

const TRACK: { [name: string]: true | Shape } = {
  ...names('position title duration'),
  artists: CREDITS,
  extraartists: CREDITS,
};
TRACK['sub_tracks'] = { track: TRACK };

const SHAPES: Readonly<Record<DataType, Shape>> = {
  artists: {
    ...names('id name realname profile data_quality'),
    images: IMAGES,
    urls: URLS,
    namevariations: names('name'),
    aliases: NAMES,
    groups: NAMES,
    members: { id: true, ...NAMES },
  },
  labels: {
    ...names('id name contactinfo profile data_quality'),
    images: IMAGES,
    urls: URLS,
    parentLabel: TEXT_WITH_ID,
    sublabels: { label: TEXT_WITH_ID },
  },
  masters: {
    ...names('@id main_release title year notes data_quality'),
    images: IMAGES,
    artists: CREDITS,
    genres: GENRES,
    styles: STYLES,
    videos: VIDEOS,
  },
  releases: {
    ...names('@id @status title country released notes data_quality'),
    master_id: { ...names('@is_main_release #text'), '': true },
    images: IMAGES,
    artists: CREDITS,
    extraartists: CREDITS,
    labels: { label: CATALOGUE_ENTRY },
    series: { series: CATALOGUE_ENTRY },
    formats: { format: { ...names('@name @qty @text'), descriptions: names('description') } },
    genres: GENRES,
    styles: STYLES,
    tracklist: { track: TRACK },
    identifiers: { identifier: names('@type @value @description') },
    videos: VIDEOS,
    companies: { company: names('id name catno entity_type entity_type_name resource_url') },
  },
};

/**
 * What dumps of any year have had at a path:
 *
 * - `text`: strings, at least in some records.
 * - `elements`: elements with members of their own, and no text.
 * - `nothing`: no such path.
 */
export type FieldKind = 'text' | 'elements' | 'nothing';

export const kindOfField = (dataType: DataType, path: readonly string[]): FieldKind => {
  let shape: true | Shape | undefined = SHAPES[dataType];
  for (const name of path) {
    // A number picks one of several elements.
    if (/^[0-9]+$/.test(name)) continue;
    if (shape === true || name === '' || !Object.hasOwn(shape, name)) return 'nothing';
    shape = shape[name]!;
  }
  return shape === true || '' in shape ? 'text' : 'elements';
};

/** The names that can come next, for a message. */
export const namesAfter = (dataType: DataType, path: readonly string[]): string[] => {
  let shape: true | Shape | undefined = SHAPES[dataType];
  for (const name of path) {
    if (shape === undefined || shape === true) return [];
    shape = Object.hasOwn(shape, name) ? shape[name] : undefined;
  }
  return typeof shape === 'object' ? Object.keys(shape).filter((name) => name !== '') : [];
};
