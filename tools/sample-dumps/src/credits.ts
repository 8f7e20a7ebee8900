import { nameVariation, type Reference } from './names.js';
import type { Pen } from './pen.js';
import type { Random } from './random.js';
import { JOINS, ROLE_DETAILS, ROLES } from './terms.js';

/** What a credit says of an artist besides the name. */
export interface Credit {
  anv: string;
  join: string;
  role: string;
  tracks: string;
}

/** `<artist>` inside releases and masters. */
export const artistCredit = (pen: Pen, artist: Reference, { anv, join, role, tracks }: Credit): string => {
  const { traits } = pen;
  const unlinked = traits.unlinked > 0 && pen.random.chance(traits.unlinked);
  return (
    `<artist>${unlinked ? pen.empty('id') : `<id>${artist.id}</id>`}${pen.element('name', artist.name)}` +
    `${pen.element('anv', anv)}${pen.element('join', join)}${pen.element('role', role)}${pen.element('tracks', tracks)}</artist>`
  );
};

/** `<artists>` of a master, release or track, and the name of the first of them. */
export const mainArtists = (pen: Pen, count: number, anvShare: number): { xml: string; first: string } => {
  const { random } = pen;
  let inner = '';
  let first = '';
  for (let left = count; left > 0; left--) {
    const artist = pen.names.anyArtist(random);
    if (first === '') first = artist.name;
    const anv = random.chance(anvShare) ? nameVariation(random, artist.name) : '';
    // A join can stand after the last artist too, left over from one that was taken away.
    const join = left > 1 || random.chance(0.005) ? JOINS.draw(random) : '';
    inner += artistCredit(pen, artist, { anv, join, role: '', tracks: '' });
  }
  return { xml: `<artists>${inner}</artists>`, first };
};

/** What somebody did, sometimes several things, sometimes with a remark. */
export const role = (random: Random, more: number): string => {
  let text = ROLES.draw(random);
  if (random.chance(0.08)) text += ` [${random.pick(ROLE_DETAILS)}]`;
  while (random.chance(more)) text += `, ${ROLES.draw(random)}`;
  return text;
};
