import { WeightedChoice } from './distribution.js';
import type { Random } from './random.js';
import {
  ASTRAL,
  capital,
  FAMILY_NAMES,
  GIVEN_NAMES,
  PROSE_WORDS,
  type Script,
  SIGNS,
  TITLE_WORDS,
  WORDS,
} from './vocabulary.js';
import type { RecordWriter } from './xml-writer.js';

/** The properties of a prose text. */
export interface ProseStyle {
  /** Approximate number of characters. */
  length: number;
  /** `\r\n` as web forms send it, or `\n`. */
  newline: string;
  /** Share of the sentences that end a paragraph or line. */
  breaks: number;
  /** Share of the sentences that link to an artist or label: `[a=…]`. */
  links: number;
  /** Share of the words outside ASCII. */
  foreign: number;
}

/** Prose: sentences, lines, and links in the database's markup. */
export const prose = (writer: RecordWriter, style: ProseStyle): string => {
  const { random } = writer;
  let text = '';
  while (text.length < style.length) {
    let words = random.between(5, 15);
    let sentence = capital(random.pickEarly(PROSE_WORDS));
    while (--words > 0 && text.length + sentence.length < style.length) {
      sentence += ` ${proseWord(random, style.foreign)}`;
    }
    if (random.chance(style.links)) sentence += ` ${link(writer)}`;
    text += `${sentence}.`;
    if (text.length >= style.length) break;
    if (!random.chance(style.breaks)) text += ' ';
    else text += random.chance(0.5) ? style.newline + style.newline : style.newline;
  }
  return text;
};

const proseWord = (random: Random, foreign: number): string => {
  if (random.chance(foreign)) return random.pick(random.chance(0.75) ? WORDS.accented : SIGNS);
  switch (random.below(16)) {
    case 0:
      return random.pick(FAMILY_NAMES);
    case 1:
      return random.chance(0.35) ? String(random.between(1950, 2019)) : random.pick(GIVEN_NAMES);
    case 2:
      return random.chance(0.15)
        ? '&'
        : random.chance(0.5)
          ? `${random.pickEarly(PROSE_WORDS)},`
          : `"${random.pickEarly(PROSE_WORDS)}"`;
    default:
      return random.pickEarly(PROSE_WORDS);
  }
};

const link = (writer: RecordWriter): string => {
  const { random } = writer;
  switch (random.below(8)) {
    case 0:
      return `[l${writer.names.anyLabel(random).id}]`;
    case 1:
    case 2:
      return `[l=${writer.names.anyLabel(random).name}]`;
    case 3:
      return `[a${writer.names.anyArtist(random).id}]`;
    case 4:
      return `[b]${random.pickEarly(TITLE_WORDS.latin)}[/b]`;
    default:
      return `[a=${writer.names.anyArtist(random).name}]`;
  }
};

/** A title of about `length` characters. */
export const title = (random: Random, script: Script, length: number): string => {
  const words = TITLE_WORDS[script];
  const plain = TITLE_WORDS.latin;
  let text = script === 'accented' || random.chance(0.3) ? random.pick(words) : random.pickEarly(words);
  if (text.length > length + 4) return text.slice(0, Math.max(1, length));
  while (text.length < length - 3) {
    const separator = random.next() >>> 24;
    if (separator < 3) text += ' & ';
    else if (separator < 7) text += ' / ';
    else if (separator < 14) text += ' - ';
    else if (separator < 60) text += ` ${SMALL_WORDS[separator % SMALL_WORDS.length]} `;
    else text += ' ';
    text += script === 'accented' && random.chance(0.7) ? random.pickEarly(plain) : random.pickEarly(words);
  }
  return text;
};

const SMALL_WORDS = ['The', 'Of', 'In', 'To', 'My', 'You', 'And', 'On', 'A', 'Me'] as const;

/** A label's postal address, telephone number and e-mail address, one per line. */
export const contact = (random: Random, length: number): string => {
  let text = `${random.pick(TITLE_WORDS.latin)} ${random.pickEarly(TITLE_WORDS.latin)}`;
  while (text.length < length) {
    text += '\r\n';
    switch (random.below(7)) {
      case 0:
        break;
      case 1:
        text += `P.O. Box ${random.between(10, 99_999)}`;
        break;
      case 2:
        text += `Tel: +${random.between(1, 49)} ${random.between(100, 999)} ${random.between(1000, 9_999_999)}`;
        break;
      case 3:
        text += `E-mail: info@${random.pick(WORDS.latin)}.example`;
        break;
      case 4:
        text += `${random.pick(TITLE_WORDS.latin)}, ${random.pick(GIVEN_NAMES).slice(0, 2).toUpperCase()} ${random.between(10_000, 99_999)}`;
        break;
      case 5:
        text += random.chance(0.12)
          ? `${random.pick(TITLE_WORDS.accented)} ${random.between(1, 99)}`
          : random.pick(FAMILY_NAMES);
        break;
      default:
        text += `${random.between(1, 999)} ${random.pick(TITLE_WORDS.latin)} Street`;
    }
  }
  return random.chance(0.4) ? `${text}\r\n` : text;
};

/** A few characters that take four bytes of UTF-8. */
export const astral = (random: Random): string => {
  let text = '';
  for (let left = random.between(1, 8); left > 0; left--) text += random.pick(ASTRAL);
  return text;
};

/** The script of a record's titles. */
export const TITLE_SCRIPTS = new WeightedChoice<Script>([
  ['latin', 893],
  ['accented', 66],
  ['cyrillic', 20],
  ['kana', 7],
  ['han', 4],
  ['greek', 4],
  ['arabic', 3],
  ['hebrew', 2],
  ['hangul', 1],
]);
