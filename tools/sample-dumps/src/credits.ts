import { JOINS, ROLE_DETAILS, ROLES } from './catalog-values.js';
import { nameVariation, type Reference } from './names.js';
import type { Random } from './random.js';
import type { RecordWriter } from './xml-writer.js';

/** The parts of a credit other than the artist. */
export interface Credit {
  anv: string;
  join: string;
  role: string;
  tracks: string;
}

/** `<artist>` inside releases and masters. */
export const artistCredit = (writer: RecordWriter, artist: Reference, { anv, join, role, tracks }: Credit): string => {
  const { traits } = writer;
  const unlinked = traits.unlinked > 0 && writer.random.chance(traits.unlinked);
  return (
    `<artist>${unlinked ? writer.empty('id') : `<id>${artist.id}</id>`}${writer.element('name', artist.name)}` +
    `${writer.element('anv', anv)}${writer.element('join', join)}${writer.element('role', role)}${writer.element('tracks', tracks)}</artist>`
  );
};

/** `<artists>` of a master, release or track, and the name of the first of them. */
export const mainArtists = (writer: RecordWriter, count: number, anvShare: number): { xml: string; first: string } => {
  const { random } = writer;
  let inner = '';
  let first = '';
  for (let left = count; left > 0; left--) {
    const artist = writer.names.anyArtist(random);
    if (first === '') first = artist.name;
    const anv = random.chance(anvShare) ? nameVariation(random, artist.name) : '';
    // In the real dumps, too, a join can follow the last artist.
    const join = left > 1 || random.chance(0.005) ? JOINS.draw(random) : '';
    inner += artistCredit(writer, artist, { anv, join, role: '', tracks: '' });
  }
  return { xml: `<artists>${inner}</artists>`, first };
};

/** An artist's role or roles, some with a detail. */
export const role = (random: Random, more: number): string => {
  let text = ROLES.draw(random);
  if (random.chance(0.08)) text += ` [${random.pick(ROLE_DETAILS)}]`;
  while (random.chance(more)) text += `, ${ROLES.draw(random)}`;
  return text;
};
