import type { XmlValue } from '../record/types.js';

/**
 * Why something of a record is not in its clean shape.
 *
 * - `unknown`: an element, attribute or text that the shape has no field for.
 * - `repeated`: one more of an element that comes once.
 * - `unreadable`: not what the field holds: no whole number, no truth value, a text where elements belong.
 */
export type LeftOutReason = 'unknown' | 'repeated' | 'unreadable';

/** Something of a record that its clean shape does not carry. */
export interface LeftOut {
  /** Where it stands: element names from the record on, `@name` an attribute, `#text` text, as in `release/formats/format/@qty`. */
  readonly path: string;
  readonly value: XmlValue;
  readonly reason: LeftOutReason;
}

/** Options of `toArtist`, `toLabel`, `toMaster` and `toRelease`. */
export interface ShapeOptions {
  /**
   * Is told of all that the record holds and the shape does not: of what Discogs adds to its dumps one day, and of values
   * that cannot be read. What the field tables name as left out is not told. @default nobody is told
   */
  onLeftOut?: ((leftOut: LeftOut) => void) | undefined;
}

/** Where a reader stands in the record, and whom to tell. */
export interface Reading {
  readonly path: string[];
  readonly onLeftOut: ((leftOut: LeftOut) => void) | undefined;
}

export const tell = (reading: Reading, reason: LeftOutReason, value: XmlValue, name?: string): void => {
  if (reading.onLeftOut === undefined) return;
  const path = (name === undefined ? reading.path : [...reading.path, name]).join('/');
  reading.onLeftOut({ path, value, reason });
};
