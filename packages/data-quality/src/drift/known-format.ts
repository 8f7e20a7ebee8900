import type { PathInventory, ValueKind } from './inventory.js';

/**
 * What is known of a path during some years. A path whose content changed has a row for each time. The parser's
 * `knownFormat(dataType)` returns the rows of a type.
 */
export interface KnownPath {
  readonly path: string;
  /** What it can hold. */
  readonly holds: readonly ValueKind[];
  /** Whether it can occur more than once in its parent element. */
  readonly repeats: boolean;
  /** First month or year of this form, such as `2017-10`. @default from the first dumps on */
  readonly since?: string | undefined;
  /** First month or year without it. @default it still holds */
  readonly until?: string | undefined;
  /** Since when it is left out if it would be empty, such as `2025-05`. @default always written */
  readonly omittedSince?: string | undefined;
  /** Whether each parent element has it. @default false */
  readonly required?: boolean | undefined;
  /** Share of the records that have it, roughly, from 0 to 1. @default unknown: its absence then means nothing */
  readonly share?: number | undefined;
}

/** The format of a type at one time. */
export interface FormatEra {
  /** When it begins, such as `2017-10`; empty for the first one. */
  readonly since: string;
  readonly paths: ReadonlyMap<string, KnownPath>;
}

/** Tracks can nest to any depth, and the format describes the first levels. */
const NESTED_TRACKS = /(?:\/sub_tracks\/track)+/;

/** The path by which a format knows a path. */
export const formatPathOf = (path: string): string => path.replace(NESTED_TRACKS, '/sub_tracks/track');

/** The eras of a format, oldest first: one for each time at which a path changed. */
export const erasOf = (format: readonly KnownPath[]): FormatEra[] => {
  const times = new Set([
    '',
    ...format.flatMap((row) => [row.since, row.until, row.omittedSince].map((at) => at ?? '')),
  ]);
  return [...times].sort().map((since) => ({
    since,
    paths: new Map(format.filter((row) => isKnownAt(row, since)).map((row) => [row.path, row])),
  }));
};

const isKnownAt = ({ since = '', until }: KnownPath, time: string): boolean =>
  since <= time && (until === undefined || time < until);

/** What of a path its row does not allow. */
export const deviationsFrom = (row: KnownPath, entry: PathInventory): readonly (ValueKind | 'repeated')[] => [
  ...(['text', 'children', 'empty'] as const).filter((kind) => entry[kind] !== undefined && !row.holds.includes(kind)),
  ...(entry.maxRepeats > 1 && !row.repeats ? (['repeated'] as const) : []),
];
