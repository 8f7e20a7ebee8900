import { type Fields, list, object, positive, type Reader, text } from './read-values.js';

/** An artist as credited on a release, a master or a track. */
export interface Credit {
  /** `undefined` if the artist is not linked. */
  id: number | undefined;
  name: string | undefined;
  /** Artist name variation: the name as printed on the release. */
  anv: string | undefined;
  /** Text between this artist and the next, such as `&`. */
  join: string | undefined;
  role: string | undefined;
  /** The tracks that a credit of a release applies to, as contributors write them: `A2 to B2`. */
  tracks: string | undefined;
}

const CREDIT: Fields<Credit> = {
  id: ['id', positive],
  name: ['name', text],
  anv: ['anv', text],
  join: ['join', text],
  role: ['role', text],
  tracks: ['tracks', text],
};

const credit: Reader<Credit> = (value, context) => object(value ?? null, context, CREDIT);

/** `<artists>` and `<extraartists>` of `<artist>`. */
export const credits: Reader<Credit[]> = (value, context) => list(value, context, 'artist', credit);
