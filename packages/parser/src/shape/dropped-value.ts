import type { XmlValue } from '../record/types.js';

/**
 * Why a value of a raw record is missing from the typed record.
 *
 * - `unknown`: an element, attribute or text that the typed record has no field for.
 * - `repeated`: a further occurrence of an element that is expected once.
 * - `unreadable`: not of the field's type, such as text instead of a whole number, a boolean or child elements.
 */
export type DropReason = 'unknown' | 'repeated' | 'unreadable';

/** A value of a raw record that the typed record does not contain. */
export interface DroppedValue {
  /**
   * The value's place: element names from the record downwards, then `@name` for an attribute or `#text` for text,
   * as in `release/formats/format/@qty`.
   */
  readonly path: string;
  readonly value: XmlValue;
  readonly reason: DropReason;
}

/** Options of `toArtist`, `toLabel`, `toMaster` and `toRelease`. */
export interface ShapeOptions {
  /**
   * Called for each value of the record that the typed record does not contain: a field that Discogs has added since,
   * or a value that cannot be read. Not called for what TYPED-RECORDS.md lists under "Not carried over". @default none
   */
  onDropped?: ((dropped: DroppedValue) => void) | undefined;
}

/** Where in the record a reader is, and whom it reports dropped values to. */
export interface ReadContext {
  readonly path: string[];
  readonly onDropped: ((dropped: DroppedValue) => void) | undefined;
}

export const reportDropped = (context: ReadContext, reason: DropReason, value: XmlValue, name?: string): void => {
  if (context.onDropped === undefined) return;
  const path = (name === undefined ? context.path : [...context.path, name]).join('/');
  context.onDropped({ path, value, reason });
};
