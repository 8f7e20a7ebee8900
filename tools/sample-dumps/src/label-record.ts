import { LABEL } from './calibration.js';
import { images, urls } from './parts.js';
import type { Pen } from './pen.js';
import { contact, prose } from './prose.js';
import { GREAT, has, Weighted } from './spread.js';

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
  const great = random.chance(GREAT);
  const here = (share: number): boolean => rich && has(random, share, great);
  let xml = '<label>';
  if (here(LABEL.ofRich.images)) xml += images(pen, 'L', id, LABEL.images.draw(random, great));
  xml += `<id>${id}</id>`;
  if (!(traits.nameless > 0 && random.chance(traits.nameless))) xml += pen.element('name', name);
  if (here(LABEL.ofRich.contactinfo))
    xml += pen.element('contactinfo', contact(random, LABEL.contactinfo.draw(random, great)));
  if (here(LABEL.ofRich.profile)) xml += pen.element('profile', profile(pen, great));
  xml += pen.element('data_quality', QUALITY.draw(random));
  if (here(LABEL.ofRich.parentLabel)) {
    const parent = pen.names.anyLabel(random);
    xml += `<parentLabel id="${parent.id}">${pen.text(parent.name)}</parentLabel>`;
  }
  if (here(LABEL.ofRich.urls)) xml += urls(pen, LABEL.urls.draw(random, great));
  if (here(LABEL.ofRich.sublabels)) xml += subLabels(pen, LABEL.sublabels.draw(random, great));
  return `${xml}</label>`;
};

const profile = (pen: Pen, great: boolean): string => {
  const { random } = pen;
  const length = LABEL.profile.draw(random, great);
  const foreign = random.chance(0.08) ? 0.03 : 0.0015;
  const text = prose(pen, { length, newline: '\r\n', breaks: 0.22, links: 0.5, foreign });
  return random.chance(0.12) ? `${text}\r\n` : text;
};

/** The same name as the record's, deeper inside it. */
const subLabels = (pen: Pen, count: number): string => {
  let inner = '';
  for (let left = count; left > 0; left--) {
    const { id, name } = pen.names.anyCompany(pen.random);
    inner += `<label id="${id}">${pen.text(name)}</label>`;
  }
  return `<sublabels>${inner}</sublabels>`;
};
