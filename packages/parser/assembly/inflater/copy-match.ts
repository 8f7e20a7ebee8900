import { PATTERNS } from './layout';

/* Copies matches, 16 bytes at a time. Bytes past a match's end are overwritten later, or are in the output's slack. */

/**
 * Writes the shuffle pattern for each distance under 16: the indices of the source bytes in the order of repetition.
 */
export function writePatterns(): void {
  for (let distance: usize = 1; distance < 16; distance++) {
    for (let index: usize = 0; index < 16; index++) {
      store<u8>(PATTERNS + (distance << 4) + index, (index % distance) as u8);
    }
  }
}

/** Copies `length` bytes from `distance` bytes before `to`. Source and target may overlap; the source then repeats. */
// @ts-ignore: decorator
@inline
export function copyMatch(to: usize, distance: usize, length: usize): void {
  const end = to + length;
  let from = to - distance;
  if (distance >= 16) {
    // Most matches fit into two vectors. Their length is hard to predict, so copying both costs less than a branch.
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
  // The largest multiple of the distance that fits into a vector.
  const step: usize = 16 - ((16 as usize) % distance);
  do {
    v128.store(to, repeated);
    to += step;
  } while (to < end);
}
