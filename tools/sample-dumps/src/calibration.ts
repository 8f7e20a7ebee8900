import type { DataType } from './data-type.js';
import { QuantileDistribution } from './distribution.js';

/**
 * Figures that `scripts/measure.ts` printed for excerpts of the real dumps of 2020-08-06, 1,000 records of each type.
 * Tests compare generated dumps with {@link EXCERPTS}; the generator uses the shares and quantiles below.
 */
export interface ExcerptFigures {
  /** XML bytes of a record, without the line feed. */
  readonly bytesPerRecord: { readonly mean: number; readonly p50: number; readonly p90: number; readonly p99: number };
  /** Bytes of XML per byte of gzip, level 6. */
  readonly gzipRatio: number;
  /** Occurrences per KiB of XML. */
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
    // Without the labels in `sublabels`, which are empty only in the excerpts.
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

/** Numbers of records that references can point to (the database of 2020-08; ids divided by 1.25). */
export const RECORD_COUNTS: Readonly<Record<DataType, number>> = {
  artists: 5_878_000,
  labels: 1_371_000,
  masters: 1_896_000,
  releases: 11_376_000,
};

const quantiles = (...figures: number[]): QuantileDistribution => new QuantileDistribution(figures);

// Quantiles: the minimum, the 10th, 25th, 50th, 75th, 90th, 95th, 98th and 99th percentile, and the maximum.
// Shares are of the parent elements; shares in `ofDocumented` are of the documented records.

export const IMAGES = { secondaryFirst: 0.35, square: 0.23, nearSquare: 0.65 } as const;

export const ARTIST = {
  /** Share of the documented records; the others have only a name. */
  documented: 0.42,
  ofDocumented: {
    images: 0.469,
    realname: 0.321,
    profile: 0.493,
    urls: 0.345,
    namevariations: 0.621,
    aliases: 0.274,
    members: 0.188,
    groups: 0.283,
  },
  images: quantiles(1, 1, 1, 1, 3, 6, 9, 15, 25, 26),
  urls: quantiles(1, 1, 1, 2, 3, 8, 12, 18, 19, 20),
  namevariations: quantiles(1, 1, 1, 1, 4, 8, 11, 18, 25, 56),
  aliases: quantiles(1, 1, 1, 3, 5, 10, 18, 23, 23, 71),
  members: quantiles(1, 1, 1, 2, 3, 6, 8, 8, 10, 10),
  groups: quantiles(1, 1, 1, 1, 2, 5, 11, 18, 18, 19),
  profile: quantiles(7, 17, 30, 63, 212, 666, 1620, 1988, 2081, 2806),
} as const;

export const LABEL = {
  documented: 0.42,
  ofDocumented: { images: 0.586, contactinfo: 0.302, profile: 0.576, urls: 0.355, sublabels: 0.16, parentLabel: 0.198 },
  images: quantiles(1, 1, 1, 1, 2, 3, 4, 7, 8, 9),
  urls: quantiles(1, 1, 1, 2, 4, 8, 9, 12, 13, 13),
  sublabels: quantiles(1, 1, 1, 2, 5, 8, 9, 14, 24, 24),
  contactinfo: quantiles(5, 26, 34, 82, 125, 164, 208, 323, 338, 436),
  profile: quantiles(4, 21, 39, 84, 202, 541, 794, 1414, 1677, 1901),
} as const;

export const VIDEO = {
  title: quantiles(3, 15, 23, 34, 46, 59, 68, 80, 87, 100),
  description: quantiles(1, 26, 61, 173, 250, 255, 255, 255, 255, 255),
  emptyDescription: 0.14,
  blankDescription: 0.026,
  /** Share of the descriptions that the video site generates for record companies. */
  provided: 0.22,
} as const;

export const MASTER = {
  images: { share: 0.985, count: quantiles(1, 1, 1, 2, 4, 6, 8, 12, 16, 28) },
  artists: quantiles(1, 1, 1, 1, 1, 2, 2, 3, 4, 7),
  anv: 0.106,
  genres: quantiles(1, 1, 1, 1, 1, 2, 3, 3, 4, 5),
  styles: { share: 0.898, count: quantiles(1, 1, 1, 2, 2, 3, 4, 5, 7, 12) },
  notes: { share: 0.04, length: quantiles(2, 11, 36, 63, 130, 190, 257, 509, 509, 509) },
  title: quantiles(2, 7, 11, 17, 25, 35, 43, 54, 58, 79),
  videos: { share: 0.574, count: quantiles(1, 1, 1, 2, 4, 9, 12, 16, 21, 37) },
  yearUnknown: 0.038,
} as const;

export const RELEASE = {
  images: { share: 0.955, count: quantiles(1, 1, 1, 2, 4, 5, 7, 10, 12, 86) },
  artists: quantiles(1, 1, 1, 1, 1, 2, 3, 3, 5, 10),
  anv: 0.105,
  title: quantiles(1, 8, 11, 17, 25, 36, 47, 61, 75, 99),
  labels: quantiles(1, 1, 1, 1, 1, 2, 2, 2, 3, 6),
  credits: {
    share: 0.591,
    count: quantiles(1, 1, 2, 4, 8, 16, 21, 29, 36, 56),
    anv: 0.198,
    tracks: 0.177,
  },
  descriptions: { share: 0.964, count: quantiles(1, 1, 1, 2, 3, 3, 4, 4, 5, 8) },
  formatText: 0.146,
  genres: quantiles(1, 1, 1, 1, 1, 2, 3, 3, 4, 7),
  styles: { share: 0.854, count: quantiles(1, 1, 1, 1, 2, 3, 4, 5, 5, 10) },
  country: 0.97,
  released: { share: 0.882, fullDate: 0.353 },
  notes: { share: 0.64, blank: 0.011, length: quantiles(1, 22, 40, 91, 192, 381, 534, 842, 1249, 4509) },
  master: 0.615,
  identifiers: { share: 0.526, count: quantiles(1, 1, 1, 2, 4, 6, 8, 11, 15, 50), description: 0.572 },
  videos: { share: 0.53, count: quantiles(1, 1, 2, 3, 5, 10, 12, 19, 20, 34) },
  companies: { share: 0.449, count: quantiles(1, 1, 1, 3, 5, 8, 10, 13, 17, 37), catno: 0.043 },
} as const;

/** The formats, with the number of tracks of a release in each. */
export const FORMATS: ReadonlyArray<readonly [name: string, weight: number, tracks: QuantileDistribution]> = [
  ['Vinyl', 505, quantiles(1, 2, 2, 4, 11, 13, 16, 20, 23, 36)],
  ['CD', 283, quantiles(1, 4, 7, 11, 15, 20, 26, 52, 66, 132)],
  ['File', 83, quantiles(1, 1, 1, 3, 5, 10, 12, 17, 35, 35)],
  ['Cassette', 74, quantiles(2, 4, 8, 11, 14, 16, 19, 27, 46, 46)],
  ['CDr', 30, quantiles(1, 1, 3, 6, 12, 15, 17, 26, 26, 26)],
  ['Shellac', 9, quantiles(2, 2, 2, 2, 2, 6, 6, 6, 6, 6)],
  ['DVD', 7, quantiles(4, 4, 14, 20, 20, 67, 67, 67, 67, 67)],
  ['Box Set', 3, quantiles(24, 24, 24, 133, 267, 267, 267, 267, 267, 267)],
];

export const TRACK = {
  title: quantiles(1, 7, 10, 15, 22, 32, 39, 50, 57, 179),
  emptyPosition: 0.027,
  /** Share of the releases with durations, and of their tracks that have one. */
  durations: { releases: 0.54, tracks: 0.97 },
  /** Share of the compilations: releases whose tracks name their artists. */
  artists: { releases: 0.104, count: quantiles(1, 1, 1, 1, 1, 2, 2, 3, 3, 14) },
  /** Share of the releases with track credits, and the percentage of their tracks that have them. */
  credits: {
    releases: 0.357,
    percentOfTracks: quantiles(3, 17, 40, 100, 100, 100, 100, 100, 100, 100),
    count: quantiles(1, 1, 1, 1, 2, 4, 6, 10, 11, 22),
    anv: 0.419,
  },
  /** Share of the tracks that are a heading of sub-tracks. */
  subTracks: { share: 0.0062, count: quantiles(1, 1, 1, 3, 5, 9, 15, 16, 24, 24), artists: 0.036, credits: 0.012 },
} as const;
