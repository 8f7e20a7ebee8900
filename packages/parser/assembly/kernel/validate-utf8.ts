import { PREFIX_MASK } from './layout';

/*
 * UTF-8 validation, 16 bytes at a time, after J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction
 * Per Byte" (2020), section 6. Each pair of adjacent bytes is looked up in three tables: by the two nibbles of the
 * first byte and by the high nibble of the second. A bit that is set in all three is an error. The exception is
 * TWO_CONTINUATIONS, which is correct at the third and fourth byte of a sequence and an error elsewhere.
 */

const TOO_SHORT: u8 = 1 << 0; // 11…… 0……   11…… 11……
const TOO_LONG: u8 = 1 << 1; // 0…… 10……
const OVERLONG_3: u8 = 1 << 2; // E0 80–9F
const TOO_LARGE: u8 = 1 << 3; // F4 90–BF   F5–FF 90–BF
const SURROGATE: u8 = 1 << 4; // ED A0–BF
const OVERLONG_2: u8 = 1 << 5; // C0–C1 80–BF
const OVERLONG_4: u8 = 1 << 6; // F0 80–8F
const TOO_LARGE_1000: u8 = 1 << 6; // F5–FF 80–8F
const TWO_CONTINUATIONS: u8 = 1 << 7; // 10…… 10……

/** Errors that are possible with every low nibble of a first byte. */
const ANY_LOW: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;
const LARGE_LOW: u8 = ANY_LOW | TOO_LARGE | TOO_LARGE_1000;
const CONTINUATION: u8 = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS;

/** The errors (non-zero bytes) in 16 bytes, given the 16 bytes before them. */
// @ts-ignore: decorator
@inline
function errorsIn(bytes: v128, before: v128): v128 {
  const nibble = i8x16.splat(0x0f);
  const first = i8x16.shuffle(before, bytes, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  const secondBack = i8x16.shuffle(before, bytes, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  const thirdBack = i8x16.shuffle(before, bytes, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);

  const byFirstHigh = i8x16.swizzle(
    i8x16(
      TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
      TWO_CONTINUATIONS as i8, TWO_CONTINUATIONS as i8, TWO_CONTINUATIONS as i8, TWO_CONTINUATIONS as i8,
      TOO_SHORT | OVERLONG_2,
      TOO_SHORT,
      TOO_SHORT | OVERLONG_3 | SURROGATE,
      TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
    ),
    v128.and(i16x8.shr_u(first, 4), nibble),
  );
  const byFirstLow = i8x16.swizzle(
    i8x16(
      (ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4) as i8,
      (ANY_LOW | OVERLONG_2) as i8,
      ANY_LOW as i8, ANY_LOW as i8,
      (ANY_LOW | TOO_LARGE) as i8,
      LARGE_LOW as i8, LARGE_LOW as i8, LARGE_LOW as i8, LARGE_LOW as i8,
      LARGE_LOW as i8, LARGE_LOW as i8, LARGE_LOW as i8, LARGE_LOW as i8,
      (LARGE_LOW | SURROGATE) as i8,
      LARGE_LOW as i8, LARGE_LOW as i8,
    ),
    v128.and(first, nibble),
  );
  const bySecondHigh = i8x16.swizzle(
    i8x16(
      TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
      (CONTINUATION | OVERLONG_3 | OVERLONG_4 | TOO_LARGE_1000) as i8,
      (CONTINUATION | OVERLONG_3 | TOO_LARGE) as i8,
      (CONTINUATION | SURROGATE | TOO_LARGE) as i8, (CONTINUATION | SURROGATE | TOO_LARGE) as i8,
      TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
    ),
    v128.and(i16x8.shr_u(bytes, 4), nibble),
  );
  const pairs = v128.and(v128.and(byFirstHigh, byFirstLow), bySecondHigh);

  // Two continuations are correct at the third byte of a sequence that starts with E0–FF, at the fourth of one that
  // starts with F0–FF, and nowhere else.
  const mustContinue = v128.or(
    i8x16.sub_sat_u(secondBack, i8x16.splat((0xe0 - 0x80) as i8)),
    i8x16.sub_sat_u(thirdBack, i8x16.splat((0xf0 - 0x80) as i8)),
  );
  return v128.xor(v128.and(mustContinue, i8x16.splat(0x80 as i8)), pairs);
}

/** Whether a span is valid UTF-8. Its last byte must be ASCII. */
export function isUtf8(start: usize, end: usize): bool {
  let before = i8x16.splat(0);
  let errors = i8x16.splat(0);
  let at = start;
  while (at < end) {
    if (at + 64 <= end) {
      const any = v128.or(
        v128.or(v128.load(at), v128.load(at, 16)),
        v128.or(v128.load(at, 32), v128.load(at, 48)),
      );
      if (!i8x16.bitmask(v128.or(any, before))) {
        at += 64;
        continue;
      }
    }
    // Up to 64 bytes that are not all ASCII, or follow a byte that is not. Bytes past the span count as zeros.
    for (let stop = min(at + 64, end); at < stop; at += 16) {
      let bytes = v128.load(at);
      if (at + 16 > end) bytes = v128.and(bytes, v128.load(PREFIX_MASK + 16 - (end - at)));
      errors = v128.or(errors, errorsIn(bytes, before));
      before = bytes;
    }
  }
  return !v128.any_true(errors);
}
