import { AMPERSAND, APOSTROPHE, GREATER, HASH, LESS, QUOTE, SEMICOLON } from './bytes';

/* The five predefined entities and numeric character references. Pass 1 checks each one, pass 2 decodes it. */

/** Digits of a regular reference: enough for every code point, few enough for a 32-bit value. */
const MAX_DIGITS: u32 = 8;

/** `&#x`, the digits and `;`. */
export const MAX_REFERENCE_BYTES: usize = 4 + MAX_DIGITS;

/** Set by a failed check: the address of the first byte that cannot continue a regular reference. */
export let referenceFailedAt: usize = 0;
/** Set by {@link decodeReference}: the address after the reference. */
export let referenceEnd: usize = 0;

/** Whether the code point is allowed in XML 1.0 (production `Char`). */
function isXmlCharacter(codePoint: u32): bool {
  if (codePoint < 0x20) return codePoint == 0x09 || codePoint == 0x0a || codePoint == 0x0d;
  if (codePoint < 0xd800) return true;
  return (codePoint >= 0xe000 && codePoint <= 0xfffd) || (codePoint >= 0x10000 && codePoint <= 0x10ffff);
}

/** Whether a regular reference starts at `at`, the address of an `&`. */
export function checkReference(at: usize): bool {
  const second = load<u8>(at, 1);
  if (second == HASH) return checkNumber(at + 2);
  if (second == 0x61) {
    return load<u8>(at, 2) == 0x6d
      ? checkBytes(at + 3, 0x3b70, 2) // amp;
      : checkBytes(at + 2, 0x3b736f70, 4); // apos;
  }
  if (second == 0x6c) return checkBytes(at + 2, 0x3b74, 2); // lt;
  if (second == 0x67) return checkBytes(at + 2, 0x3b74, 2); // gt;
  if (second == 0x71) return checkBytes(at + 2, 0x3b746f75, 4); // quot;
  referenceFailedAt = at + 1;
  return false;
}

function checkBytes(at: usize, expected: u32, count: u32): bool {
  for (let i: u32 = 0; i < count; i++, expected >>= 8) {
    if (load<u8>(at + i) != (expected & 0xff)) {
      referenceFailedAt = at + i;
      return false;
    }
  }
  return true;
}

function checkNumber(at: usize): bool {
  const isHex = load<u8>(at) == 0x78; // x
  if (isHex) at++;
  let value: u32 = 0;
  let digits: u32 = 0;
  for (; ; at++, digits++) {
    const byte: u32 = load<u8>(at);
    const digit = digitValue(byte, isHex);
    if (digit < 0 || digits == MAX_DIGITS) break;
    value = value * (isHex ? 16 : 10) + digit;
  }
  referenceFailedAt = at;
  // Without digits the value is 0, which is not a character of XML.
  return load<u8>(at) == SEMICOLON && isXmlCharacter(value);
}

/** The value of a digit, or -1. */
function digitValue(byte: u32, isHex: bool): i32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  if (!isHex) return -1;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : -1;
}

/** The code point of a checked reference. Sets `referenceEnd`. */
export function decodeReference(at: usize): u32 {
  const second = load<u8>(at, 1);
  if (second != HASH) {
    switch (second) {
      case 0x6c:
        referenceEnd = at + 4;
        return LESS;
      case 0x67:
        referenceEnd = at + 4;
        return GREATER;
      case 0x71:
        referenceEnd = at + 6;
        return QUOTE;
      default:
        if (load<u8>(at, 2) == 0x6d) {
          referenceEnd = at + 5;
          return AMPERSAND;
        }
        referenceEnd = at + 6;
        return APOSTROPHE;
    }
  }
  at += 2;
  let value: u32 = 0;
  let byte: u32 = load<u8>(at);
  if (byte == 0x78) {
    for (at++; (byte = load<u8>(at)) != SEMICOLON; at++) value = value * 16 + digitValue(byte, true);
  } else {
    for (; byte != SEMICOLON; byte = load<u8>(++at)) value = value * 10 + (byte - 0x30);
  }
  referenceEnd = at + 1;
  return value;
}
