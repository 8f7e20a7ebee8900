import type { LabelRecord } from '../record/types.js';
import { images, type RecordImage } from './image.js';
import type { ShapeOptions } from './left-out.js';
import { readRecord } from './read-record.js';
import { type Fields, list, optional, positive, text } from './read-values.js';
import { type Reference, reference } from './reference.js';
import { urls } from './terms.js';

/** A label or company, of a dump of any year. What is not told is `undefined`; lists are never missing. */
export interface Label {
  id: number | undefined;
  /** Some labels have none since 2024-12. */
  name: string | undefined;
  contactInfo: string | undefined;
  /** In Discogs' markup. */
  profile: string | undefined;
  /** What Discogs says of the entry, such as `Needs Vote`. */
  dataQuality: string | undefined;
  images: RecordImage[];
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
  parentLabel: ['parentLabel', (value, reading) => optional(value, reading, reference)],
  subLabels: ['sublabels', (value, reading) => list(value, reading, 'label', reference)],
};

/**
 * Turns a label's record, of a dump of any year, into one clean shape. Takes a message's body as well.
 *
 * @throws ParserError `INVALID_RECORD` for what is no object, `INVALID_OPTIONS`
 */
export const toLabel = (record: LabelRecord, options: ShapeOptions = {}): Label =>
  readRecord('toLabel', 'label', record, options, LABEL);
