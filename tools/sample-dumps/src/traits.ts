import type { Era } from './era.js';

/** What makes an era's XML differ from the others'. */
export interface Traits {
  /** `<artists>` … `</artists>` around the records. */
  root: boolean;
  characters: 'references' | 'utf8';
  images: 'addresses' | 'blank' | 'none';
  /** How an element without content is written, if at all. */
  empty: 'closed' | 'white-space' | 'left-out';
  subTracks: boolean;
  /** `<master_id is_main_release="…">` */
  mainRelease: boolean;
  /** `<members><id>1</id><name id="1">` rather than `<members><name id="1">`. */
  memberIds: boolean;
  /** `<series><series name="…" catno="…" id="…"/></series>` in releases. */
  series: boolean;
  /** Attributes in an order that changes from element to element, empty ones left out. */
  looseAttributes: boolean;
  /** Share of the artists and labels without a name. */
  nameless: number;
  /** Share of the credits that link to no artist: their id is empty. */
  unlinked: number;
  /** Share of the texts that break the rules of XML. */
  irregular: number;
}

const USUAL: Traits = {
  root: true,
  characters: 'utf8',
  images: 'blank',
  empty: 'closed',
  subTracks: true,
  mainRelease: true,
  memberIds: true,
  series: false,
  looseAttributes: false,
  nameless: 0,
  unlinked: 0,
  irregular: 0,
};

const LATE: Traits = { ...USUAL, images: 'none', nameless: 0.002, unlinked: 0.02 };

export const TRAITS: Readonly<Record<Era, Traits>> = {
  '2008': { ...USUAL, root: false, images: 'addresses', subTracks: false, mainRelease: false, irregular: 0.002 },
  '2014': { ...USUAL, images: 'addresses', mainRelease: false },
  '2015': { ...USUAL, mainRelease: false },
  '2017': USUAL,
  '2020': { ...USUAL, characters: 'references' },
  '2023': { ...USUAL, empty: 'white-space' },
  '2024': LATE,
  '2025': { ...LATE, empty: 'left-out', memberIds: false, series: true, looseAttributes: true },
};
