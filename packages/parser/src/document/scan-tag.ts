import {
  APOSTROPHE,
  EQUALS_SIGN,
  GREATER_THAN,
  isNameStart,
  isSpace,
  LESS_THAN,
  QUESTION_MARK,
  QUOTATION_MARK,
  SLASH,
  skipSpace,
} from './bytes.js';

/** The bytes end before the tag does. */
export const INCOMPLETE = -1;

/** This is not a well-formed tag: see the function that returns it. */
export const BROKEN = -2;

export interface TagScan {
  /** After the tag's `>`, or `INCOMPLETE`, or `BROKEN`. */
  end: number;
  selfClosing: boolean;
  /** The position at which a tag is broken. */
  brokenAt: number;
}

const incomplete: TagScan = { end: INCOMPLETE, selfClosing: false, brokenAt: 0 };

/**
 * Finds the end of a start tag: the first `>` outside quotes, where a quote opens only after `=`. `from` is anywhere
 * after the `<` and before the first attribute.
 */
export const scanStartTag = (bytes: Buffer, from: number, end: number): TagScan => {
  let position = from;
  while (position < end) {
    const byte = bytes[position];
    if (byte === GREATER_THAN) {
      return { end: position + 1, selfClosing: bytes[position - 1] === SLASH, brokenAt: 0 };
    }
    if (byte === LESS_THAN) return { end: BROKEN, selfClosing: false, brokenAt: position };
    position++;
    if (byte !== EQUALS_SIGN) continue;

    position = skipSpace(bytes, position, end);
    if (position === end) return incomplete;
    const quote = bytes[position];
    if (quote !== QUOTATION_MARK && quote !== APOSTROPHE) continue;

    position = indexOfByte(bytes, quote, position + 1, end) + 1;
    if (position === 0 || position === end) return incomplete;
    const next = bytes[position];
    if (next !== GREATER_THAN && next !== SLASH && next !== QUESTION_MARK && !isSpace(next)) {
      return { end: BROKEN, selfClosing: false, brokenAt: position };
    }
  }
  return incomplete;
};

export interface EndTagScan {
  /** After the tag's `>`, or `INCOMPLETE`, or `BROKEN` if `</` does not begin an end tag. */
  end: number;
  /** After the name. */
  nameEnd: number;
}

/** Reads an end tag (`</`, name, white space, `>`) whose `<` is at `start`. */
export const scanEndTag = (bytes: Buffer, start: number, end: number): EndTagScan => {
  let position = start + 2;
  if (position >= end) return { end: INCOMPLETE, nameEnd: 0 };
  if (!isNameStart(bytes[position]!)) return { end: BROKEN, nameEnd: 0 };
  while (position < end && !isSpace(bytes[position]) && bytes[position] !== GREATER_THAN) {
    if (bytes[position] === LESS_THAN) return { end: BROKEN, nameEnd: 0 };
    position++;
  }
  const nameEnd = position;
  position = skipSpace(bytes, position, end);
  if (position === end) return { end: INCOMPLETE, nameEnd };
  return { end: bytes[position] === GREATER_THAN ? position + 1 : BROKEN, nameEnd };
};

/** `indexOf` up to `end`; -1 if there is no match. */
export const indexOfByte = (bytes: Buffer, byte: number, from: number, end: number): number => {
  // Values and texts are mostly short: a loop beats a native call.
  for (let position = from; position < end; position++) {
    if (bytes[position] === byte) return position;
  }
  return -1;
};

/** As `indexOfByte`, for a sequence. */
export const indexOfBytes = (bytes: Buffer, sequence: Uint8Array, from: number, end: number): number => {
  if (from >= end) return -1;
  const found = bytes.subarray(from, end).indexOf(sequence);
  return found === -1 ? -1 : from + found;
};
