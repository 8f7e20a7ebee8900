import { ARTIST } from './calibration.js';
import { nameVariation, type Reference } from './names.js';
import { images, urls } from './parts.js';
import type { Pen } from './pen.js';
import { prose, title } from './prose.js';
import { GREAT, has, Weighted } from './spread.js';
import { FAMILY_NAMES, GIVEN_NAMES, TITLE_WORDS } from './vocabulary.js';

const QUALITY = new Weighted<string>([
  ['Needs Major Changes', 613],
  ['Needs Vote', 259],
  ['Correct', 128],
]);

/** `<artist>`, the record. */
export const artistRecord = (pen: Pen, number: number): string => {
  const { random, traits } = pen;
  const { id, name } = pen.names.artist(number);
  const great = random.chance(GREAT);
  const there = sections(pen, great);
  let xml = '<artist>';
  if (there.images) xml += images(pen, 'A', id, ARTIST.images.draw(random, great));
  xml += `<id>${id}</id>`;
  if (!(traits.nameless > 0 && random.chance(traits.nameless))) xml += pen.element('name', name);
  if (there.realname) xml += pen.element('realname', realName(pen));
  xml += pen.element('profile', there.profile ? profile(pen, great) : '');
  xml += pen.element('data_quality', QUALITY.draw(random));
  if (there.urls) xml += urls(pen, ARTIST.urls.draw(random, great));
  if (there.namevariations) xml += nameVariations(pen, name, ARTIST.namevariations.draw(random, great));
  if (there.aliases) xml += linkedNames(pen, 'aliases', ARTIST.aliases.draw(random, great), false);
  if (there.members) xml += linkedNames(pen, 'members', ARTIST.members.draw(random, great), traits.memberIds);
  if (there.groups) xml += linkedNames(pen, 'groups', ARTIST.groups.draw(random, great), false);
  return `${xml}</artist>`;
};

type Section = keyof typeof ARTIST.ofRich;

const sections = ({ random }: Pen, great: boolean): Partial<Record<Section, boolean>> => {
  if (!random.chance(ARTIST.rich)) return {};
  const there: Partial<Record<Section, boolean>> = {};
  for (const section in ARTIST.ofRich)
    there[section as Section] = has(random, ARTIST.ofRich[section as Section], great);
  return there;
};

const realName = ({ random }: Pen): string => {
  if (random.chance(0.007)) return ' ';
  const given = random.pick(GIVEN_NAMES);
  if (random.chance(0.09))
    return `${given} ${random.pick(FAMILY_NAMES)} & ${random.pick(GIVEN_NAMES)} ${random.pick(FAMILY_NAMES)}`;
  if (random.chance(0.05)) return `${random.pick(TITLE_WORDS.cyrillic)} ${random.pick(TITLE_WORDS.cyrillic)}`;
  const family = random.chance(0.08) ? random.pick(TITLE_WORDS.accented) : random.pick(FAMILY_NAMES);
  return random.chance(0.4) ? `${given} ${random.pick(GIVEN_NAMES)} ${family}` : `${given} ${family}`;
};

const profile = (pen: Pen, great: boolean): string => {
  const { random } = pen;
  const length = ARTIST.profile.draw(random, great);
  const foreign = random.chance(0.1) ? 0.04 : 0.002;
  let text = prose(pen, { length, newline: '\r\n', breaks: 0.17, links: 0.19, foreign });
  if (random.chance(0.01)) text += ` ${title(random, 'cyrillic', 60)}`;
  return random.chance(0.12) ? `${text}\r\n` : text;
};

const nameVariations = (pen: Pen, name: string, count: number): string => {
  const { random } = pen;
  let inner = '';
  for (let left = count; left > 0; left--) {
    const foreign = random.chance(0.09);
    const script = random.chance(0.55)
      ? 'accented'
      : random.chance(0.7)
        ? 'cyrillic'
        : random.chance(0.4)
          ? 'greek'
          : 'kana';
    inner += pen.element(
      'name',
      foreign
        ? title(random, script, 9)
        : random.chance(0.06)
          ? `${name} & ${random.pick(GIVEN_NAMES)}`
          : nameVariation(random, name),
    );
  }
  return `<namevariations>${inner}</namevariations>`;
};

/** Names with ids, in ascending order of the id as the dumps have them. */
const linkedNames = (pen: Pen, element: string, count: number, idElements: boolean): string => {
  const linked: Reference[] = [];
  for (let left = count; left > 0; left--) linked.push(pen.names.anyArtist(pen.random));
  linked.sort((one, other) => one.id - other.id);
  let inner = '';
  for (const { id, name } of linked) {
    if (idElements) inner += `<id>${id}</id>`;
    inner += `<name id="${id}">${pen.text(name)}</name>`;
  }
  return `<${element}>${inner}</${element}>`;
};
