import { type Credit, credits } from './credit.js';
import { type Fields, list, object, type Reader, text } from './read-values.js';

/** A track, or a heading in a track list. */
export interface Track {
  /** Such as `A1` or `2-07`; `undefined` for a heading. */
  position: string | undefined;
  title: string | undefined;
  /** As contributors write it: `4:45`, `1:02:03`. */
  duration: string | undefined;
  artists: Credit[];
  extraArtists: Credit[];
  /** Tracks within this one, to any depth. In dumps since 2014. */
  subTracks: Track[];
}

const TRACK: Fields<Track> = {
  position: ['position', text],
  title: ['title', text],
  duration: ['duration', text],
  artists: ['artists', credits],
  extraArtists: ['extraartists', credits],
  subTracks: ['sub_tracks', (value, context) => tracks(value, context)],
};

const track: Reader<Track> = (value, context) => object(value ?? null, context, TRACK);

/** `<tracklist>` and `<sub_tracks>` of `<track>` */
export const tracks: Reader<Track[]> = (value, context) => list(value, context, 'track', track);
