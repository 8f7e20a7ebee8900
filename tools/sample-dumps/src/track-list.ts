import { RELEASE, TRACK } from './calibration.js';
import { TRACK_SUFFIXES } from './catalog-values.js';
import { artistCredit, mainArtists, role } from './credits.js';
import { nameVariation } from './names.js';
import { title } from './prose.js';
import type { Random } from './random.js';
import type { Script } from './vocabulary.js';
import type { RecordWriter } from './xml-writer.js';

/** What all tracks of a release share, since contributors document releases and not tracks. */
interface ReleaseTraits {
  script: Script;
  durations: boolean;
  compilation: boolean;
  /** Probability that a track has credits. */
  credited: number;
  /** Credits written so far: the same artists recur on track after track. */
  pool: string[];
}

/** `<tracklist>`, and whether its tracks are by different artists. */
export const trackList = (
  writer: RecordWriter,
  format: string,
  count: number,
  script: Script,
): { xml: string; compilation: boolean } => {
  const { random } = writer;
  const release: ReleaseTraits = {
    script,
    durations: random.chance(TRACK.durations.releases),
    // Long track lists are more often compilations.
    compilation: random.chance(TRACK.artists.releases * (count > 7 ? 1.55 : 0.6)),
    credited: random.chance(TRACK.credits.releases) ? TRACK.credits.percentOfTracks.draw(random) / 100 : 0,
    pool: [],
  };
  const discs = format === 'Box Set' || count > 30 ? Math.ceil(count / 20) : 1;
  const perDisc = Math.ceil(count / discs);
  const sides = format === 'Vinyl' || format === 'Shellac' || format === 'Cassette';
  const half = Math.ceil(count / 2);
  let inner = '';
  for (let index = 0; index < count; index++) {
    let position = String(index + 1);
    if (discs > 1) position = `${Math.floor(index / perDisc) + 1}-${(index % perDisc) + 1}`;
    else if (sides) position = index < half ? `A${half > 1 ? index + 1 : ''}` : `B${half > 1 ? index - half + 1 : ''}`;
    inner += track(writer, release, position);
  }
  return { xml: `<tracklist>${inner}</tracklist>`, compilation: release.compilation };
};

const track = (writer: RecordWriter, release: ReleaseTraits, position: string): string => {
  const { random, traits } = writer;
  const heading = traits.subTracks && random.chance(TRACK.subTracks.share);
  const shown = heading || random.chance(TRACK.emptyPosition - TRACK.subTracks.share) ? '' : position;
  let xml = `<track>${writer.element('position', shown)}${writer.element('title', trackTitle(random, release.script))}${writer.element('duration', duration(random, release))}`;
  if (release.compilation) xml += mainArtists(writer, TRACK.artists.count.draw(random), RELEASE.anv * 0.9).xml;
  if (release.credited > 0 && random.chance(release.credited)) {
    xml += `<extraartists>${trackCredits(writer, release, TRACK.credits.count.draw(random))}</extraartists>`;
  }
  if (heading) xml += subTracks(writer, release, position);
  return `${xml}</track>`;
};

const trackTitle = (random: Random, script: Script): string => {
  if (random.chance(0.002)) return '';
  const length = TRACK.title.draw(random);
  const suffix = random.chance(0.1) ? ` (${random.pick(TRACK_SUFFIXES)})` : random.chance(0.0015) ? ' >' : '';
  const words = script === 'accented' && random.chance(0.35) ? 'latin' : script;
  return title(random, words, Math.max(1, length - 1 - suffix.length)) + suffix;
};

const duration = (random: Random, release: ReleaseTraits): string => {
  if (!release.durations || !random.chance(TRACK.durations.tracks)) return '';
  const seconds = random.between(0, 59);
  return `${random.chance(0.06) ? random.between(10, 59) : random.between(1, 9)}:${seconds < 10 ? '0' : ''}${seconds}`;
};

const trackCredits = (writer: RecordWriter, { pool }: ReleaseTraits, count: number): string => {
  const { random } = writer;
  let inner = '';
  for (let left = count; left > 0; left--) {
    if (pool.length > 2 && random.chance(0.45)) {
      inner += random.pick(pool);
      continue;
    }
    const artist = writer.names.anyArtist(random);
    const anv = random.chance(TRACK.credits.anv) ? nameVariation(random, artist.name) : '';
    const written = artistCredit(writer, artist, { anv, join: '', role: role(random, 0.05), tracks: '' });
    pool.push(written);
    inner += written;
  }
  return inner;
};

const subTracks = (writer: RecordWriter, release: ReleaseTraits, position: string): string => {
  const { random } = writer;
  let inner = '';
  const count = TRACK.subTracks.count.draw(random);
  for (let index = 0; index < count; index++) {
    inner += `<track>${writer.element('position', `${position}${String.fromCharCode(97 + (index % 26))}`)}${writer.element('title', trackTitle(random, release.script))}${writer.element('duration', duration(random, release))}`;
    if (random.chance(TRACK.subTracks.artists)) inner += mainArtists(writer, 1, 0.5).xml;
    if (random.chance(TRACK.subTracks.credits))
      inner += `<extraartists>${trackCredits(writer, release, 2)}</extraartists>`;
    inner += '</track>';
  }
  return `<sub_tracks>${inner}</sub_tracks>`;
};
