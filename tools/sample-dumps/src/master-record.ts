import { MASTER } from './calibration.js';
import { GENRES, STYLES } from './catalog-values.js';
import { mainArtists } from './credits.js';
import { prose, TITLE_SCRIPTS, title } from './prose.js';
import { distinctElements, images, videos } from './shared-elements.js';
import type { RecordWriter } from './xml-writer.js';

/** `<master>`, the record. */
export const masterRecord = (writer: RecordWriter, number: number): string => {
  const { random } = writer;
  const id = writer.names.id('masters', number);
  const script = TITLE_SCRIPTS.draw(random);
  const name = title(random, script, MASTER.title.draw(random));
  const { xml: artists, first } = mainArtists(writer, MASTER.artists.draw(random), MASTER.anv);

  let xml = `<master id="${id}"><main_release>${writer.names.id('releases', writer.names.mainRelease(number))}</main_release>`;
  if (random.chance(MASTER.images.share)) xml += images(writer, 'R', id, MASTER.images.count.draw(random));
  xml += artists;
  xml += `<genres>${distinctElements(writer, 'genre', MASTER.genres.draw(random), () => GENRES.draw(random))}</genres>`;
  if (random.chance(MASTER.styles.share)) {
    xml += `<styles>${distinctElements(writer, 'style', MASTER.styles.count.draw(random), () => random.pickEarly(STYLES))}</styles>`;
  }
  if (random.chance(MASTER.notes.share)) {
    const length = MASTER.notes.length.draw(random);
    xml += writer.element('notes', prose(writer, { length, newline: '\r\n', breaks: 0.3, links: 0.1, foreign: 0.005 }));
  }
  xml += `<year>${random.chance(MASTER.yearUnknown) ? 0 : random.between(1952, 2019)}</year>`;
  xml += writer.element('title', name);
  xml += `<data_quality>${random.chance(0.997) ? 'Correct' : 'Needs Vote'}</data_quality>`;
  if (random.chance(MASTER.videos.share)) {
    xml += videos(writer, MASTER.videos.count.draw(random), { artist: first, title: name, script });
  }
  return `${xml}</master>`;
};
