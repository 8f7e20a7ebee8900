import { FORMATS, RELEASE } from './calibration.js';
import {
  COMPANY_ROLES,
  COUNTRIES,
  FORMAT_DESCRIPTIONS,
  GENRES,
  IDENTIFIER_TYPES,
  RIGHTS_SOCIETIES,
  STYLES,
} from './catalog-values.js';
import { artistCredit, mainArtists, role } from './credits.js';
import { isPresent, type QuantileDistribution, WELL_DOCUMENTED_SHARE, WeightedChoice } from './distribution.js';
import { nameVariation, type Reference, versionShare } from './names.js';
import { prose, TITLE_SCRIPTS, title } from './prose.js';
import type { Random } from './random.js';
import { distinctElements, images, videos } from './shared-elements.js';
import { trackList } from './track-list.js';
import { GIVEN_NAMES, SIGNS, TITLE_WORDS, WORDS } from './vocabulary.js';
import type { RecordWriter } from './xml-writer.js';

const FORMAT = new WeightedChoice<readonly [name: string, tracks: QuantileDistribution]>(
  FORMATS.map(([name, weight, tracks]) => [[name, tracks], weight]),
);

const QUALITY = new WeightedChoice<string>([
  ['Needs Vote', 889],
  ['Correct', 96],
  ['Complete and Correct', 8],
  ['Needs Minor Changes', 7],
]);

const VERSION_SHARE = versionShare(RELEASE.master);

/** `<release>`, the record. */
export const releaseRecord = (writer: RecordWriter, number: number): string => {
  const { random, names } = writer;
  const id = names.id('releases', number);
  const script = TITLE_SCRIPTS.draw(random);
  const name = title(random, script, RELEASE.title.draw(random));
  const wellDocumented = random.chance(WELL_DOCUMENTED_SHARE);
  const [format, trackCounts] = FORMAT.draw(random);
  const tracks = trackList(writer, format, trackCounts.draw(random), script);
  const artists = tracks.compilation
    ? { xml: `<artists>${artistCredit(writer, names.various(), NO_CREDIT)}</artists>`, first: 'Various' }
    : mainArtists(writer, RELEASE.artists.draw(random), RELEASE.anv);
  const label = names.anyLabel(random);

  let xml = `${writer.tag('release', 'id', String(id), 'status', 'Accepted')}>`;
  if (random.chance(RELEASE.images.share)) xml += images(writer, 'R', id, RELEASE.images.count.draw(random));
  xml += `${artists.xml}${writer.element('title', name)}${labels(writer, label)}`;
  if (writer.traits.series) xml += series(writer);
  xml += writer.wrap('extraartists', credits(writer, wellDocumented));
  xml += formats(writer, format);
  xml += `<genres>${distinctElements(writer, 'genre', RELEASE.genres.draw(random), () => GENRES.draw(random))}</genres>`;
  if (random.chance(RELEASE.styles.share)) {
    xml += `<styles>${distinctElements(writer, 'style', RELEASE.styles.count.draw(random), () => random.pickEarly(STYLES))}</styles>`;
  }
  if (random.chance(RELEASE.country)) xml += writer.element('country', COUNTRIES.draw(random));
  if (random.chance(RELEASE.released.share)) xml += `<released>${released(random)}</released>`;
  if (isPresent(random, RELEASE.notes.share, wellDocumented))
    xml += writer.element('notes', notes(writer, wellDocumented));
  xml += `<data_quality>${QUALITY.draw(random)}</data_quality>${masterId(writer, number)}${tracks.xml}`;
  xml += writer.wrap('identifiers', identifiers(writer, wellDocumented));
  if (isPresent(random, RELEASE.videos.share, wellDocumented)) {
    xml += videos(writer, RELEASE.videos.count.draw(random, wellDocumented), {
      artist: artists.first,
      title: name,
      script,
    });
  }
  return `${xml}${writer.wrap('companies', companies(writer, label, wellDocumented))}</release>`;
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

const labels = (writer: RecordWriter, first: Reference): string => {
  const { random } = writer;
  let inner = '';
  let label = first;
  for (let left = RELEASE.labels.draw(random); left > 0; left--) {
    inner += `${writer.tag('label', 'name', label.name, 'catno', catalogueNumber(random), 'id', String(label.id))}/>`;
    if (random.chance(0.6)) label = writer.names.anyLabel(random);
  }
  return `<labels>${inner}</labels>`;
};

const series = (writer: RecordWriter): string => {
  const { random } = writer;
  if (!random.chance(0.12)) return '';
  const { id, name } = writer.names.anyCompany(random);
  const number = random.chance(0.6) ? String(random.between(1, 99)) : '';
  return `<series>${writer.tag('series', 'name', name, 'catno', number, 'id', String(id))}/></series>`;
};

const credits = (writer: RecordWriter, wellDocumented: boolean): string => {
  const { random } = writer;
  if (!isPresent(random, RELEASE.credits.share, wellDocumented)) return '';
  let inner = '';
  let artist = writer.names.anyArtist(random);
  for (let left = RELEASE.credits.count.draw(random, wellDocumented); left > 0; left--) {
    const anv = random.chance(RELEASE.credits.anv) ? nameVariation(random, artist.name) : '';
    const tracks = random.chance(RELEASE.credits.tracks) ? trackRange(random) : '';
    inner += artistCredit(writer, artist, { anv, join: '', role: role(random, 0.28), tracks });
    if (random.chance(0.85)) artist = writer.names.anyArtist(random);
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

const formats = (writer: RecordWriter, name: string): string => {
  const { random } = writer;
  let inner = '';
  let format = name;
  do {
    const text = random.chance(RELEASE.formatText)
      ? `${random.pickEarly(TITLE_WORDS.latin)}${random.chance(0.4) ? ' Sleeve' : ''}`
      : '';
    const descriptions = random.chance(RELEASE.descriptions.share)
      ? distinctElements(writer, 'description', RELEASE.descriptions.count.draw(random), () =>
          FORMAT_DESCRIPTIONS.draw(random),
        )
      : '';
    const quantity = String(random.chance(0.88) ? 1 : random.chance(0.95) ? 2 : random.between(3, 12));
    const tag = writer.tag('format', 'name', format, 'qty', quantity, 'text', text);
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

const notes = (writer: RecordWriter, wellDocumented: boolean): string => {
  const { random } = writer;
  if (random.chance(RELEASE.notes.blank)) return '\n';
  return prose(writer, {
    length: RELEASE.notes.length.draw(random, wellDocumented),
    newline: random.chance(0.34) ? '\r\n' : '\n',
    breaks: 0.7,
    links: 0.06,
    foreign: random.chance(0.1) ? 0.03 : 0.006,
  });
};

/** The main release of a master is always one of its versions; of the other releases, most are. */
const masterId = (writer: RecordWriter, number: number): string => {
  const master = writer.names.masterOf(number);
  const main = writer.names.mainRelease(master) === number;
  if (!main && !writer.random.chance(VERSION_SHARE)) return '';
  const id = writer.names.id('masters', master);
  return writer.traits.mainRelease
    ? `<master_id is_main_release="${main}">${id}</master_id>`
    : `<master_id>${id}</master_id>`;
};

const identifiers = (writer: RecordWriter, wellDocumented: boolean): string => {
  const { random } = writer;
  if (!isPresent(random, RELEASE.identifiers.share, wellDocumented)) return '';
  let inner = '';
  const stem = `${random.pick(GIVEN_NAMES).toUpperCase()} ${random.between(10, 99_999)}`;
  let side = 0;
  for (let left = RELEASE.identifiers.count.draw(random, wellDocumented); left > 0; left--) {
    const type = IDENTIFIER_TYPES.draw(random);
    const matrix = type === 'Matrix / Runout';
    if (random.chance(matrix ? 0.75 : 0.43)) {
      const description = matrix
        ? `Side ${'ABCDEFGH'[side++ % 8]}${random.chance(0.4) ? ', hand-etched runout' : ''}`
        : random.pick(['Text', 'Printed', 'Scanned', 'Text on back sleeve', 'On the label of side A']);
      inner += `${writer.tag('identifier', 'type', type, 'description', description, 'value', identifierValue(random, type, stem, side))}/>`;
    } else inner += `${writer.tag('identifier', 'type', type, 'value', identifierValue(random, type, stem, side))}/>`;
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

const companies = (writer: RecordWriter, label: Reference, wellDocumented: boolean): string => {
  const { random } = writer;
  if (!isPresent(random, RELEASE.companies.share, wellDocumented)) return '';
  let inner = '';
  let company = label;
  for (let left = RELEASE.companies.count.draw(random, wellDocumented); left > 0; left--) {
    if (random.chance(0.75)) company = writer.names.anyCompany(random);
    const [role, roleName] = COMPANY_ROLES.draw(random);
    const catno = random.chance(RELEASE.companies.catno) ? catalogueNumber(random) : '';
    inner +=
      `<company><id>${company.id}</id>${writer.element('name', company.name)}${writer.element('catno', catno)}` +
      `<entity_type>${role}</entity_type><entity_type_name>${roleName}</entity_type_name>` +
      `<resource_url>https://api.discogs.com/labels/${company.id}</resource_url></company>`;
  }
  return inner;
};
