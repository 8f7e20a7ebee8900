import type { Reading } from '../reading.js';
import type { IrregularityKind } from '../reports.js';

/**
 * Replaces `&` while `sax` reads, so that it does not decode entities: a lone surrogate, which decoded UTF-8 cannot
 * contain. The patterns need the `u` flag: without it they would match halves of characters above U+FFFF.
 */
export const AMPERSAND_MARK = '\uD800';

const ANY_MARK = /\uD800/gu;

const REFERENCE = /\uD800(?:(lt|gt|amp|quot|apos);|#([0-9]+);|#x([0-9A-Fa-f]+);|([A-Za-z_:][A-Za-z0-9_:.-]*);)?/gu;

const PREDEFINED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** What the platform replaces by one space each in attribute values. */
const LINE_END_OR_TAB = /\r\n|[\r\n\t]/g;

type Count = (kind: IrregularityKind) => void;

/** Puts the ampersands back, for CDATA. */
export const restoreAmpersands = (text: string): string =>
  text.includes(AMPERSAND_MARK) ? text.replace(ANY_MARK, '&') : text;

/** Decodes one run of text, in which marks stand for ampersands (CONVERSION.md, sections 4 and 7). */
export const decodeText = (text: string, reading: Reading, count: Count): string => decode(text, reading, count).text;

/** Decodes an attribute value likewise. */
export const decodeValue = (value: string, reading: Reading, count: Count): string => {
  if (reading === 'xmltodict') return decode(value, reading, count).text;
  const { text, isComplete } = decode(value.replace(LINE_END_OR_TAB, ' '), reading, count);
  return isComplete ? text : restoreAmpersands(value);
};

/** `isComplete`: whether every ampersand began a reference that could be decoded. */
const decode = (text: string, reading: Reading, count: Count): { text: string; isComplete: boolean } => {
  if (!text.includes(AMPERSAND_MARK)) return { text, isComplete: true };
  let isComplete = true;
  const decoded = text.replace(
    REFERENCE,
    (whole, predefined?: string, decimal?: string, hexadecimal?: string, name?: string): string => {
      if (predefined !== undefined) return PREDEFINED[predefined]!;
      if (decimal !== undefined || hexadecimal !== undefined) {
        const codePoint = decimal !== undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hexadecimal!, 16);
        if (isXmlCharacter(codePoint)) return String.fromCodePoint(codePoint);
        count('invalid-character-reference');
        if (reading === 'platform' && isPlatformCharacter(codePoint)) return String.fromCodePoint(codePoint);
        isComplete = false;
        return '\uFFFD';
      }
      count(name === undefined ? 'bare-ampersand' : 'unknown-entity');
      isComplete = false;
      return `&${whole.slice(1)}`;
    },
  );
  return { text: decoded, isComplete };
};

/** `Char` of XML 1.0, https://www.w3.org/TR/REC-xml/#NT-Char */
const isXmlCharacter = (codePoint: number): boolean =>
  codePoint === 0x9 ||
  codePoint === 0xa ||
  codePoint === 0xd ||
  (codePoint >= 0x20 && codePoint <= 0xd7ff) ||
  (codePoint >= 0xe000 && codePoint <= 0xfffd) ||
  (codePoint >= 0x10000 && codePoint <= 0x10ffff);

/** What the platform decodes: every code point except U+0000 and surrogates. */
const isPlatformCharacter = (codePoint: number): boolean =>
  codePoint > 0 && codePoint <= 0x10ffff && !(codePoint >= 0xd800 && codePoint <= 0xdfff);
