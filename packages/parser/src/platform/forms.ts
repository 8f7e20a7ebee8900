import type { DataType } from '../data-type.js';

/*
 * The form that the consumers of the Discogsography platform expect of records (CONVERSION.md, section 8). This table
 * is what both implementations work by: that with objects, and that of the WebAssembly kernel.
 */

/** What becomes of a field. */
export type FieldChange =
  /** The container becomes a list of what it holds. */
  | 'list'
  /** The same, with its objects stripped. */
  | 'stripped-list'
  /** The same, of things that have an id: a text alone is taken for one. */
  | 'items'
  /** An object is stripped: its attributes become members. */
  | 'strip'
  /** An object is replaced with its text, or else with its `id`. */
  | 'reference';

export interface FieldForm {
  readonly name: string;
  readonly change: FieldChange;
  /** The name of the container's children, of which lists are made. */
  readonly child: string;
}

export interface RecordForm {
  /** Whether the record itself is stripped. */
  readonly isStripped: boolean;
  readonly fields: readonly FieldForm[];
}

const field = (name: string, change: FieldChange, child = ''): FieldForm => ({ name, change, child });

export const FORMS: Readonly<Record<DataType, RecordForm>> = {
  artists: {
    isStripped: false,
    fields: [field('members', 'items', 'name'), field('groups', 'items', 'name'), field('aliases', 'items', 'name')],
  },
  labels: {
    isStripped: false,
    fields: [field('parentLabel', 'strip'), field('sublabels', 'items', 'label')],
  },
  masters: {
    isStripped: true,
    fields: [field('artists', 'items', 'artist'), field('genres', 'list', 'genre'), field('styles', 'list', 'style')],
  },
  releases: {
    isStripped: true,
    fields: [
      field('artists', 'items', 'artist'),
      field('extraartists', 'items', 'artist'),
      field('labels', 'items', 'label'),
      field('genres', 'list', 'genre'),
      field('styles', 'list', 'style'),
      field('formats', 'stripped-list', 'format'),
      field('master_id', 'reference'),
    ],
  },
};
