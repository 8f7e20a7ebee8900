/** Byte values and classes of XML's markup, as CONVERSION.md uses them. */

export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const SPACE = 0x20;
export const EXCLAMATION_MARK = 0x21;
export const QUOTATION_MARK = 0x22;
export const APOSTROPHE = 0x27;
export const SLASH = 0x2f;
export const LESS_THAN = 0x3c;
export const EQUALS_SIGN = 0x3d;
export const GREATER_THAN = 0x3e;
export const QUESTION_MARK = 0x3f;
export const LEFT_BRACKET = 0x5b;
export const RIGHT_BRACKET = 0x5d;

/** XML's own white space: space, tab, line feed, carriage return. */
export const isSpace = (byte: number | undefined): boolean =>
  byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;

/** Whether a byte may begin a name: `A–Z a–z _ :` or any byte of a character beyond ASCII. */
export const isNameStart = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte === 0x3a || byte >= 0x80;

/** Whether a byte ends the name in a start tag. */
export const isNameEnd = (byte: number): boolean => byte === GREATER_THAN || byte === SLASH || isSpace(byte);

export const skipSpace = (bytes: Uint8Array, from: number, end: number): number => {
  let position = from;
  while (position < end && isSpace(bytes[position])) position++;
  return position;
};

/** Whether `text` (ASCII) is at `position`; `undefined` if the bytes end before that is decided. */
export const isAt = (bytes: Uint8Array, position: number, end: number, text: Uint8Array): boolean | undefined => {
  const available = Math.min(text.length, end - position);
  for (let index = 0; index < available; index++) {
    if (bytes[position + index] !== text[index]) return false;
  }
  return available === text.length ? true : undefined;
};

export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** The same memory as a `Buffer`, for its native search. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
