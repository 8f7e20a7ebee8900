import type { DataType } from './data-type.js';
import { Spread } from './spread.js';

/**
 * What `scripts/measure.ts` found in excerpts of the real dumps of 2020-08-06, 1,000 records of each type.
 * The generator is held to the figures of {@link EXCERPTS} by its tests; the shares and spreads below feed it.
 */
export interface ExcerptFigures {
  /** XML bytes of a record, without the line feed. */
  readonly bytesPerRecord: { readonly mean: number; readonly p50: number; readonly p90: number; readonly p99: number };
  /** XML bytes by bytes of gzip, level 6. */
  readonly gzipRatio: number;
  /** Occurrences in a KiB of XML. */
  readonly perKiB: {
    readonly '&amp;': number;
    readonly '&#13;': number;
    /** Decimal references to characters outside ASCII. */
    readonly 'other &#N;': number;
    /** Hexadecimal references: in attributes. */
    readonly '&#x;': number;
    /** Line feeds in text. */
    readonly 'LF inside records': number;
  };
  /** Share of the elements that are written `<name/>`. */
  readonly selfClosed: number;
}

export const EXCERPTS: Readonly<Record<DataType, ExcerptFigures>> = {
  artists: {
    bytesPerRecord: { mean: 326, p50: 130, p90: 646, p99: 3500 },
    gzipRatio: 4.48,
    perKiB: { '&amp;': 0.501, '&#13;': 0.642, 'other &#N;': 4.75, '&#x;': 0, 'LF inside records': 0.645 },
    selfClosed: 0.143,
  },
  labels: {
    bytesPerRecord: { mean: 245, p50: 117, p90: 534, p99: 1702 },
    gzipRatio: 4.525,
    perKiB: { '&amp;': 0.234, '&#13;': 3.366, 'other &#N;': 1.526, '&#x;': 0, 'LF inside records': 3.482 },
    // Without the labels in `sublabels`, which the cutting of the excerpts has emptied.
    selfClosed: 0.07,
  },
  masters: {
    bytesPerRecord: { mean: 1296, p50: 871, p90: 2581, p99: 6166 },
    gzipRatio: 5.942,
    perKiB: { '&amp;': 0.46, '&#13;': 0.996, 'other &#N;': 3.949, '&#x;': 0, 'LF inside records': 7.049 },
    selfClosed: 0.256,
  },
  releases: {
    bytesPerRecord: { mean: 4505, p50: 3280, p90: 8630, p99: 18_342 },
    gzipRatio: 5.988,
    perKiB: { '&amp;': 0.272, '&#13;': 0.367, 'other &#N;': 3.446, '&#x;': 0.115, 'LF inside records': 2.715 },
    selfClosed: 0.279,
  },
};

/** Numbers of records in the database that references point into (2020-08, ids divided by 1.25). */
export const UNIVERSE: Readonly<Record<DataType, number>> = {
  artists: 5_878_000,
  labels: 1_371_000,
  masters: 1_896_000,
  releases: 11_376_000,
};

const spread = (...figures: number[]): Spread => new Spread(figures);

// Each spread: least, then the 10th, 25th, 50th, 75th, 90th, 95th, 98th and 99th percentile, then the greatest.
// Shares are of the parent elements. A share `OF_RICH` is of those records that somebody has worked on.

export const IMAGES = { secondaryFirst: 0.35, square: 0.23, nearSquare: 0.65 } as const;

export const ARTIST = {
  /** Records that somebody has worked on; the rest is a name and nothing else. */
  rich: 0.42,
  ofRich: {
    images: 0.469,
    realname: 0.321,
    profile: 0.493,
    urls: 0.345,
    namevariations: 0.621,
    aliases: 0.274,
    members: 0.188,
    groups: 0.283,
  },
  images: spread(1, 1, 1, 1, 3, 6, 9, 15, 25, 26),
  urls: spread(1, 1, 1, 2, 3, 8, 12, 18, 19, 20),
  namevariations: spread(1, 1, 1, 1, 4, 8, 11, 18, 25, 56),
  aliases: spread(1, 1, 1, 3, 5, 10, 18, 23, 23, 71),
  members: spread(1, 1, 1, 2, 3, 6, 8, 8, 10, 10),
  groups: spread(1, 1, 1, 1, 2, 5, 11, 18, 18, 19),
  profile: spread(7, 17, 30, 63, 212, 666, 1620, 1988, 2081, 2806),
} as const;

export const LABEL = {
  rich: 0.42,
  ofRich: { images: 0.586, contactinfo: 0.302, profile: 0.576, urls: 0.355, sublabels: 0.16, parentLabel: 0.198 },
  images: spread(1, 1, 1, 1, 2, 3, 4, 7, 8, 9),
  urls: spread(1, 1, 1, 2, 4, 8, 9, 12, 13, 13),
  sublabels: spread(1, 1, 1, 2, 5, 8, 9, 14, 24, 24),
  contactinfo: spread(5, 26, 34, 82, 125, 164, 208, 323, 338, 436),
  profile: spread(4, 21, 39, 84, 202, 541, 794, 1414, 1677, 1901),
} as const;

export const VIDEO = {
  title: spread(3, 15, 23, 34, 46, 59, 68, 80, 87, 100),
  description: spread(1, 26, 61, 173, 250, 255, 255, 255, 255, 255),
  emptyDescription: 0.14,
  blankDescription: 0.026,
  /** Descriptions in the form that the video site makes for record companies. */
  provided: 0.22,
} as const;

export const MASTER = {
  images: { share: 0.985, count: spread(1, 1, 1, 2, 4, 6, 8, 12, 16, 28) },
  artists: spread(1, 1, 1, 1, 1, 2, 2, 3, 4, 7),
  anv: 0.106,
  genres: spread(1, 1, 1, 1, 1, 2, 3, 3, 4, 5),
  styles: { share: 0.898, count: spread(1, 1, 1, 2, 2, 3, 4, 5, 7, 12) },
  notes: { share: 0.04, length: spread(2, 11, 36, 63, 130, 190, 257, 509, 509, 509) },
  title: spread(2, 7, 11, 17, 25, 35, 43, 54, 58, 79),
  videos: { share: 0.574, count: spread(1, 1, 1, 2, 4, 9, 12, 16, 21, 37) },
  yearUnknown: 0.038,
} as const;

export const RELEASE = {
  images: { share: 0.955, count: spread(1, 1, 1, 2, 4, 5, 7, 10, 12, 86) },
  artists: spread(1, 1, 1, 1, 1, 2, 3, 3, 5, 10),
  anv: 0.105,
  title: spread(1, 8, 11, 17, 25, 36, 47, 61, 75, 99),
  labels: spread(1, 1, 1, 1, 1, 2, 2, 2, 3, 6),
  credits: {
    share: 0.591,
    count: spread(1, 1, 2, 4, 8, 16, 21, 29, 36, 56),
    anv: 0.198,
    tracks: 0.177,
  },
  descriptions: { share: 0.964, count: spread(1, 1, 1, 2, 3, 3, 4, 4, 5, 8) },
  formatText: 0.146,
  genres: spread(1, 1, 1, 1, 1, 2, 3, 3, 4, 7),
  styles: { share: 0.854, count: spread(1, 1, 1, 1, 2, 3, 4, 5, 5, 10) },
  country: 0.97,
  released: { share: 0.882, fullDate: 0.353 },
  notes: { share: 0.64, blank: 0.011, length: spread(1, 22, 40, 91, 192, 381, 534, 842, 1249, 4509) },
  master: 0.615,
  identifiers: { share: 0.526, count: spread(1, 1, 1, 2, 4, 6, 8, 11, 15, 50), description: 0.572 },
  videos: { share: 0.53, count: spread(1, 1, 2, 3, 5, 10, 12, 19, 20, 34) },
  companies: { share: 0.449, count: spread(1, 1, 1, 3, 5, 8, 10, 13, 17, 37), catno: 0.043 },
} as const;

/** The formats, with the tracks that a release in each of them has. */
export const FORMATS: ReadonlyArray<readonly [name: string, weight: number, tracks: Spread]> = [
  ['Vinyl', 505, spread(1, 2, 2, 4, 11, 13, 16, 20, 23, 36)],
  ['CD', 283, spread(1, 4, 7, 11, 15, 20, 26, 52, 66, 132)],
  ['File', 83, spread(1, 1, 1, 3, 5, 10, 12, 17, 35, 35)],
  ['Cassette', 74, spread(2, 4, 8, 11, 14, 16, 19, 27, 46, 46)],
  ['CDr', 30, spread(1, 1, 3, 6, 12, 15, 17, 26, 26, 26)],
  ['Shellac', 9, spread(2, 2, 2, 2, 2, 6, 6, 6, 6, 6)],
  ['DVD', 7, spread(4, 4, 14, 20, 20, 67, 67, 67, 67, 67)],
  ['Box Set', 3, spread(24, 24, 24, 133, 267, 267, 267, 267, 267, 267)],
];

export const TRACK = {
  title: spread(1, 7, 10, 15, 22, 32, 39, 50, 57, 179),
  emptyPosition: 0.027,
  /** Releases that give durations, and the share of the tracks there that have one. */
  durations: { releases: 0.54, tracks: 0.97 },
  /** Compilations: releases whose tracks name their artists. */
  artists: { releases: 0.104, count: spread(1, 1, 1, 1, 1, 2, 2, 3, 3, 14) },
  /** Releases that credit people on tracks, and the percentage of the tracks there that have credits. */
  credits: {
    releases: 0.357,
    percentOfTracks: spread(3, 17, 40, 100, 100, 100, 100, 100, 100, 100),
    count: spread(1, 1, 1, 1, 2, 4, 6, 10, 11, 22),
    anv: 0.419,
  },
  /** Tracks that are a heading over others. */
  subTracks: { share: 0.0062, count: spread(1, 1, 1, 3, 5, 9, 15, 16, 24, 24), artists: 0.036, credits: 0.012 },
} as const;
