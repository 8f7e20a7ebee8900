import type { DataType } from '../../src/config/data-type.js';

/** Years whose form the samples have. */
export const YEARS = ['2014', '2015', '2017', '2020', '2024', '2026'] as const;
export type Year = (typeof YEARS)[number];

interface Form {
  /** Whether the addresses of images are filled in; `undefined` without images. */
  readonly imageAddress: string | undefined;
  readonly isMainRelease: boolean;
  readonly hasMemberIds: boolean;
  readonly hasSeries: boolean;
  readonly hasStatus: boolean;
  readonly hasResourceUrl: boolean;
  /** Whether elements without content are written, as those of credits and tracks. */
  readonly hasEmptyElements: boolean;
}

const FORMS: Readonly<Record<Year, Form>> = (() => {
  const common = {
    isMainRelease: true,
    hasMemberIds: true,
    hasSeries: false,
    hasStatus: true,
    hasResourceUrl: true,
    hasEmptyElements: true,
  };
  return {
    '2014': { ...common, imageAddress: 'http://images.example/', isMainRelease: false },
    '2015': { ...common, imageAddress: '', isMainRelease: false },
    '2017': { ...common, imageAddress: '' },
    '2020': { ...common, imageAddress: '' },
    '2024': { ...common, imageAddress: undefined },
    '2026': {
      imageAddress: undefined,
      isMainRelease: true,
      hasMemberIds: false,
      hasSeries: true,
      hasStatus: false,
      hasResourceUrl: false,
      hasEmptyElements: false,
    },
  };
})();

/** Some records of each type in the form of a year. */
export const yearSample = (year: Year, type: DataType): string => {
  const form = FORMS[year];
  const records = Array.from({ length: 12 }, (_, index) => `${RECORDS[type](form, index + 1)}\n`);
  return `<${type}>\n${records.join('')}</${type}>\n`;
};

const element = ({ hasEmptyElements }: Form, name: string, text: string): string =>
  text !== '' ? `<${name}>${text}</${name}>` : hasEmptyElements ? `<${name}/>` : '';

const images = ({ imageAddress }: Form, number: number): string => {
  if (imageAddress === undefined) return '';
  const address = imageAddress === '' ? '' : `${imageAddress}${number}.jpg`;
  const image = (kind: string): string =>
    `<image type="${kind}" uri="${address}" uri150="${address}" width="600" height="590"/>`;
  return `<images>${image('primary')}${image('secondary')}</images>`;
};

const credit = (form: Form, number: number, rest: { anv?: string; join?: string; role?: string; tracks?: string }) =>
  `<artist><id>${number}</id><name>Player ${number}</name>${element(form, 'anv', rest.anv ?? '')}` +
  `${element(form, 'join', rest.join ?? '')}${element(form, 'role', rest.role ?? '')}` +
  `${element(form, 'tracks', rest.tracks ?? '')}</artist>`;

const credits = (form: Form, number: number): string =>
  `<artists>${credit(form, number, { anv: 'P.', join: '&amp;' })}${credit(form, number + 1, {})}</artists>`;

const extraCredits = (form: Form, number: number, tracks = ''): string =>
  `<extraartists>${credit(form, number, { role: 'Mixed By', tracks, anv: 'Pl.' })}` +
  `${credit(form, number + 1, { role: 'Artwork' })}</extraartists>`;

const videos = (number: number): string =>
  `<videos>${
    `<video src="https://video.example/${number}" duration="215" embed="true"><title>Clip</title>` +
    '<description>A clip</description></video>'.repeat(1)
  }${
    `<video src="https://video.example/x${number}" duration="9" ` +
    'embed="true"><title>Other</title><description>Another</description></video>'
  }</videos>`;

const track = (form: Form, position: string, more = ''): string =>
  `<track>${element(form, 'position', position)}<title>Tune ${position}</title>` +
  `${element(form, 'duration', position === 'A1' ? '' : '3:21')}${more}</track>`;

const RECORDS: Readonly<Record<DataType, (form: Form, number: number) => string>> = {
  artists: (form, number) =>
    `<artist>${images(form, number)}<id>${number}</id><name>Band ${number}</name><realname>Ann Other</realname>` +
    `<profile>Plays in the cellar.</profile><data_quality>Correct</data_quality>` +
    `<urls><url>https://band.example/${number}</url><url>https://b.example/</url></urls>` +
    `<namevariations><name>B. ${number}</name><name>The ${number}</name></namevariations>` +
    `<aliases><name id="${number + 50}">Ensemble</name><name id="${number + 51}">Duo</name></aliases>` +
    `<groups><name id="${number + 60}">Choir</name><name id="${number + 61}">Band</name></groups>` +
    `<members>${[70, 80]
      .map((base) => {
        const id = form.hasMemberIds ? `<id>${number + base}</id>` : '';
        return `${id}<name id="${number + base}">Member ${base}</name>`;
      })
      .join('')}</members></artist>`,
  labels: (form, number) =>
    `<label>${images(form, number)}<id>${number}</id><name>Records ${number}</name><contactinfo>Box 7</contactinfo>` +
    `<profile>A label.</profile><data_quality>Correct</data_quality><parentLabel id="${number + 9}">Parent</parentLabel>` +
    `<urls><url>https://label.example/${number}</url><url>https://l.example/</url></urls>` +
    `<sublabels><label id="${number + 20}">Sub</label><label id="${number + 21}">Sub two</label></sublabels></label>`,
  masters: (form, number) =>
    `<master id="${number}"><main_release>${number + 5}</main_release>${images(form, number)}${credits(form, number)}` +
    `<genres><genre>Rock</genre><genre>Jazz</genre></genres><styles><style>Ballad</style><style>Bop</style></styles>` +
    `<year>1999</year><title>Work ${number}</title><data_quality>Correct</data_quality><notes>Noted.</notes>` +
    `${videos(number)}</master>`,
  releases: (form, number) =>
    `<release id="${number}"${form.hasStatus ? ' status="Accepted"' : ''}>${images(form, number)}${credits(form, number)}` +
    `<title>Disc ${number}</title><labels><label name="L" catno="C-${number}" id="${number}"/>` +
    `<label name="M" catno="none" id="${number + 1}"/></labels>` +
    `${form.hasSeries ? `<series><series name="S" catno="${number}" id="${number + 3}"/></series>` : ''}` +
    `${extraCredits(form, number, 'A1')}<formats><format name="CD" qty="1" text="Red"><descriptions>` +
    `<description>Album</description><description>Promo</description></descriptions></format></formats>` +
    `<genres><genre>Rock</genre><genre>Jazz</genre></genres><styles><style>Ballad</style><style>Bop</style></styles>` +
    `<country>Sweden</country><released>1999-03-00</released><notes>Noted.</notes><data_quality>Correct</data_quality>` +
    `<master_id${form.isMainRelease ? ' is_main_release="true"' : ''}>${number}</master_id>` +
    `<tracklist>${track(form, 'A1', `${credits(form, number)}${extraCredits(form, number)}`)}` +
    `${track(form, 'A2', `<sub_tracks>${track(form, 'a')}${track(form, 'b')}</sub_tracks>`)}</tracklist>` +
    `<identifiers><identifier type="Barcode" value="123" description="Text"/>` +
    `<identifier type="Other" value="4" description="Rim"/></identifiers>${videos(number)}` +
    `<companies><company><id>${number}</id><name>Co</name><catno>C</catno><entity_type>4</entity_type>` +
    `<entity_type_name>Record Company</entity_type_name>` +
    `${form.hasResourceUrl ? `<resource_url>https://api.example/${number}</resource_url>` : ''}</company></companies></release>`,
};
