import type { ReleaseRecord } from '../record/types.js';
import { type Credit, credits } from './credit.js';
import { images, type RecordImage } from './image.js';
import type { ShapeOptions } from './left-out.js';
import { readRecord } from './read-record.js';
import { type Fields, positive, text } from './read-values.js';
import {
  type CatalogueEntry,
  companies,
  formats,
  identifiers,
  labelEntries,
  type ReleaseCompany,
  type ReleaseFormat,
  type ReleaseIdentifier,
  type ReleaseMaster,
  releaseMaster,
  seriesEntries,
} from './release-parts.js';
import { genres, styles } from './terms.js';
import { type ReleaseTrack, tracks } from './track.js';
import { type RecordVideo, videos } from './video.js';

/** A release, of a dump of any year. What is not told is `undefined`; lists are never missing. */
export interface Release {
  id: number | undefined;
  /** Such as `Accepted`. */
  status: string | undefined;
  title: string | undefined;
  country: string | undefined;
  /** Date as Discogs writes it: `1999`, `1999-07-13`, `1999-03-00` where the day is not known. */
  released: string | undefined;
  /** In Discogs' markup. */
  notes: string | undefined;
  /** What Discogs says of the entry, such as `Needs Vote`. */
  dataQuality: string | undefined;
  master: ReleaseMaster | undefined;
  images: RecordImage[];
  artists: Credit[];
  extraArtists: Credit[];
  labels: CatalogueEntry[];
  /** Since 2025-05. */
  series: CatalogueEntry[];
  formats: ReleaseFormat[];
  genres: string[];
  styles: string[];
  tracklist: ReleaseTrack[];
  identifiers: ReleaseIdentifier[];
  videos: RecordVideo[];
  companies: ReleaseCompany[];
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
 * Turns a release's record, of a dump of any year, into one clean shape. Takes a message's body as well.
 *
 * @throws ParserError `INVALID_RECORD` for what is no object, `INVALID_OPTIONS`
 */
export const toRelease = (record: ReleaseRecord, options: ShapeOptions = {}): Release =>
  readRecord('toRelease', 'release', record, options, RELEASE);
