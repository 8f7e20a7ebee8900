import { type Credit, credits } from './credit.js';
import { type Fields, list, object, type Reader, text } from './read-values.js';

/** A track, or a heading above tracks. */
export interface ReleaseTrack {
  /** Such as `A1` or `2-07`; none for a heading. */
  position: string | undefined;
  title: string | undefined;
  /** As people write it: `4:45`, `1:02:03`. */
  duration: string | undefined;
  artists: Credit[];
  extraArtists: Credit[];
  /** Tracks within this one, to any depth; since 2014. */
  subTracks: ReleaseTrack[];
}

const TRACK: Fields<ReleaseTrack> = {
  position: ['position', text],
  title: ['title', text],
  duration: ['duration', text],
  artists: ['artists', credits],
  extraArtists: ['extraartists', credits],
  subTracks: ['sub_tracks', (value, reading) => tracks(value, reading)],
};

const track: Reader<ReleaseTrack> = (value, reading) => object(value ?? null, reading, TRACK);

/** `<tracklist>` and `<sub_tracks>` of `<track>` */
export const tracks: Reader<ReleaseTrack[]> = (value, reading) => list(value, reading, 'track', track);
