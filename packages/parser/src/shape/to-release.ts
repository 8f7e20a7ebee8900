import type { RawRelease } from '../record/types.js';
import { type Credit, credits } from './credit.js';
import type { ShapeOptions } from './dropped-value.js';
import { type Image, images } from './image.js';
import { readRecord } from './read-record.js';
import { type Fields, positive, text } from './read-values.js';
import {
  type CatalogueEntry,
  type Company,
  companies,
  type Format,
  formats,
  type Identifier,
  identifiers,
  labelEntries,
  type MasterReference,
  releaseMaster,
  seriesEntries,
} from './release-parts.js';
import { genres, styles } from './string-lists.js';
import { type Track, tracks } from './track.js';
import { type Video, videos } from './video.js';

/** A release, from a dump of any year. An absent value is `undefined`, an absent list `[]`. */
export interface Release {
  id: number | undefined;
  /** Such as `Accepted`. */
  status: string | undefined;
  title: string | undefined;
  country: string | undefined;
  /** Date as Discogs writes it: `1999`, `1999-07-13`, or `1999-03-00` if the day is unknown. */
  released: string | undefined;
  /** In Discogs markup. */
  notes: string | undefined;
  /** Discogs' rating of the entry, such as `Needs Vote`. */
  dataQuality: string | undefined;
  master: MasterReference | undefined;
  images: Image[];
  artists: Credit[];
  extraArtists: Credit[];
  labels: CatalogueEntry[];
  /** In dumps since 2025-05. */
  series: CatalogueEntry[];
  formats: Format[];
  genres: string[];
  styles: string[];
  tracklist: Track[];
  identifiers: Identifier[];
  videos: Video[];
  companies: Company[];
}

const RELEASE: Fields<Release> = {
  id: [['@id', 'id'], positive],
  status: ['@status', text],
  title: ['title', text],
  country: ['country', text],
  released: ['released', text],
  notes: ['notes', text],
  dataQuality: ['data_quality', text],
  master: ['master_id', releaseMaster],
  images: ['images', images],
  artists: ['artists', credits],
  extraArtists: ['extraartists', credits],
  labels: ['labels', labelEntries],
  series: ['series', seriesEntries],
  formats: ['formats', formats],
  genres: ['genres', genres],
  styles: ['styles', styles],
  tracklist: ['tracklist', tracks],
  identifiers: ['identifiers', identifiers],
  videos: ['videos', videos],
  companies: ['companies', companies],
};

/**
 * Converts a raw release of any year, or a message body, into one typed record (see TYPED-RECORDS.md).
 *
 * @throws ParserError `INVALID_RECORD` if `record` is not a record, `INVALID_OPTIONS` if an option is invalid
 */
export const toRelease = (record: RawRelease, options: ShapeOptions = {}): Release =>
  readRecord('toRelease', 'release', record, options, RELEASE);
