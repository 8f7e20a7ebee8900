import type { MasterRecord } from '../record/types.js';
import { type Credit, credits } from './credit.js';
import { images, type RecordImage } from './image.js';
import type { ShapeOptions } from './left-out.js';
import { readRecord } from './read-record.js';
import { type Fields, positive, text } from './read-values.js';
import { genres, styles } from './terms.js';
import { type RecordVideo, videos } from './video.js';

/** A master, which gathers releases of one work, of a dump of any year. What is not told is `undefined`; lists are never missing. */
export interface Master {
  id: number | undefined;
  title: string | undefined;
  /** Id of the release that stands for it. */
  mainRelease: number | undefined;
  /** Year of the first release; `undefined` where Discogs has 0. */
  year: number | undefined;
  /** In Discogs' markup. */
  notes: string | undefined;
  /** What Discogs says of the entry, such as `Needs Vote`. */
  dataQuality: string | undefined;
  images: RecordImage[];
  artists: Credit[];
  genres: string[];
  styles: string[];
  videos: RecordVideo[];
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
 * Turns a master's record, of a dump of any year, into one clean shape. Takes a message's body as well.
 *
 * @throws ParserError `INVALID_RECORD` for what is no object, `INVALID_OPTIONS`
 */
export const toMaster = (record: MasterRecord, options: ShapeOptions = {}): Master =>
  readRecord('toMaster', 'master', record, options, MASTER);
