import { RELEASE, TRACK } from './calibration.js';
import { artistCredit, mainArtists, role } from './credits.js';
import { nameVariation } from './names.js';
import type { Pen } from './pen.js';
import { title } from './prose.js';
import type { Random } from './random.js';
import { TRACK_SUFFIXES } from './terms.js';
import type { Script } from './vocabulary.js';

/** What holds for all tracks of a release: people document a release, not a track. */
interface Habits {
  script: Script;
  durations: boolean;
  compilation: boolean;
  /** Probability that a track has credits. */
  credited: number;
  /** Credits written so far: the same people turn up on track after track. */
  pool: string[];
}

/** `<tracklist>`, and whether its tracks are by different artists. */
export const trackList = (
  pen: Pen,
  format: string,
  count: number,
  script: Script,
): { xml: string; compilation: boolean } => {
  const { random } = pen;
  const habits: Habits = {
    script,
    durations: random.chance(TRACK.durations.releases),
    // Compilations are long.
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
    inner += track(pen, habits, position);
  }
  return { xml: `<tracklist>${inner}</tracklist>`, compilation: habits.compilation };
};

const track = (pen: Pen, habits: Habits, position: string): string => {
  const { random, traits } = pen;
  const heading = traits.subTracks && random.chance(TRACK.subTracks.share);
  const shown = heading || random.chance(TRACK.emptyPosition - TRACK.subTracks.share) ? '' : position;
  let xml = `<track>${pen.element('position', shown)}${pen.element('title', trackTitle(random, habits.script))}${pen.element('duration', duration(random, habits))}`;
  if (habits.compilation) xml += mainArtists(pen, TRACK.artists.count.draw(random), RELEASE.anv * 0.9).xml;
  if (habits.credited > 0 && random.chance(habits.credited)) {
    xml += `<extraartists>${trackCredits(pen, habits, TRACK.credits.count.draw(random))}</extraartists>`;
  }
  if (heading) xml += subTracks(pen, habits, position);
  return `${xml}</track>`;
};

const trackTitle = (random: Random, script: Script): string => {
  if (random.chance(0.002)) return '';
  const length = TRACK.title.draw(random);
  const suffix = random.chance(0.1) ? ` (${random.pick(TRACK_SUFFIXES)})` : random.chance(0.0015) ? ' >' : '';
  const words = script === 'accented' && random.chance(0.35) ? 'latin' : script;
  return title(random, words, Math.max(1, length - 1 - suffix.length)) + suffix;
};

const duration = (random: Random, habits: Habits): string => {
  if (!habits.durations || !random.chance(TRACK.durations.tracks)) return '';
  const seconds = random.between(0, 59);
  return `${random.chance(0.06) ? random.between(10, 59) : random.between(1, 9)}:${seconds < 10 ? '0' : ''}${seconds}`;
};

const trackCredits = (pen: Pen, { pool }: Habits, count: number): string => {
  const { random } = pen;
  let inner = '';
  for (let left = count; left > 0; left--) {
    if (pool.length > 2 && random.chance(0.45)) {
      inner += random.pick(pool);
      continue;
    }
    const artist = pen.names.anyArtist(random);
    const anv = random.chance(TRACK.credits.anv) ? nameVariation(random, artist.name) : '';
    const written = artistCredit(pen, artist, { anv, join: '', role: role(random, 0.05), tracks: '' });
    pool.push(written);
    inner += written;
  }
  return inner;
};

const subTracks = (pen: Pen, habits: Habits, position: string): string => {
  const { random } = pen;
  let inner = '';
  const count = TRACK.subTracks.count.draw(random);
  for (let index = 0; index < count; index++) {
    inner += `<track>${pen.element('position', `${position}${String.fromCharCode(97 + (index % 26))}`)}${pen.element('title', trackTitle(random, habits.script))}${pen.element('duration', duration(random, habits))}`;
    if (random.chance(TRACK.subTracks.artists)) inner += mainArtists(pen, 1, 0.5).xml;
    if (random.chance(TRACK.subTracks.credits)) inner += `<extraartists>${trackCredits(pen, habits, 2)}</extraartists>`;
    inner += '</track>';
  }
  return `<sub_tracks>${inner}</sub_tracks>`;
};
