/* Named byte values, and byte classes that are tested 16 bytes at a time. */

export const TAB: u32 = 0x09;
export const LINE_FEED: u32 = 0x0a;
export const CARRIAGE_RETURN: u32 = 0x0d;
export const SPACE: u32 = 0x20;
export const QUOTE: u32 = 0x22; // "
export const HASH: u32 = 0x23; // #
export const AMPERSAND: u32 = 0x26;
export const APOSTROPHE: u32 = 0x27;
export const COMMA: u32 = 0x2c;
export const SLASH: u32 = 0x2f;
export const COLON: u32 = 0x3a;
export const SEMICOLON: u32 = 0x3b;
export const LESS: u32 = 0x3c;
export const EQUALS: u32 = 0x3d;
export const GREATER: u32 = 0x3e;
export const AT: u32 = 0x40;
export const BRACKET: u32 = 0x5b; // [
export const BACKSLASH: u32 = 0x5c;
export const BRACKET_END: u32 = 0x5d;
export const UNDERSCORE: u32 = 0x5f;
export const BRACE: u32 = 0x7b; // {
export const BRACE_END: u32 = 0x7d;

/** White space in XML: space, tab, line feed, carriage return. */
// @ts-ignore: decorator
@inline
export function isSpace(byte: u32): bool {
  return byte <= SPACE && (byte == SPACE || byte == LINE_FEED || byte == CARRIAGE_RETURN || byte == TAB);
}

/**
 * A bit for each of the 16 bytes that cannot be copied from XML text to a JSON string: `"`, `&`, `\`, control
 * characters.
 */
// @ts-ignore: decorator
@inline
export function specialBytes(bytes: v128): u32 {
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE as i8)), i8x16.eq(bytes, i8x16.splat(AMPERSAND as i8))),
      v128.or(i8x16.eq(bytes, i8x16.splat(BACKSLASH as i8)), i8x16.le_u(bytes, i8x16.splat(SPACE as i8 - 1))),
    ),
  );
}

/** A bit for each of the 16 bytes that equals `byte`. */
// @ts-ignore: decorator
@inline
export function bytesEqual(bytes: v128, byte: u32): u32 {
  return i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(byte as i8)));
}

/** Whether two vectors differ. */
// @ts-ignore: decorator
@inline
export function differ(a: v128, b: v128): bool {
  return v128.any_true(v128.xor(a, b));
}
