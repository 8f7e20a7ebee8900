import { RECORD_COUNTS } from './calibration.js';
import type { DataType } from './data-type.js';
import { WeightedChoice } from './distribution.js';
import { Random } from './random.js';
import { FAMILY_NAMES, GIVEN_NAMES, type Script, TITLE_WORDS } from './vocabulary.js';

/** The id and name by which a record refers to another one. */
export interface Reference {
  id: number;
  name: string;
}

const ARTIST_SCRIPTS = new WeightedChoice<Script>([
  ['latin', 913],
  ['accented', 62],
  ['cyrillic', 14],
  ['greek', 4],
  ['arabic', 4],
  ['kana', 1],
  ['han', 1],
  ['hebrew', 1],
]);

const LABEL_SCRIPTS = new WeightedChoice<Script>([
  ['latin', 964],
  ['accented', 24],
  ['cyrillic', 9],
  ['arabic', 2],
  ['hebrew', 1],
]);

const LABEL_ENDINGS = new WeightedChoice<string>([
  ['', 34],
  [' Records', 26],
  [' Recordings', 8],
  [' Music', 7],
  [' Productions', 5],
  [' Studios', 4],
  [' Studio', 4],
  [' Publishing', 4],
  [' Entertainment', 3],
  [' Ltd.', 3],
  [' Sound', 2],
]);

const STREAMS = { artists: 101, labels: 102, masters: 103, releases: 104, ids: 105 } as const;
const ORDER: Readonly<Record<DataType, number>> = { artists: 0, labels: 1, masters: 2, releases: 3 };
const VARIOUS_ID = 194;
/** Number of consecutive releases that can be versions of one master; one of them is its main release. */
const RELEASES_OF_MASTER = 6;

/**
 * Computes each record's id and name from its number, so that references agree with the record itself, across all four
 * dumps of a seed, without keeping anything in memory.
 */
export class Names {
  private readonly random = new Random();

  constructor(private readonly seed: number) {}

  /** Ids ascend with gaps: one of every five is missing. */
  id(type: DataType, number: number): number {
    const group = Math.floor((number - 1) / 4);
    const place = (number - 1) % 4;
    const missing = this.random.start(this.seed, STREAMS.ids + ORDER[type], group).below(5);
    return group * 5 + place + (place >= missing ? 1 : 0) + 1;
  }

  artist(number: number): Reference {
    const id = this.id('artists', number);
    return {
      id,
      name: id === VARIOUS_ID ? 'Various' : artistName(this.random.start(this.seed, STREAMS.artists, number)),
    };
  }

  label(number: number): Reference {
    const id = this.id('labels', number);
    return { id, name: labelName(this.random.start(this.seed, STREAMS.labels, number)) };
  }

  /** An artist for a credit; some are drawn far more often than others. */
  anyArtist(random: Random): Reference {
    const u = random.fraction();
    return this.artist(1 + Math.floor(u * u * RECORD_COUNTS.artists));
  }

  /** A label for a release. */
  anyLabel(random: Random): Reference {
    const u = random.fraction();
    return this.label(1 + Math.floor(u * u * u * u * RECORD_COUNTS.labels));
  }

  /** A label for a company of a release. */
  anyCompany(random: Random): Reference {
    const u = random.fraction();
    return this.label(1 + Math.floor(u * Math.sqrt(u) * RECORD_COUNTS.labels));
  }

  various(): Reference {
    return { id: VARIOUS_ID, name: 'Various' };
  }

  /** The master that a release with this number may be a version of. */
  masterOf(releaseNumber: number): number {
    return Math.floor((releaseNumber - 1) / RELEASES_OF_MASTER) + 1;
  }

  /** The number of a master's main release. */
  mainRelease(masterNumber: number): number {
    const first = (masterNumber - 1) * RELEASES_OF_MASTER + 1;
    return first + this.random.start(this.seed, STREAMS.masters, masterNumber).below(RELEASES_OF_MASTER);
  }
}

/** Share of the releases, without main releases, that are versions of a master. */
export const versionShare = (share: number): number => (share * RELEASES_OF_MASTER - 1) / (RELEASES_OF_MASTER - 1);

const artistName = (random: Random): string => {
  const script = ARTIST_SCRIPTS.draw(random);
  const name = script === 'latin' ? latinArtist(random) : otherArtist(random, script);
  return random.chance(0.16) ? `${name} (${random.between(2, random.chance(0.2) ? 40 : 9)})` : name;
};

const latinArtist = (random: Random): string => {
  const words = TITLE_WORDS.latin;
  switch (random.below(16)) {
    case 0:
      return `The ${random.pickEarly(words)}s`;
    case 1:
      return random.pick(words);
    case 2:
      return `${random.pickEarly(words)} ${random.pick(words)}`;
    case 3:
      return `DJ ${random.pickEarly(GIVEN_NAMES)}`;
    case 4:
      return `${random.pickEarly(GIVEN_NAMES)}${random.chance(0.22) ? ' & ' : ' And '}${random.pickEarly(GIVEN_NAMES)}`;
    case 5:
      return `${random.pickEarly(GIVEN_NAMES)} ${random.pickEarly(GIVEN_NAMES)} ${random.pickEarly(FAMILY_NAMES)}`;
    case 6:
      return `The ${random.pickEarly(words)} ${random.pickEarly(words)} ${random.chance(0.5) ? 'Band' : 'Orchestra'}`;
    default:
      return `${random.pickEarly(GIVEN_NAMES)} ${random.pickEarly(FAMILY_NAMES)}`;
  }
};

const otherArtist = (random: Random, script: Script): string => {
  const words = TITLE_WORDS[script];
  if (script !== 'accented') return `${random.pick(words)} ${random.pick(words)}`;
  return random.chance(0.5)
    ? `${random.pickEarly(GIVEN_NAMES)} ${random.pick(words)}`
    : `${random.pick(words)} ${random.pickEarly(FAMILY_NAMES)}`;
};

const labelName = (random: Random): string => {
  const script = LABEL_SCRIPTS.draw(random);
  const words = TITLE_WORDS[script];
  let name = random.chance(0.5) ? random.pick(words) : random.pickEarly(words);
  if (random.chance(0.6)) name += ` ${random.pickEarly(words)}`;
  name += LABEL_ENDINGS.draw(random);
  return random.chance(0.1) ? `${name} (${random.between(2, 9)})` : name;
};

/** A variation of an artist's name, as printed on a sleeve. */
export const nameVariation = (random: Random, name: string): string => {
  const plain = name.replace(/ \(\d+\)$/, '');
  const space = plain.lastIndexOf(' ');
  if (space <= 0) return random.chance(0.5) ? plain.toUpperCase() : `${plain} ${random.pickEarly(GIVEN_NAMES)}`;
  const last = plain.slice(space + 1);
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return last;
    case 3:
      return `${plain} ${random.pickEarly(FAMILY_NAMES)}`;
    case 4:
      return `${plain.slice(0, space)} ${random.pick(GIVEN_NAMES).charAt(0)}. ${last}`;
    default:
      return `${plain.charAt(0)}. ${last}`;
  }
};
