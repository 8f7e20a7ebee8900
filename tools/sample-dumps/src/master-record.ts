import { MASTER } from './calibration.js';
import { mainArtists } from './credits.js';
import { images, terms, videos } from './parts.js';
import type { Pen } from './pen.js';
import { prose, TITLE_SCRIPTS, title } from './prose.js';
import { GENRES, STYLES } from './terms.js';

/** `<master>`, the record. */
export const masterRecord = (pen: Pen, number: number): string => {
  const { random } = pen;
  const id = pen.names.id('masters', number);
  const script = TITLE_SCRIPTS.draw(random);
  const name = title(random, script, MASTER.title.draw(random));
  const { xml: artists, first } = mainArtists(pen, MASTER.artists.draw(random), MASTER.anv);

  let xml = `<master id="${id}"><main_release>${pen.names.id('releases', pen.names.mainRelease(number))}</main_release>`;
  if (random.chance(MASTER.images.share)) xml += images(pen, 'R', id, MASTER.images.count.draw(random));
  xml += artists;
  xml += `<genres>${terms(pen, 'genre', MASTER.genres.draw(random), () => GENRES.draw(random))}</genres>`;
  if (random.chance(MASTER.styles.share)) {
    xml += `<styles>${terms(pen, 'style', MASTER.styles.count.draw(random), () => random.pickEarly(STYLES))}</styles>`;
  }
  if (random.chance(MASTER.notes.share)) {
    const length = MASTER.notes.length.draw(random);
    xml += pen.element('notes', prose(pen, { length, newline: '\r\n', breaks: 0.3, links: 0.1, foreign: 0.005 }));
  }
  xml += `<year>${random.chance(MASTER.yearUnknown) ? 0 : random.between(1952, 2019)}</year>`;
  xml += pen.element('title', name);
  xml += `<data_quality>${random.chance(0.997) ? 'Correct' : 'Needs Vote'}</data_quality>`;
  if (random.chance(MASTER.videos.share)) {
    xml += videos(pen, MASTER.videos.count.draw(random), { artist: first, title: name, script });
  }
  return `${xml}</master>`;
};
