import { PATTERNS } from './layout';

/*
 * Copying of matches, 16 bytes at a time: what runs over a match's end is overwritten by what follows, or lies in the
 * output's slack.
 */

/** For each distance under 16: the bytes of the source, in the order in which they repeat. */
export function writePatterns(): void {
  for (let distance: usize = 1; distance < 16; distance++) {
    for (let index: usize = 0; index < 16; index++) store<u8>(PATTERNS + (distance << 4) + index, (index % distance) as u8);
  }
}

/** Copies `length` bytes from `distance` bytes before `to`. Source and target may overlap; the source then repeats. */
// @ts-ignore: decorator
@inline
export function copyMatch(to: usize, distance: usize, length: usize): void {
  const end = to + length;
  let from = to - distance;
  if (distance >= 16) {
    // Most matches end within 32 bytes, at an unpredictable place: no branch is cheaper than a mispredicted one.
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    if (length > 32) {
      to += 32;
      from += 32;
      do {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        to += 32;
        from += 32;
      } while (to < end);
    }
  } else {
    copyNear(to, distance, end);
  }
}

function copyNear(to: usize, distance: usize, end: usize): void {
  const repeated = i8x16.swizzle(v128.load(to - distance), v128.load(PATTERNS + (distance << 4)));
  // As many bytes as hold the source a whole number of times.
  const step: usize = 16 - ((16 as usize) % distance);
  do {
    v128.store(to, repeated);
    to += step;
  } while (to < end);
}
