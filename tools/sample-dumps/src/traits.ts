import type { Era } from './era.js';

/** The properties in which the eras' XML differs. */
export interface Traits {
  /** `<artists>` … `</artists>` around the records. */
  root: boolean;
  characters: 'references' | 'utf8';
  images: 'addresses' | 'blank' | 'none';
  /** The form of an element without content. */
  empty: 'closed' | 'white-space' | 'omitted';
  subTracks: boolean;
  /** `<master_id is_main_release="…">` */
  mainRelease: boolean;
  /** `<members><id>1</id><name id="1">` rather than `<members><name id="1">`. */
  memberIds: boolean;
  /** `<series><series name="…" catno="…" id="…"/></series>` in releases. */
  series: boolean;
  /** Attribute order changes from element to element, and empty attributes are omitted. */
  unstableAttributes: boolean;
  /** Share of the artists and labels without a name. */
  nameless: number;
  /** Share of the credits that link to no artist: their id is empty. */
  unlinked: number;
  /** Share of the texts that are not well-formed XML. */
  irregular: number;
}

const COMMON: Traits = {
  root: true,
  characters: 'utf8',
  images: 'blank',
  empty: 'closed',
  subTracks: true,
  mainRelease: true,
  memberIds: true,
  series: false,
  unstableAttributes: false,
  nameless: 0,
  unlinked: 0,
  irregular: 0,
};

const LATE: Traits = { ...COMMON, images: 'none', nameless: 0.002, unlinked: 0.02 };

export const TRAITS: Readonly<Record<Era, Traits>> = {
  '2008': { ...COMMON, root: false, images: 'addresses', subTracks: false, mainRelease: false, irregular: 0.002 },
  '2014': { ...COMMON, images: 'addresses', mainRelease: false },
  '2015': { ...COMMON, mainRelease: false },
  '2017': COMMON,
  '2020': { ...COMMON, characters: 'references' },
  '2023': { ...COMMON, empty: 'white-space' },
  '2024': LATE,
  '2025': { ...LATE, empty: 'omitted', memberIds: false, series: true, unstableAttributes: true },
};
