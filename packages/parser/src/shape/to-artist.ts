import type { ArtistRecord } from '../record/types.js';
import { images, type RecordImage } from './image.js';
import type { ShapeOptions } from './left-out.js';
import { readRecord } from './read-record.js';
import { type Fields, list, positive, text } from './read-values.js';
import { members, namedReferences, type Reference } from './reference.js';
import { urls } from './terms.js';

/** An artist, of a dump of any year. What is not told is `undefined`; lists are never missing. */
export interface Artist {
  id: number | undefined;
  /** Some artists have none since 2024-12. */
  name: string | undefined;
  realName: string | undefined;
  /** In Discogs' markup. */
  profile: string | undefined;
  /** What Discogs says of the entry, such as `Needs Vote`. */
  dataQuality: string | undefined;
  images: RecordImage[];
  urls: string[];
  nameVariations: string[];
  aliases: Reference[];
  /** The groups that a person is in. */
  groups: Reference[];
  /** The persons in a group. */
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
  nameVariations: ['namevariations', (value, reading) => list(value, reading, 'name', text)],
  aliases: ['aliases', namedReferences],
  groups: ['groups', namedReferences],
  members: ['members', members],
};

/**
 * Turns an artist's record, of a dump of any year, into one clean shape. Takes a message's body as well.
 *
 * @throws ParserError `INVALID_RECORD` for what is no object, `INVALID_OPTIONS`
 */
export const toArtist = (record: ArtistRecord, options: ShapeOptions = {}): Artist =>
  readRecord('toArtist', 'artist', record, options, ARTIST);
