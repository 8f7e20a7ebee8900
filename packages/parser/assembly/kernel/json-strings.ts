import { AMPERSAND, BACKSLASH, CARRIAGE_RETURN, LINE_FEED, QUOTE, SEMICOLON, SPACE, TAB } from './bytes';
import { specialBytes } from './bytes';
import { MAX_REFERENCE_BYTES, decodeReference, referenceEnd } from './character-references';

/* Trims texts and writes texts and values as JSON strings. Pass 1 and validate-utf8.ts have checked them. */

/** Unicode's `White_Space`. */
function isWhiteSpace(codePoint: u32): bool {
  if (codePoint <= SPACE) return codePoint == SPACE || (codePoint >= 0x09 && codePoint <= 0x0d);
  if (codePoint < 0x2000) return codePoint == 0x85 || codePoint == 0xa0 || codePoint == 0x1680;
  if (codePoint <= 0x200a) return true;
  return (
    codePoint == 0x2028 || codePoint == 0x2029 || codePoint == 0x202f || codePoint == 0x205f || codePoint == 0x3000
  );
}

/** The code point of the UTF-8 sequence of two or three bytes at an address. */
function decodeUtf8(at: usize, bytes: usize): u32 {
  const lead: u32 = load<u8>(at);
  const second: u32 = load<u8>(at, 1) & 0x3f;
  if (bytes == 2) return ((lead & 0x1f) << 6) | second;
  return ((lead & 0x0f) << 12) | (second << 6) | (load<u8>(at, 2) & 0x3f);
}

/** The address after a text's leading white space; `end` if the text is white space alone. */
// @ts-ignore: decorator
@inline
export function trimStart(start: usize, end: usize): usize {
  const first: u32 = load<u8>(start);
  return first - (SPACE + 1) < 0x7f - SPACE && first != AMPERSAND ? start : trimStartGeneral(start, end);
}

function trimStartGeneral(start: usize, end: usize): usize {
  while (start < end) {
    const byte: u32 = load<u8>(start);
    let bytes: usize = 1;
    let codePoint = byte;
    if (byte == AMPERSAND) {
      codePoint = decodeReference(start);
      bytes = referenceEnd - start;
    } else if (byte >= 0x80) {
      if (byte >= 0xf0) break;
      bytes = byte < 0xe0 ? 2 : 3;
      codePoint = decodeUtf8(start, bytes);
    }
    if (!isWhiteSpace(codePoint)) break;
    start += bytes;
  }
  return start;
}

/** The address before a text's trailing white space. The text must not start with white space. */
// @ts-ignore: decorator
@inline
export function trimEnd(start: usize, end: usize): usize {
  const last: u32 = load<u8>(end - 1);
  return last - (SPACE + 1) < 0x7f - SPACE && last != SEMICOLON ? end : trimEndGeneral(start, end);
}

function trimEndGeneral(start: usize, end: usize): usize {
  while (end > start) {
    const byte: u32 = load<u8>(end - 1);
    let bytes: usize = 1;
    let codePoint = byte;
    if (byte == SEMICOLON) {
      const reference = findReferenceBefore(end, start);
      if (reference == 0) break;
      codePoint = decodeReference(reference);
      bytes = end - reference;
    } else if (byte >= 0x80) {
      // White space outside ASCII has two or three bytes, never four.
      bytes = load<u8>(end - 2) >= 0xc0 ? 2 : 3;
      if (end - start < bytes || load<u8>(end - bytes) >= 0xf0 || load<u8>(end - bytes) < 0xc0) break;
      codePoint = decodeUtf8(end - bytes, bytes);
    }
    if (!isWhiteSpace(codePoint)) break;
    end -= bytes;
  }
  return end;
}

/** The address of the `&` of the reference that ends at `end`, or 0 if the `;` before `end` does not end one. */
function findReferenceBefore(end: usize, start: usize): usize {
  const searchEnd = end - start > MAX_REFERENCE_BYTES ? end - MAX_REFERENCE_BYTES : start;
  for (let at = end - 2; at >= searchEnd; at--) {
    const byte: u32 = load<u8>(at);
    if (byte == AMPERSAND) return at;
    if (byte == SEMICOLON) return 0;
  }
  return 0;
}

/** Writes a span as a JSON string. */
// @ts-ignore: decorator
@inline
export function writeString(start: usize, end: usize, content: usize, out: usize): usize {
  store<u8>(out, QUOTE);
  out++;
  if (content == 0) {
    // Copies whole vectors. The last one may write past the end; the next write overwrites the excess.
    const stop = out + (end - start);
    for (;;) {
      v128.store(out, v128.load(start));
      out += 16;
      if (out >= stop) break;
      start += 16;
    }
    out = stop;
  } else {
    out = writeEscaped(start, end, false, out);
  }
  store<u8>(out, QUOTE);
  return out + 1;
}

/** Writes an attribute value as a JSON string, with a space for each literal tab and line end. */
export function writeNormalizedString(start: usize, end: usize, out: usize): usize {
  store<u8>(out, QUOTE);
  out = writeEscaped(start, end, true, out + 1);
  store<u8>(out, QUOTE);
  return out + 1;
}

function writeEscaped(start: usize, end: usize, normalizesSpace: bool, out: usize): usize {
  let at = start;
  while (at < end) {
    const bytes = v128.load(at);
    v128.store(out, bytes);
    const special = specialBytes(bytes);
    const clean: usize = ctz(special | 0x10000);
    if (at + clean >= end) return out + (end - at);
    at += clean;
    out += clean;
    if (special == 0) continue;

    const byte: u32 = load<u8>(at);
    if (byte == AMPERSAND) {
      out = writeCodePoint(decodeReference(at), out);
      at = referenceEnd;
    } else if (normalizesSpace && byte < SPACE) {
      store<u8>(out, SPACE);
      out++;
      at += byte == CARRIAGE_RETURN && load<u8>(at, 1) == LINE_FEED ? 2 : 1;
    } else {
      out = writeCodePoint(byte, out);
      at++;
    }
  }
  return out;
}

/** Writes a code point as UTF-8, escaped if JSON requires it. */
// @ts-ignore: decorator
@inline
function writeCodePoint(codePoint: u32, out: usize): usize {
  if (codePoint < 0x80) {
    const letter: u32 = escapeLetter(codePoint);
    if (letter != 0) {
      store<u16>(out, (BACKSLASH | (letter << 8)) as u16);
      return out + 2;
    }
    store<u8>(out, codePoint as u8);
    return out + 1;
  }
  if (codePoint < 0x800) {
    store<u8>(out, 0xc0 | (codePoint >> 6));
    store<u8>(out, 0x80 | (codePoint & 0x3f), 1);
    return out + 2;
  }
  if (codePoint < 0x10000) {
    store<u8>(out, 0xe0 | (codePoint >> 12));
    store<u8>(out, 0x80 | ((codePoint >> 6) & 0x3f), 1);
    store<u8>(out, 0x80 | (codePoint & 0x3f), 2);
    return out + 3;
  }
  store<u8>(out, 0xf0 | (codePoint >> 18));
  store<u8>(out, 0x80 | ((codePoint >> 12) & 0x3f), 1);
  store<u8>(out, 0x80 | ((codePoint >> 6) & 0x3f), 2);
  store<u8>(out, 0x80 | (codePoint & 0x3f), 3);
  return out + 4;
}

/** The character after the backslash, or 0 for a byte that is not escaped. */
// @ts-ignore: decorator
@inline
function escapeLetter(byte: u32): u32 {
  if (byte == LINE_FEED) return 0x6e; // n
  if (byte == CARRIAGE_RETURN) return 0x72; // r
  if (byte == QUOTE) return QUOTE;
  if (byte == BACKSLASH) return BACKSLASH;
  if (byte == TAB) return 0x74; // t
  return 0;
}
