import { FORMATS, RELEASE } from './calibration.js';
import { artistCredit, mainArtists, role } from './credits.js';
import { nameVariation, type Reference, versionShare } from './names.js';
import { images, terms, videos } from './parts.js';
import type { Pen } from './pen.js';
import { prose, TITLE_SCRIPTS, title } from './prose.js';
import type { Random } from './random.js';
import { GREAT, has, type Spread, Weighted } from './spread.js';
import {
  COMPANY_PARTS,
  COUNTRIES,
  FORMAT_DESCRIPTIONS,
  GENRES,
  IDENTIFIER_TYPES,
  RIGHTS_SOCIETIES,
  STYLES,
} from './terms.js';
import { trackList } from './track-list.js';
import { GIVEN_NAMES, SIGNS, TITLE_WORDS, WORDS } from './vocabulary.js';

const FORMAT = new Weighted<readonly [name: string, tracks: Spread]>(
  FORMATS.map(([name, weight, tracks]) => [[name, tracks], weight]),
);

const QUALITY = new Weighted<string>([
  ['Needs Vote', 889],
  ['Correct', 96],
  ['Complete and Correct', 8],
  ['Needs Minor Changes', 7],
]);

const VERSION_SHARE = versionShare(RELEASE.master);

/** `<release>`, the record. */
export const releaseRecord = (pen: Pen, number: number): string => {
  const { random, names } = pen;
  const id = names.id('releases', number);
  const script = TITLE_SCRIPTS.draw(random);
  const name = title(random, script, RELEASE.title.draw(random));
  const great = random.chance(GREAT);
  const [format, trackCounts] = FORMAT.draw(random);
  const tracks = trackList(pen, format, trackCounts.draw(random), script);
  const artists = tracks.compilation
    ? { xml: `<artists>${artistCredit(pen, names.various(), NO_CREDIT)}</artists>`, first: 'Various' }
    : mainArtists(pen, RELEASE.artists.draw(random), RELEASE.anv);
  const label = names.anyLabel(random);

  let xml = `${pen.tag('release', 'id', String(id), 'status', 'Accepted')}>`;
  if (random.chance(RELEASE.images.share)) xml += images(pen, 'R', id, RELEASE.images.count.draw(random));
  xml += `${artists.xml}${pen.element('title', name)}${labels(pen, label)}`;
  if (pen.traits.series) xml += series(pen);
  xml += pen.wrap('extraartists', credits(pen, great));
  xml += formats(pen, format);
  xml += `<genres>${terms(pen, 'genre', RELEASE.genres.draw(random), () => GENRES.draw(random))}</genres>`;
  if (random.chance(RELEASE.styles.share)) {
    xml += `<styles>${terms(pen, 'style', RELEASE.styles.count.draw(random), () => random.pickEarly(STYLES))}</styles>`;
  }
  if (random.chance(RELEASE.country)) xml += pen.element('country', COUNTRIES.draw(random));
  if (random.chance(RELEASE.released.share)) xml += `<released>${released(random)}</released>`;
  if (has(random, RELEASE.notes.share, great)) xml += pen.element('notes', notes(pen, great));
  xml += `<data_quality>${QUALITY.draw(random)}</data_quality>${masterId(pen, number)}${tracks.xml}`;
  xml += pen.wrap('identifiers', identifiers(pen, great));
  if (has(random, RELEASE.videos.share, great)) {
    xml += videos(pen, RELEASE.videos.count.draw(random, great), { artist: artists.first, title: name, script });
  }
  return `${xml}${pen.wrap('companies', companies(pen, label, great))}</release>`;
};

const NO_CREDIT = { anv: '', join: '', role: '', tracks: '' } as const;

const catalogueNumber = (random: Random): string => {
  if (random.chance(0.11)) return 'none';
  const letters = random.pick(GIVEN_NAMES).slice(0, random.between(2, 4)).toUpperCase();
  switch (random.below(4)) {
    case 0:
      return `${letters} ${random.between(1, 9999)}`;
    case 1:
      return `${letters}-${random.between(100, 99_999)}`;
    case 2:
      return `${random.between(100, 999)} ${random.between(100, 999)}-${random.between(1, 9)}`;
    default:
      return `${letters}${String(random.between(1, 999)).padStart(3, '0')}`;
  }
};

const labels = (pen: Pen, first: Reference): string => {
  const { random } = pen;
  let inner = '';
  let label = first;
  for (let left = RELEASE.labels.draw(random); left > 0; left--) {
    inner += `${pen.tag('label', 'name', label.name, 'catno', catalogueNumber(random), 'id', String(label.id))}/>`;
    if (random.chance(0.6)) label = pen.names.anyLabel(random);
  }
  return `<labels>${inner}</labels>`;
};

const series = (pen: Pen): string => {
  const { random } = pen;
  if (!random.chance(0.12)) return '';
  const { id, name } = pen.names.anyCompany(random);
  const number = random.chance(0.6) ? String(random.between(1, 99)) : '';
  return `<series>${pen.tag('series', 'name', name, 'catno', number, 'id', String(id))}/></series>`;
};

const credits = (pen: Pen, great: boolean): string => {
  const { random } = pen;
  if (!has(random, RELEASE.credits.share, great)) return '';
  let inner = '';
  let artist = pen.names.anyArtist(random);
  for (let left = RELEASE.credits.count.draw(random, great); left > 0; left--) {
    const anv = random.chance(RELEASE.credits.anv) ? nameVariation(random, artist.name) : '';
    const tracks = random.chance(RELEASE.credits.tracks) ? trackRange(random) : '';
    inner += artistCredit(pen, artist, { anv, join: '', role: role(random, 0.28), tracks });
    if (random.chance(0.85)) artist = pen.names.anyArtist(random);
  }
  return inner;
};

const trackRange = (random: Random): string => {
  const side = random.chance(0.6) ? 'A' : '';
  let at = random.between(1, 4);
  let text = `${side}${at}`;
  while (random.chance(0.66)) {
    at += random.between(1, 3);
    text += `${random.chance(0.3) ? ' to ' : ', '}${side}${at}`;
  }
  return text;
};

const formats = (pen: Pen, name: string): string => {
  const { random } = pen;
  let inner = '';
  let format = name;
  do {
    const text = random.chance(RELEASE.formatText)
      ? `${random.pickEarly(TITLE_WORDS.latin)}${random.chance(0.4) ? ' Sleeve' : ''}`
      : '';
    const descriptions = random.chance(RELEASE.descriptions.share)
      ? terms(pen, 'description', RELEASE.descriptions.count.draw(random), () => FORMAT_DESCRIPTIONS.draw(random))
      : '';
    const quantity = String(random.chance(0.88) ? 1 : random.chance(0.95) ? 2 : random.between(3, 12));
    const tag = pen.tag('format', 'name', format, 'qty', quantity, 'text', text);
    inner += descriptions === '' ? `${tag}/>` : `${tag}><descriptions>${descriptions}</descriptions></format>`;
    format = random.chance(0.5) ? 'CD' : 'All Media';
  } while (random.chance(0.035));
  return `<formats>${inner}</formats>`;
};

const released = (random: Random): string => {
  const year = random.between(1955, 2019);
  if (!random.chance(RELEASE.released.fullDate)) return String(year);
  const day = random.chance(0.4) ? 0 : random.between(1, 28);
  return `${year}-${String(random.between(1, 12)).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
};

const notes = (pen: Pen, great: boolean): string => {
  const { random } = pen;
  if (random.chance(RELEASE.notes.blank)) return '\n';
  return prose(pen, {
    length: RELEASE.notes.length.draw(random, great),
    newline: random.chance(0.34) ? '\r\n' : '\n',
    breaks: 0.7,
    links: 0.06,
    foreign: random.chance(0.1) ? 0.03 : 0.006,
  });
};

/** The main release of a master is always one of its versions; of the other releases, most are. */
const masterId = (pen: Pen, number: number): string => {
  const master = pen.names.masterOf(number);
  const main = pen.names.mainRelease(master) === number;
  if (!main && !pen.random.chance(VERSION_SHARE)) return '';
  const id = pen.names.id('masters', master);
  return pen.traits.mainRelease
    ? `<master_id is_main_release="${main}">${id}</master_id>`
    : `<master_id>${id}</master_id>`;
};

const identifiers = (pen: Pen, great: boolean): string => {
  const { random } = pen;
  if (!has(random, RELEASE.identifiers.share, great)) return '';
  let inner = '';
  const stem = `${random.pick(GIVEN_NAMES).toUpperCase()} ${random.between(10, 99_999)}`;
  let side = 0;
  for (let left = RELEASE.identifiers.count.draw(random, great); left > 0; left--) {
    const type = IDENTIFIER_TYPES.draw(random);
    const matrix = type === 'Matrix / Runout';
    if (random.chance(matrix ? 0.75 : 0.43)) {
      const description = matrix
        ? `Side ${'ABCDEFGH'[side++ % 8]}${random.chance(0.4) ? ', hand-etched runout' : ''}`
        : random.pick(['Text', 'Printed', 'Scanned', 'Text on back sleeve', 'On the label of side A']);
      inner += `${pen.tag('identifier', 'type', type, 'description', description, 'value', identifierValue(random, type, stem, side))}/>`;
    } else inner += `${pen.tag('identifier', 'type', type, 'value', identifierValue(random, type, stem, side))}/>`;
  }
  return inner;
};

const identifierValue = (random: Random, type: string, stem: string, side: number): string => {
  switch (type) {
    case 'Barcode':
      return `${random.between(0, 9)} ${random.between(10_000, 99_999)} ${random.between(10_000, 99_999)} ${random.between(0, 9)}${random.chance(0.01) ? ' >' : ''}`;
    case 'Rights Society':
      return random.pick(RIGHTS_SOCIETIES);
    case 'Label Code':
      return `LC ${String(random.between(1, 29_999)).padStart(5, '0')}`;
    case 'Mastering SID Code':
    case 'Mould SID Code':
      return `IFPI ${random.pick(GIVEN_NAMES).charAt(0)}${random.between(100, 999)}`;
    default: {
      let value = `${stem}-${'ABCDEFGH'[side % 8]}${random.between(1, 4)}`;
      if (random.chance(0.4)) value += ` ${random.pick(TITLE_WORDS.latin)} ${random.between(1, 99)}`;
      if (random.chance(0.07)) value += ` ${random.pick(SIGNS)} ${random.pick(SIGNS)}`;
      if (random.chance(0.03)) value += ` ${random.pick(WORDS.cyrillic)}`;
      if (random.chance(0.004)) value += ` "${random.pick(TITLE_WORDS.latin)}"`;
      if (random.chance(0.006)) value += ` <${random.between(100, 999)}>`;
      return value;
    }
  }
};

const companies = (pen: Pen, label: Reference, great: boolean): string => {
  const { random } = pen;
  if (!has(random, RELEASE.companies.share, great)) return '';
  let inner = '';
  let company = label;
  for (let left = RELEASE.companies.count.draw(random, great); left > 0; left--) {
    if (random.chance(0.75)) company = pen.names.anyCompany(random);
    const [part, partName] = COMPANY_PARTS.draw(random);
    const catno = random.chance(RELEASE.companies.catno) ? catalogueNumber(random) : '';
    inner +=
      `<company><id>${company.id}</id>${pen.element('name', company.name)}${pen.element('catno', catno)}` +
      `<entity_type>${part}</entity_type><entity_type_name>${partName}</entity_type_name>` +
      `<resource_url>https://api.discogs.com/labels/${company.id}</resource_url></company>`;
  }
  return inner;
};
