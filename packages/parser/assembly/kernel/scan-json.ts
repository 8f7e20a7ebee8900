import { BACKSLASH, BRACE, BRACE_END, BRACKET, BRACKET_END, COMMA, QUOTE, bytesEqual } from './bytes';
import { PREFIX_MASK } from './layout';

/* Finds where values of canonical JSON end, 16 bytes at a time. The JSON is well-formed, so every scan ends. */

/** `id` with the quote after it, and the mask of these bytes. */
const ID_NAME: u32 = 0x22_6469;
const ID_NAME_MASK: u32 = 0xff_ffff;

/** Up to this length, a loop is faster than a call. */
const MAX_LOOP_BYTES: usize = 256;

/** The end of a value, which begins at `at`. */
// @ts-ignore: decorator
@inline
export function endOfValue(at: usize): usize {
  const first: u32 = load<u8>(at);
  if (first == QUOTE) return endOfString(at + 1);
  return first == BRACE || first == BRACKET ? endOfContainer(at) : endOfLiteral(at);
}

/** The address after the quote that ends a string, of which `at` is the first byte. */
// @ts-ignore: decorator
@inline
export function endOfString(at: usize): usize {
  at = nextQuoteOrEscape(at);
  while (load<u8>(at) != QUOTE) at = nextQuoteOrEscape(at + 2);
  return at + 1;
}

/** The first quote or backslash. */
// @ts-ignore: decorator
@inline
export function nextQuoteOrEscape(at: usize): usize {
  let found = quotesAndEscapes(at);
  while (found == 0) {
    at += 16;
    found = quotesAndEscapes(at);
  }
  return at + ctz(found);
}

// @ts-ignore: decorator
@inline
function quotesAndEscapes(at: usize): u32 {
  const bytes = v128.load(at);
  return bytesEqual(bytes, QUOTE) | bytesEqual(bytes, BACKSLASH);
}

/** The end of `null`, or of what a transform has put in its place: a number, `true` or `false`. */
function endOfLiteral(at: usize): usize {
  let byte: u32 = load<u8>(at);
  while (byte != COMMA && byte != BRACE_END && byte != BRACKET_END) byte = load<u8>(++at);
  return at;
}

/** The end of an object or array, 16 bytes at a time. */
export function endOfContainer(at: usize): usize {
  let depth: i32 = 0;
  /** All bits are set within a string. */
  let inString: u32 = 0;
  let end: usize = 0;
  while (end == 0) {
    const bytes = v128.load(at);
    if (bytesEqual(bytes, BACKSLASH) != 0) {
      // Rare: byte by byte, past the vector if an escape reaches further.
      for (const vectorEnd = at + 16; at < vectorEnd && end == 0; at++) {
        const byte: u32 = load<u8>(at);
        if (byte == QUOTE) inString = ~inString;
        else if (inString != 0) {
          if (byte == BACKSLASH) at++;
        } else if (byte == BRACE || byte == BRACKET) depth++;
        else if (byte == BRACE_END || byte == BRACKET_END) {
          depth--;
          if (depth == 0) end = at + 1;
        }
      }
      continue;
    }
    // A bit for each byte: whether an odd number of quotes precedes it, or is at it.
    let strings = bytesEqual(bytes, QUOTE);
    strings ^= strings << 1;
    strings ^= strings << 2;
    strings ^= strings << 4;
    strings ^= strings << 8;
    strings ^= inString;
    inString = 0 - ((strings >>> 15) & 1);
    // Braces differ from brackets in one bit.
    const folded = v128.or(bytes, i8x16.splat(0x20));
    const opened = bytesEqual(folded, BRACE) & ~strings;
    let closed = bytesEqual(folded, BRACE_END) & ~strings;
    const closes: i32 = popcnt(closed);
    if (depth <= closes) {
      let level = depth;
      let before: u32 = 0;
      for (; closed != 0 && end == 0; closed &= closed - 1) {
        const bit = closed & (0 - closed);
        level += popcnt(opened & (bit - 1) & ~before) - 1;
        before = bit - 1;
        if (level == 0) end = at + ctz(closed) + 1;
      }
    }
    depth += popcnt(opened) - closes;
    at += 16;
  }
  return end;
}

/** Whether a name of at most 16 bytes is the one at `wanted`, where zeros follow. */
// @ts-ignore: decorator
@inline
export function isSame(name: usize, wanted: usize, bytes: usize): bool {
  const difference = v128.xor(v128.load(name), v128.load(wanted));
  return !v128.any_true(v128.and(difference, v128.load(PREFIX_MASK + 16 - bytes)));
}

/** Copies in whole vectors; the next write overwrites the excess. Returns the end of the copy. */
// @ts-ignore: decorator
@inline
export function copy(from: usize, to: usize, out: usize): usize {
  const bytes = to - from;
  const end = out + bytes;
  if (bytes > MAX_LOOP_BYTES) {
    memory.copy(out, from, bytes);
    return end;
  }
  for (; out < end; out += 16, from += 16) v128.store(out, v128.load(from));
  return end;
}

// @ts-ignore: decorator
@inline
export function isId(name: usize): bool {
  return (load<u32>(name) & ID_NAME_MASK) == ID_NAME;
}
