import { PATTERNS } from './layout';

/*
 * Copying of matches, 8 bytes at a time: what runs over a match's end is overwritten by what follows, or lies in the
 * output's slack. Without SIMD, so that every runtime with WebAssembly can gunzip.
 */

/**
 * For each distance under 8: a mask for that many bytes, and the number that repeats them when they are multiplied by
 * it.
 */
export function writePatterns(): void {
  for (let distance: usize = 1; distance < 8; distance++) {
    const bits = (distance << 3) as u64;
    let factor: u64 = 0;
    for (let shift: u64 = 0; shift < 64; shift += bits) factor |= (1 as u64) << shift;
    store<u64>(PATTERNS + (distance << 4), ((1 as u64) << bits) - 1);
    store<u64>(PATTERNS + (distance << 4), factor, 8);
  }
}

/** Copies `length` bytes from `distance` bytes before `to`. Source and target may overlap; the source then repeats. */
// @ts-ignore: decorator
@inline
export function copyMatch(to: usize, distance: usize, length: usize): void {
  const end = to + length;
  let from = to - distance;
  if (distance >= 8) {
    // Most matches end within 32 bytes, at an unpredictable place: no branch is cheaper than a mispredicted one.
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
    store<u64>(to, load<u64>(from, 16), 16);
    store<u64>(to, load<u64>(from, 24), 24);
    if (length > 32) {
      to += 32;
      from += 32;
      do {
        store<u64>(to, load<u64>(from));
        store<u64>(to, load<u64>(from, 8), 8);
        store<u64>(to, load<u64>(from, 16), 16);
        store<u64>(to, load<u64>(from, 24), 24);
        to += 32;
        from += 32;
      } while (to < end);
    }
  } else {
    copyNear(to, distance, end);
  }
}

function copyNear(to: usize, distance: usize, end: usize): void {
  const pattern = PATTERNS + (distance << 4);
  const repeated = (load<u64>(to - distance) & load<u64>(pattern)) * load<u64>(pattern, 8);
  // As many bytes as hold the source a whole number of times.
  const step: usize = 8 - ((8 as usize) % distance);
  do {
    store<u64>(to, repeated);
    to += step;
  } while (to < end);
}
