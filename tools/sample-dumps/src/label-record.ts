import { LABEL } from './calibration.js';
import { images, urls } from './parts.js';
import type { Pen } from './pen.js';
import { contact, prose } from './prose.js';
import { Weighted } from './spread.js';

const QUALITY = new Weighted<string>([
  ['Needs Major Changes', 706],
  ['Needs Vote', 183],
  ['Correct', 109],
  ['Complete and Correct', 2],
]);

/** `<label>`, the record. Unlike artists, labels have left out empty elements in all eras. */
export const labelRecord = (pen: Pen, number: number): string => {
  const { random, traits } = pen;
  const { id, name } = pen.names.label(number);
  const rich = random.chance(LABEL.rich);
  const has = (share: number): boolean => rich && random.chance(share);
  let xml = '<label>';
  if (has(LABEL.ofRich.images)) xml += images(pen, 'L', id, LABEL.images.draw(random));
  xml += `<id>${id}</id>`;
  if (!(traits.nameless > 0 && random.chance(traits.nameless))) xml += pen.element('name', name);
  if (has(LABEL.ofRich.contactinfo)) xml += pen.element('contactinfo', contact(random, LABEL.contactinfo.draw(random)));
  if (has(LABEL.ofRich.profile)) xml += pen.element('profile', profile(pen));
  xml += pen.element('data_quality', QUALITY.draw(random));
  if (has(LABEL.ofRich.parentLabel)) {
    const parent = pen.names.anyLabel(random);
    xml += `<parentLabel id="${parent.id}">${pen.text(parent.name)}</parentLabel>`;
  }
  if (has(LABEL.ofRich.urls)) xml += urls(pen, LABEL.urls);
  if (has(LABEL.ofRich.sublabels)) xml += subLabels(pen);
  return `${xml}</label>`;
};

const profile = (pen: Pen): string => {
  const { random } = pen;
  const length = LABEL.profile.draw(random);
  const foreign = random.chance(0.1) ? 0.03 : 0.002;
  const text = prose(pen, { length, newline: '\r\n', breaks: 0.32, links: 0.5, foreign });
  return random.chance(0.12) ? `${text}\r\n` : text;
};

/** The same name as the record's, deeper inside it. */
const subLabels = (pen: Pen): string => {
  let inner = '';
  for (let left = LABEL.sublabels.draw(pen.random); left > 0; left--) {
    const { id, name } = pen.names.anyCompany(pen.random);
    inner += `<label id="${id}">${pen.text(name)}</label>`;
  }
  return `<sublabels>${inner}</sublabels>`;
};
