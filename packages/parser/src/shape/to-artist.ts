import type { RawArtist } from '../record/types.js';
import type { ShapeOptions } from './dropped-value.js';
import { type Image, images } from './image.js';
import { readRecord } from './read-record.js';
import { type Fields, list, positive, text } from './read-values.js';
import { members, namedReferences, type Reference } from './reference.js';
import { urls } from './string-lists.js';

/** An artist, from a dump of any year. An absent value is `undefined`, an absent list `[]`. */
export interface Artist {
  id: number | undefined;
  /** Missing for some artists since 2024-12. */
  name: string | undefined;
  realName: string | undefined;
  /** In Discogs markup. */
  profile: string | undefined;
  /** Discogs' rating of the entry, such as `Needs Vote`. */
  dataQuality: string | undefined;
  images: Image[];
  urls: string[];
  nameVariations: string[];
  aliases: Reference[];
  /** The groups that the artist is a member of. */
  groups: Reference[];
  /** The members, if the artist is a group. */
  members: Reference[];
}

const ARTIST: Fields<Artist> = {
  id: ['id', positive],
  name: ['name', text],
  realName: ['realname', text],
  profile: ['profile', text],
  dataQuality: ['data_quality', text],
  images: ['images', images],
  urls: ['urls', urls],
  nameVariations: ['namevariations', (value, context) => list(value, context, 'name', text)],
  aliases: ['aliases', namedReferences],
  groups: ['groups', namedReferences],
  members: ['members', members],
};

/**
 * Converts a raw artist of any year, or a message body, into one typed record (see TYPED-RECORDS.md).
 *
 * @throws ParserError `INVALID_RECORD` if `record` is not a record, `INVALID_OPTIONS` if an option is invalid
 */
export const toArtist = (record: RawArtist, options: ShapeOptions = {}): Artist =>
  readRecord('toArtist', 'artist', record, options, ARTIST);
