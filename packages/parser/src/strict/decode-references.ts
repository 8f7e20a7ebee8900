import type { IrregularityKind } from '../reports.js';

/**
 * Replaces `&` while `sax` reads, so that it does not decode entities: a lone surrogate, which decoded UTF-8 cannot
 * contain. The patterns need the `u` flag: without it they would match halves of characters above U+FFFF.
 */
export const AMPERSAND_MARK = '\uD800';

const ANY_MARK = /\uD800/gu;

const REFERENCE = /\uD800(?:(lt|gt|amp|quot|apos);|#([0-9]+);|#x([0-9A-Fa-f]+);|([A-Za-z_:][A-Za-z0-9_:.-]*);)?/gu;

const PREDEFINED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Puts the ampersands back, for CDATA. */
export const restoreAmpersands = (text: string): string =>
  text.includes(AMPERSAND_MARK) ? text.replace(ANY_MARK, '&') : text;

/** Decodes one run of text or an attribute value, in which marks stand for ampersands (CONVERSION.md, section 4). */
export const decodeReferences = (text: string, count: (kind: IrregularityKind) => void): string => {
  if (!text.includes(AMPERSAND_MARK)) return text;
  return text.replace(
    REFERENCE,
    (whole, predefined?: string, decimal?: string, hexadecimal?: string, name?: string): string => {
      if (predefined !== undefined) return PREDEFINED[predefined]!;
      if (decimal !== undefined || hexadecimal !== undefined) {
        const codePoint = decimal !== undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hexadecimal!, 16);
        if (isXmlCharacter(codePoint)) return String.fromCodePoint(codePoint);
        count('invalid-character-reference');
        return '\uFFFD';
      }
      count(name === undefined ? 'bare-ampersand' : 'unknown-entity');
      return `&${whole.slice(1)}`;
    },
  );
};

/** `Char` of XML 1.0, https://www.w3.org/TR/REC-xml/#NT-Char */
const isXmlCharacter = (codePoint: number): boolean =>
  codePoint === 0x9 ||
  codePoint === 0xa ||
  codePoint === 0xd ||
  (codePoint >= 0x20 && codePoint <= 0xd7ff) ||
  (codePoint >= 0xe000 && codePoint <= 0xfffd) ||
  (codePoint >= 0x10000 && codePoint <= 0x10ffff);
