import { DIGESTS, DIGEST_BYTES, LONG_RECORDS, SHA_CONSTANTS, SHA_LANES, SHA_STATE, SHA_WORDS, WORK } from './layout';

/*
 * SHA-256 (FIPS 180-4) of many short records, four at a time: each has a lane of the vectors. When a lane's record is
 * done, the next record takes the lane.
 *
 * A call of `crypto.hash` costs as much as several blocks here, but a block costs less there if the processor has
 * instructions for SHA-256. So long records are left to JavaScript.
 */

const BLOCK_BYTES: usize = 64;
const LANES: usize = 4;
/** Words of a hash, which are as many vectors for all lanes. */
const HASH_WORDS: usize = 8;
const VECTOR_BYTES: usize = 16;
const WORDS_BYTES: usize = 64 * VECTOR_BYTES;
const INITIAL_HASH: usize = SHA_CONSTANTS + 256;

/** The fields of a lane. */
namespace Lane {
  /** The next block, and how many there are from there on. */
  export const DATA: usize = 0;
  export const BLOCKS: usize = 4;
  /** How many blocks of END follow these: 0 once they are in use. */
  export const END_BLOCKS: usize = 8;
  /** The digest's address; 0 if the lane has no record. */
  export const DIGEST: usize = 12;
  /** The record's bytes after its last whole block, with the padding: one block or two, and 16 bytes that may be written. */
  export const END: usize = 16;
}
const LANE_BYTES: usize = 256;

/** A lane without a record has so many blocks left. It reads any memory. */
const ENDLESS: usize = 1 << 20;
const ANY_MEMORY: usize = WORK;

/** Longer records, which fill more than six blocks, are left to JavaScript. */
const MAX_BYTES: usize = 6 * BLOCK_BYTES - 9;

/** The next span, and how many follow. */
let span: usize = 0;
let spanBytes: usize = 0;
let base: usize = 0;
let record: usize = 0;
let records: usize = 0;
let longRecords: usize = 0;

/**
 * Writes the hashes of all short records to DIGESTS, and the numbers of the long ones to LONG_RECORDS.
 *
 * @param spans - a table whose entries begin with the start and the end of a record, counted from `origin`
 * @param entryBytes - the length of an entry
 * @param count - how many
 * @returns how many records are long
 */
export function hashRecords(spans: usize, entryBytes: usize, origin: usize, count: usize): usize {
  span = spans;
  spanBytes = entryBytes;
  base = origin;
  record = 0;
  records = count;
  longRecords = 0;
  let active: usize = 0;
  for (let lane: usize = 0; lane < LANES; lane++) active += fillLane(lane) as usize;
  while (active > 0) {
    let blocks: usize = ENDLESS;
    for (let lane: usize = 0; lane < LANES; lane++) {
      blocks = min(blocks, load<usize>(SHA_LANES + lane * LANE_BYTES, Lane.BLOCKS));
    }
    hashBlocks(blocks);
    for (let lane: usize = 0; lane < LANES; lane++) {
      const entry = SHA_LANES + lane * LANE_BYTES;
      const left: usize = load<usize>(entry, Lane.BLOCKS) - blocks;
      store<usize>(entry, left, Lane.BLOCKS);
      if (load<usize>(entry, Lane.DIGEST) == 0) {
        clearLane(entry);
      } else if (left != 0) {
        store<usize>(entry, load<usize>(entry) + blocks * BLOCK_BYTES);
      } else if (load<usize>(entry, Lane.END_BLOCKS) != 0) {
        useEnd(entry);
      } else {
        storeDigest(lane, load<usize>(entry, Lane.DIGEST));
        active -= !fillLane(lane) as usize;
      }
    }
  }
  return longRecords;
}

/** Gives a lane the next short record. Returns whether there is one. */
function fillLane(lane: usize): bool {
  const entry = SHA_LANES + lane * LANE_BYTES;
  for (; record < records; record++, span += spanBytes) {
    const start = base + load<usize>(span);
    const bytes: usize = base + load<usize>(span, 4) - start;
    if (bytes > MAX_BYTES) {
      store<u32>(LONG_RECORDS + 4 * longRecords, record);
      longRecords++;
      continue;
    }
    const wholeBlocks = bytes / BLOCK_BYTES;
    store<usize>(entry, start, Lane.DATA);
    store<usize>(entry, wholeBlocks, Lane.BLOCKS);
    store<usize>(entry, writeEnd(entry + Lane.END, start, bytes), Lane.END_BLOCKS);
    store<usize>(entry, DIGESTS + record * DIGEST_BYTES, Lane.DIGEST);
    if (wholeBlocks == 0) useEnd(entry);
    for (let word: usize = 0; word < HASH_WORDS; word++) {
      store<u32>(SHA_STATE + word * VECTOR_BYTES + 4 * lane, load<u32>(INITIAL_HASH + 4 * word));
    }
    record++;
    span += spanBytes;
    return true;
  }
  clearLane(entry);
  store<usize>(entry, 0, Lane.DIGEST);
  return false;
}

// @ts-ignore: decorator
@inline
function clearLane(entry: usize): void {
  store<usize>(entry, ANY_MEMORY, Lane.DATA);
  store<usize>(entry, ENDLESS, Lane.BLOCKS);
}

// @ts-ignore: decorator
@inline
function useEnd(entry: usize): void {
  store<usize>(entry, entry + Lane.END, Lane.DATA);
  store<usize>(entry, load<usize>(entry, Lane.END_BLOCKS), Lane.BLOCKS);
  store<usize>(entry, 0, Lane.END_BLOCKS);
}

/** Writes the blocks after a record's whole ones: its last bytes, a bit, zeros and its length. Returns how many. */
// @ts-ignore: decorator
@inline
function writeEnd(end: usize, start: usize, bytes: usize): usize {
  const rest = bytes % BLOCK_BYTES;
  const source = start + bytes - rest;
  v128.store(end, v128.load(source));
  v128.store(end, v128.load(source, 16), 16);
  v128.store(end, v128.load(source, 32), 32);
  v128.store(end, v128.load(source, 48), 48);
  store<u8>(end + rest, 0x80);
  const blocks: usize = rest + 9 > BLOCK_BYTES ? 2 : 1;
  const to = end + blocks * BLOCK_BYTES;
  for (let at = end + rest + 1; at < to; at += VECTOR_BYTES) v128.store(at, i64x2.splat(0));
  store<u32>(to - 4, bswap<u32>((bytes as u32) << 3));
  return blocks;
}

// @ts-ignore: decorator
@inline
function storeDigest(lane: usize, digest: usize): void {
  for (let word: usize = 0; word < HASH_WORDS; word++) {
    store<u32>(digest + 4 * word, bswap<u32>(load<u32>(SHA_STATE + word * VECTOR_BYTES + 4 * lane)));
  }
}

/** Takes the same number of blocks of each lane. */
function hashBlocks(blocks: usize): void {
  let data0: usize = load<usize>(SHA_LANES, Lane.DATA);
  let data1: usize = load<usize>(SHA_LANES + LANE_BYTES, Lane.DATA);
  let data2: usize = load<usize>(SHA_LANES + 2 * LANE_BYTES, Lane.DATA);
  let data3: usize = load<usize>(SHA_LANES + 3 * LANE_BYTES, Lane.DATA);
  for (; blocks > 0; blocks--) {
    for (let to = SHA_WORDS; to < SHA_WORDS + BLOCK_BYTES * LANES; to += 4 * VECTOR_BYTES) {
      const one = loadWords(data0);
      const two = loadWords(data1);
      const three = loadWords(data2);
      const four = loadWords(data3);
      const firstOfTwo = i32x4.shuffle(one, two, 0, 4, 1, 5);
      const secondOfTwo = i32x4.shuffle(one, two, 2, 6, 3, 7);
      const firstOfOthers = i32x4.shuffle(three, four, 0, 4, 1, 5);
      const secondOfOthers = i32x4.shuffle(three, four, 2, 6, 3, 7);
      v128.store(to, i64x2.shuffle(firstOfTwo, firstOfOthers, 0, 2));
      v128.store(to, i64x2.shuffle(firstOfTwo, firstOfOthers, 1, 3), 16);
      v128.store(to, i64x2.shuffle(secondOfTwo, secondOfOthers, 0, 2), 32);
      v128.store(to, i64x2.shuffle(secondOfTwo, secondOfOthers, 1, 3), 48);
      data0 += VECTOR_BYTES;
      data1 += VECTOR_BYTES;
      data2 += VECTOR_BYTES;
      data3 += VECTOR_BYTES;
    }
    hashBlock();
  }
}

/** Four words of a block. They are big-endian. */
// @ts-ignore: decorator
@inline
function loadWords(at: usize): v128 {
  const bytes = v128.load(at);
  return i8x16.shuffle(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Takes the block of each lane whose first 16 words are in SHA_WORDS. */
// @ts-ignore: decorator
@inline
function hashBlock(): void {
  let a = v128.load(SHA_STATE);
  let b = v128.load(SHA_STATE, 16);
  let c = v128.load(SHA_STATE, 32);
  let d = v128.load(SHA_STATE, 48);
  let e = v128.load(SHA_STATE, 64);
  let f = v128.load(SHA_STATE, 80);
  let g = v128.load(SHA_STATE, 96);
  let h = v128.load(SHA_STATE, 112);
  let constant = SHA_CONSTANTS;
  for (let word = SHA_WORDS; word < SHA_WORDS + WORDS_BYTES; word += 8 * VECTOR_BYTES, constant += 32) {
    if (word < SHA_WORDS + WORDS_BYTES - 16 * VECTOR_BYTES) {
      const to = word + 16 * VECTOR_BYTES;
      v128.store(to, nextWord(to));
      v128.store(to, nextWord(to + 16), 16);
      v128.store(to, nextWord(to + 32), 32);
      v128.store(to, nextWord(to + 48), 48);
      v128.store(to, nextWord(to + 64), 64);
      v128.store(to, nextWord(to + 80), 80);
      v128.store(to, nextWord(to + 96), 96);
      v128.store(to, nextWord(to + 112), 112);
    }
    h = first(e, f, g, h, word, constant);
    d = i32x4.add(d, h);
    h = i32x4.add(h, second(a, b, c));
    g = first(d, e, f, g, word + 16, constant + 4);
    c = i32x4.add(c, g);
    g = i32x4.add(g, second(h, a, b));
    f = first(c, d, e, f, word + 32, constant + 8);
    b = i32x4.add(b, f);
    f = i32x4.add(f, second(g, h, a));
    e = first(b, c, d, e, word + 48, constant + 12);
    a = i32x4.add(a, e);
    e = i32x4.add(e, second(f, g, h));
    d = first(a, b, c, d, word + 64, constant + 16);
    h = i32x4.add(h, d);
    d = i32x4.add(d, second(e, f, g));
    c = first(h, a, b, c, word + 80, constant + 20);
    g = i32x4.add(g, c);
    c = i32x4.add(c, second(d, e, f));
    b = first(g, h, a, b, word + 96, constant + 24);
    f = i32x4.add(f, b);
    b = i32x4.add(b, second(c, d, e));
    a = first(f, g, h, a, word + 112, constant + 28);
    e = i32x4.add(e, a);
    a = i32x4.add(a, second(b, c, d));
  }
  v128.store(SHA_STATE, i32x4.add(v128.load(SHA_STATE), a));
  v128.store(SHA_STATE, i32x4.add(v128.load(SHA_STATE, 16), b), 16);
  v128.store(SHA_STATE, i32x4.add(v128.load(SHA_STATE, 32), c), 32);
  v128.store(SHA_STATE, i32x4.add(v128.load(SHA_STATE, 48), d), 48);
  v128.store(SHA_STATE, i32x4.add(v128.load(SHA_STATE, 64), e), 64);
  v128.store(SHA_STATE, i32x4.add(v128.load(SHA_STATE, 80), f), 80);
  v128.store(SHA_STATE, i32x4.add(v128.load(SHA_STATE, 96), g), 96);
  v128.store(SHA_STATE, i32x4.add(v128.load(SHA_STATE, 112), h), 112);
}

/** The standard's T1. */
// @ts-ignore: decorator
@inline
function first(e: v128, f: v128, g: v128, h: v128, word: usize, constant: usize): v128 {
  const sum = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
  const input = i32x4.add(v128.load(word), v128.load32_splat(constant));
  return i32x4.add(i32x4.add(i32x4.add(h, input), choice), sum);
}

/** The standard's T2. */
// @ts-ignore: decorator
@inline
function second(a: v128, b: v128, c: v128): v128 {
  const sum = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
  const majority = v128.xor(b, v128.and(v128.xor(a, b), v128.xor(b, c)));
  return i32x4.add(sum, majority);
}

/** A word of the schedule, from those before it. */
// @ts-ignore: decorator
@inline
function nextWord(at: usize): v128 {
  const near = v128.load(at - 2 * VECTOR_BYTES);
  const far = v128.load(at - 15 * VECTOR_BYTES);
  const sumOfNear = v128.xor(v128.xor(rotate(near, 17), rotate(near, 19)), i32x4.shr_u(near, 10));
  const sumOfFar = v128.xor(v128.xor(rotate(far, 7), rotate(far, 18)), i32x4.shr_u(far, 3));
  const others = i32x4.add(v128.load(at - 7 * VECTOR_BYTES), v128.load(at - 16 * VECTOR_BYTES));
  return i32x4.add(i32x4.add(others, sumOfFar), sumOfNear);
}

// @ts-ignore: decorator
@inline
function rotate(words: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(words, bits), i32x4.shl(words, 32 - bits));
}

/** Has to be called before anything is hashed. */
export function writeShaConstants(): void {
  v128.store(SHA_CONSTANTS, i32x4(0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5));
  v128.store(SHA_CONSTANTS, i32x4(0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5), 16);
  v128.store(SHA_CONSTANTS, i32x4(0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3), 32);
  v128.store(SHA_CONSTANTS, i32x4(0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174), 48);
  v128.store(SHA_CONSTANTS, i32x4(0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc), 64);
  v128.store(SHA_CONSTANTS, i32x4(0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da), 80);
  v128.store(SHA_CONSTANTS, i32x4(0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7), 96);
  v128.store(SHA_CONSTANTS, i32x4(0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967), 112);
  v128.store(SHA_CONSTANTS, i32x4(0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13), 128);
  v128.store(SHA_CONSTANTS, i32x4(0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85), 144);
  v128.store(SHA_CONSTANTS, i32x4(0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3), 160);
  v128.store(SHA_CONSTANTS, i32x4(0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070), 176);
  v128.store(SHA_CONSTANTS, i32x4(0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5), 192);
  v128.store(SHA_CONSTANTS, i32x4(0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3), 208);
  v128.store(SHA_CONSTANTS, i32x4(0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208), 224);
  v128.store(SHA_CONSTANTS, i32x4(0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2), 240);
  v128.store(INITIAL_HASH, i32x4(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a));
  v128.store(INITIAL_HASH, i32x4(0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19), 16);
}
