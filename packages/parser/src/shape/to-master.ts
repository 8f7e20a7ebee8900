import type { RawMaster } from '../record/types.js';
import { type Credit, credits } from './credit.js';
import type { ShapeOptions } from './dropped-value.js';
import { type Image, images } from './image.js';
import { readRecord } from './read-record.js';
import { type Fields, positive, text } from './read-values.js';
import { genres, styles } from './string-lists.js';
import { type Video, videos } from './video.js';

/**
 * A master, which groups the releases of one work, from a dump of any year. An absent value is `undefined`, an absent
 * list `[]`.
 */
export interface Master {
  id: number | undefined;
  title: string | undefined;
  /** Id of the release that represents the master. */
  mainRelease: number | undefined;
  /** Year of the first release; `undefined` if Discogs has 0. */
  year: number | undefined;
  /** In Discogs markup. */
  notes: string | undefined;
  /** Discogs' rating of the entry, such as `Needs Vote`. */
  dataQuality: string | undefined;
  images: Image[];
  artists: Credit[];
  genres: string[];
  styles: string[];
  videos: Video[];
}

const MASTER: Fields<Master> = {
  id: [['@id', 'id'], positive],
  title: ['title', text],
  mainRelease: ['main_release', positive],
  year: ['year', positive],
  notes: ['notes', text],
  dataQuality: ['data_quality', text],
  images: ['images', images],
  artists: ['artists', credits],
  genres: ['genres', genres],
  styles: ['styles', styles],
  videos: ['videos', videos],
};

/**
 * Converts a raw master of any year, or a message body, into one typed record (see TYPED-RECORDS.md).
 *
 * @throws ParserError `INVALID_RECORD` if `record` is not a record, `INVALID_OPTIONS` if an option is invalid
 */
export const toMaster = (record: RawMaster, options: ShapeOptions = {}): Master =>
  readRecord('toMaster', 'master', record, options, MASTER);
