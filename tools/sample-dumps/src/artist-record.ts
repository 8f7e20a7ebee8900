import { ARTIST } from './calibration.js';
import { isPresent, WELL_DOCUMENTED_SHARE, WeightedChoice } from './distribution.js';
import { nameVariation, type Reference } from './names.js';
import { prose, title } from './prose.js';
import { images, urls } from './shared-elements.js';
import { FAMILY_NAMES, GIVEN_NAMES, TITLE_WORDS } from './vocabulary.js';
import type { RecordWriter } from './xml-writer.js';

const QUALITY = new WeightedChoice<string>([
  ['Needs Major Changes', 613],
  ['Needs Vote', 259],
  ['Correct', 128],
]);

/** `<artist>`, the record. */
export const artistRecord = (writer: RecordWriter, number: number): string => {
  const { random, traits } = writer;
  const { id, name } = writer.names.artist(number);
  const wellDocumented = random.chance(WELL_DOCUMENTED_SHARE);
  const present = drawSections(writer, wellDocumented);
  let xml = '<artist>';
  if (present.images) xml += images(writer, 'A', id, ARTIST.images.draw(random, wellDocumented));
  xml += `<id>${id}</id>`;
  if (!(traits.nameless > 0 && random.chance(traits.nameless))) xml += writer.element('name', name);
  if (present.realname) xml += writer.element('realname', realName(writer));
  xml += writer.element('profile', present.profile ? profile(writer, wellDocumented) : '');
  xml += writer.element('data_quality', QUALITY.draw(random));
  if (present.urls) xml += urls(writer, ARTIST.urls.draw(random, wellDocumented));
  if (present.namevariations) xml += nameVariations(writer, name, ARTIST.namevariations.draw(random, wellDocumented));
  if (present.aliases) xml += linkedNames(writer, 'aliases', ARTIST.aliases.draw(random, wellDocumented), false);
  if (present.members)
    xml += linkedNames(writer, 'members', ARTIST.members.draw(random, wellDocumented), traits.memberIds);
  if (present.groups) xml += linkedNames(writer, 'groups', ARTIST.groups.draw(random, wellDocumented), false);
  return `${xml}</artist>`;
};

type Section = keyof typeof ARTIST.ofDocumented;

const drawSections = ({ random }: RecordWriter, wellDocumented: boolean): Partial<Record<Section, boolean>> => {
  if (!random.chance(ARTIST.documented)) return {};
  const present: Partial<Record<Section, boolean>> = {};
  for (const section in ARTIST.ofDocumented)
    present[section as Section] = isPresent(random, ARTIST.ofDocumented[section as Section], wellDocumented);
  return present;
};

const realName = ({ random }: RecordWriter): string => {
  if (random.chance(0.007)) return ' ';
  const given = random.pick(GIVEN_NAMES);
  if (random.chance(0.09))
    return `${given} ${random.pick(FAMILY_NAMES)} & ${random.pick(GIVEN_NAMES)} ${random.pick(FAMILY_NAMES)}`;
  if (random.chance(0.05)) return `${random.pick(TITLE_WORDS.cyrillic)} ${random.pick(TITLE_WORDS.cyrillic)}`;
  const family = random.chance(0.08) ? random.pick(TITLE_WORDS.accented) : random.pick(FAMILY_NAMES);
  return random.chance(0.4) ? `${given} ${random.pick(GIVEN_NAMES)} ${family}` : `${given} ${family}`;
};

const profile = (writer: RecordWriter, wellDocumented: boolean): string => {
  const { random } = writer;
  const length = ARTIST.profile.draw(random, wellDocumented);
  const foreign = random.chance(0.1) ? 0.04 : 0.002;
  let text = prose(writer, { length, newline: '\r\n', breaks: 0.17, links: 0.19, foreign });
  if (random.chance(0.01)) text += ` ${title(random, 'cyrillic', 60)}`;
  return random.chance(0.12) ? `${text}\r\n` : text;
};

const nameVariations = (writer: RecordWriter, name: string, count: number): string => {
  const { random } = writer;
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
    inner += writer.element(
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
const linkedNames = (writer: RecordWriter, element: string, count: number, idElements: boolean): string => {
  const linked: Reference[] = [];
  for (let left = count; left > 0; left--) linked.push(writer.names.anyArtist(writer.random));
  linked.sort((one, other) => one.id - other.id);
  let inner = '';
  for (const { id, name } of linked) {
    if (idElements) inner += `<id>${id}</id>`;
    inner += `<name id="${id}">${writer.text(name)}</name>`;
  }
  return `<${element}>${inner}</${element}>`;
};
