import type { RawLabel } from '../record/types.js';
import type { ShapeOptions } from './dropped-value.js';
import { type Image, images } from './image.js';
import { readRecord } from './read-record.js';
import { type Fields, list, optional, positive, text } from './read-values.js';
import { type Reference, reference } from './reference.js';
import { urls } from './string-lists.js';

/** A label or company, from a dump of any year. An absent value is `undefined`, an absent list `[]`. */
export interface Label {
  id: number | undefined;
  /** Missing for some labels since 2024-12. */
  name: string | undefined;
  contactInfo: string | undefined;
  /** In Discogs markup. */
  profile: string | undefined;
  /** Discogs' rating of the entry, such as `Needs Vote`. */
  dataQuality: string | undefined;
  images: Image[];
  urls: string[];
  parentLabel: Reference | undefined;
  subLabels: Reference[];
}

const LABEL: Fields<Label> = {
  id: ['id', positive],
  name: ['name', text],
  contactInfo: ['contactinfo', text],
  profile: ['profile', text],
  dataQuality: ['data_quality', text],
  images: ['images', images],
  urls: ['urls', urls],
  parentLabel: ['parentLabel', (value, context) => optional(value, context, reference)],
  subLabels: ['sublabels', (value, context) => list(value, context, 'label', reference)],
};

/**
 * Converts a raw label of any year, or a message body, into one typed record (see TYPED-RECORDS.md).
 *
 * @throws ParserError `INVALID_RECORD` if `record` is not a record, `INVALID_OPTIONS` if an option is invalid
 */
export const toLabel = (record: RawLabel, options: ShapeOptions = {}): Label =>
  readRecord('toLabel', 'label', record, options, LABEL);
