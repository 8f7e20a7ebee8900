/** What an element or attribute can hold. */
export type KnownContent = 'text' | 'children' | 'empty';

/**
 * What is known of an element or attribute of a type's records, during some years: one whose content has changed has
 * several rows.
 */
export interface KnownPath {
  /** Names from the record on, such as `release/labels/label/@catno`. */
  path: string;
  /** What it can hold: text, child elements, or neither. */
  holds: readonly KnownContent[];
  /** Whether it can occur more than once in its parent element. */
  repeats: boolean;
  /** The first month with this form, `YYYY-MM`; `undefined` if it is that of the first dumps. */
  since: string | undefined;
  /** The first month without it; `undefined` if it still holds. */
  until: string | undefined;
  /** The month since which it is left out, more often than not, if it would be empty. */
  omittedSince: string | undefined;
  /** Whether each parent element has it. */
  required: boolean;
  /**
   * Share of the records that have it with something in it, from 0 to 1, in the dump of 2020-08-06; `undefined` if it is
   * not known.
   */
  share: number | undefined;
}
