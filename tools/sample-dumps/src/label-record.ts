import { LABEL } from './calibration.js';
import { isPresent, WELL_DOCUMENTED_SHARE, WeightedChoice } from './distribution.js';
import { contact, prose } from './prose.js';
import { images, urls } from './shared-elements.js';
import type { RecordWriter } from './xml-writer.js';

const QUALITY = new WeightedChoice<string>([
  ['Needs Major Changes', 706],
  ['Needs Vote', 183],
  ['Correct', 109],
  ['Complete and Correct', 2],
]);

/** `<label>`, the record. Unlike artists, labels omit empty elements in all eras. */
export const labelRecord = (writer: RecordWriter, number: number): string => {
  const { random, traits } = writer;
  const { id, name } = writer.names.label(number);
  const documented = random.chance(LABEL.documented);
  const wellDocumented = random.chance(WELL_DOCUMENTED_SHARE);
  const hasElement = (share: number): boolean => documented && isPresent(random, share, wellDocumented);
  let xml = '<label>';
  if (hasElement(LABEL.ofDocumented.images)) xml += images(writer, 'L', id, LABEL.images.draw(random, wellDocumented));
  xml += `<id>${id}</id>`;
  if (!(traits.nameless > 0 && random.chance(traits.nameless))) xml += writer.element('name', name);
  if (hasElement(LABEL.ofDocumented.contactinfo))
    xml += writer.element('contactinfo', contact(random, LABEL.contactinfo.draw(random, wellDocumented)));
  if (hasElement(LABEL.ofDocumented.profile)) xml += writer.element('profile', profile(writer, wellDocumented));
  xml += writer.element('data_quality', QUALITY.draw(random));
  if (hasElement(LABEL.ofDocumented.parentLabel)) {
    const parent = writer.names.anyLabel(random);
    xml += `<parentLabel id="${parent.id}">${writer.text(parent.name)}</parentLabel>`;
  }
  if (hasElement(LABEL.ofDocumented.urls)) xml += urls(writer, LABEL.urls.draw(random, wellDocumented));
  if (hasElement(LABEL.ofDocumented.sublabels)) xml += subLabels(writer, LABEL.sublabels.draw(random, wellDocumented));
  return `${xml}</label>`;
};

const profile = (writer: RecordWriter, wellDocumented: boolean): string => {
  const { random } = writer;
  const length = LABEL.profile.draw(random, wellDocumented);
  const foreign = random.chance(0.08) ? 0.03 : 0.0015;
  const text = prose(writer, { length, newline: '\r\n', breaks: 0.22, links: 0.5, foreign });
  return random.chance(0.12) ? `${text}\r\n` : text;
};

/** `<label>` elements within the `<label>` record. */
const subLabels = (writer: RecordWriter, count: number): string => {
  let inner = '';
  for (let left = count; left > 0; left--) {
    const { id, name } = writer.names.anyCompany(writer.random);
    inner += `<label id="${id}">${writer.text(name)}</label>`;
  }
  return `<sublabels>${inner}</sublabels>`;
};
