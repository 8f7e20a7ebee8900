import { COLON, COMMA, GREATER, AT, QUOTE, SLASH, UNDERSCORE, differ } from './bytes';
import { MAX_NAMES, NAMES, NAME_INDEX, NAME_INDEX_BITS, NAME_SLOT_BYTES, PREFIX_MASK, SEED, inputEnd } from './layout';

/*
 * Interned names of elements and attributes: each different name has one slot, found by a hash of its first 16 bytes.
 * Pass 1 compares end tags with the slot, and pass 2 copies JSON keys from it. When all slots are taken, the table is
 * emptied between two records. A record that needs more names than there are slots is irregular.
 *
 * A regular name is `[A-Za-z_][A-Za-z0-9_:.-]*` of at most 59 bytes. Since no name starts with a colon, and letters and
 * `_` sort after `@`, the keys of an object sort in this order: `#text`, attributes (`@…`), elements.
 */

/** The fields of a slot. */
export namespace Name {
  /** The first 16 bytes; a shorter name is padded with zeros. */
  export const FIRST: usize = 0;
  /**
   * `/`, the name and `>`, to compare an end tag with, and the mask of these bytes. A name over 14 bytes matches
   * nothing.
   */
  export const CLOSE: usize = 16;
  export const CLOSE_MASK: usize = 32;
  export const BYTES: usize = 48;
  /** The number of names that sort before this one. */
  export const RANK: usize = 52;
  /** The last entry of ATTRIBUTES with this name, to detect duplicate attributes in a tag. */
  export const LAST_ATTRIBUTE: usize = 56;
  /** Twice the slot's number: the place of an element with this name in a row of PATH_ROWS. */
  export const COLUMN: usize = 60;
  /** `,"name":` */
  export const ELEMENT_KEY: usize = 64;
  /** `,"@name":` */
  export const ATTRIBUTE_KEY: usize = 128;
  /** Random numbers for shape-sums.ts: of an element that holds nothing, and one that holds text. */
  export const LEAF_SUMS: usize = 192;
  export const CHILD_SUM: usize = 208;
  /** Of an empty attribute, and another one. */
  export const ATTRIBUTE_SUMS: usize = 216;
}

/** Numbers for a name: two of LEAF_SUMS, CHILD_SUM and two of ATTRIBUTE_SUMS. */
const SUMS: u64 = 5;

/** The bytes of a key other than the name: comma, two quotes and colon. The key of an attribute has an `@` as well. */
export const KEY_EXTRA: usize = 4;
const KEY_BYTES: usize = 64;
const MAX_NAME_BYTES: usize = KEY_BYTES - KEY_EXTRA - 1;

let nameCount: usize = 0;
/** Whether the last name could not be interned because all slots are taken. */
export let namesFull: bool = false;
/** Set when no name could be read: the address of the byte that is not part of a regular name. */
export let nameFailedAt: usize = 0;

/** The number of name characters at an address, counted up to 16. */
// @ts-ignore: decorator
@inline
export function countNameBytes(at: usize): usize {
  const bytes = v128.load(at);
  // A byte's high nibble selects a bit, its low nibble the set of high nibbles with which it is a name character:
  // 2D 2E  30–39 3A  41–4F  50–5A 5F  61–6F  70–7A
  const rows = i8x16(0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0);
  const columns = i8x16(26, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 4, 4, 5, 5, 12);
  const nibble = i8x16.splat(0x0f);
  const good = v128.and(
    i8x16.swizzle(columns, v128.and(bytes, nibble)),
    i8x16.swizzle(rows, v128.and(i16x8.shr_u(bytes, 4), nibble)),
  );
  return ctz<u32>(i8x16.bitmask(i8x16.eq(good, i8x16.splat(0))) | 0x10000);
}

// @ts-ignore: decorator
@inline
function firstBytes(at: usize, count: usize): v128 {
  return v128.and(v128.load(at), v128.load(PREFIX_MASK + 16 - count));
}

// @ts-ignore: decorator
@inline
function indexOf(first: v128, count: usize): usize {
  // Eight bytes and the length distinguish the names that occur in dumps.
  const mixed = (i64x2.extract_lane(first, 0) + count) * 0x1c69b3f74ac4ae35;
  return ((mixed as u64) >> (64 - NAME_INDEX_BITS)) as usize;
}

/**
 * Returns the slot of the name at an address, or 0 if there is no regular name (see `nameFailedAt`) or no free slot
 * (see `namesFull`).
 *
 * @param count - the result of {@link countNameBytes} for the address
 */
// @ts-ignore: decorator
@inline
export function internName(at: usize, count: usize): usize {
  const first = firstBytes(at, count);
  const slot = load<usize>(NAME_INDEX + (indexOf(first, count) << 2));
  // `first` contains all of a name under 16 bytes and a zero after it, which a longer name does not have.
  if (slot != 0 && count < 16 && !differ(v128.load(slot, Name.FIRST), first)) return slot;
  return internNewOrLong(at);
}

function internNewOrLong(at: usize): usize {
  namesFull = false;
  nameFailedAt = at;
  const start: u32 = load<u8>(at);
  if (!((start | 0x20) - 0x61 < 26 || start == UNDERSCORE)) return 0;

  let bytes: usize = 0;
  let count: usize;
  do {
    count = countNameBytes(at + bytes);
    bytes += count;
  } while (count == 16 && bytes <= MAX_NAME_BYTES);
  if (at + bytes >= inputEnd) {
    nameFailedAt = inputEnd;
    return 0;
  }
  if (bytes > MAX_NAME_BYTES) return 0;

  let index = indexOf(firstBytes(at, min<usize>(bytes, 16)), min<usize>(bytes, 16));
  for (;;) {
    const slot: usize = load<usize>(NAME_INDEX + (index << 2));
    if (slot == 0) break;
    if (load<usize>(slot, Name.BYTES) == bytes && memory.compare(slot + Name.ELEMENT_KEY + 2, at, bytes) == 0) {
      return slot;
    }
    index = (index + 1) & ((1 << NAME_INDEX_BITS) - 1);
  }
  if (nameCount == MAX_NAMES) {
    namesFull = true;
    return 0;
  }
  const slot = NAMES + nameCount * NAME_SLOT_BYTES;
  store<usize>(NAME_INDEX + (index << 2), slot);
  fillSlot(slot, at, bytes);
  nameCount++;
  return slot;
}

function fillSlot(slot: usize, at: usize, bytes: usize): void {
  memory.fill(slot, 0, NAME_SLOT_BYTES);
  v128.store(slot, firstBytes(at, min<usize>(bytes, 16)), Name.FIRST);
  store<usize>(slot, bytes, Name.BYTES);
  store<usize>(slot, 2 * nameCount, Name.COLUMN);
  store<u8>(slot, SLASH, Name.CLOSE);
  if (bytes <= 14) {
    memory.copy(slot + Name.CLOSE + 1, at, bytes);
    store<u8>(slot + bytes, GREATER, Name.CLOSE + 1);
    v128.store(slot, v128.load(PREFIX_MASK + 16 - (bytes + 2)), Name.CLOSE_MASK);
  }

  const elementKey = slot + Name.ELEMENT_KEY;
  store<u8>(elementKey, COMMA);
  store<u8>(elementKey, QUOTE, 1);
  memory.copy(elementKey + 2, at, bytes);
  store<u8>(elementKey + bytes, QUOTE, 2);
  store<u8>(elementKey + bytes, COLON, 3);

  const attributeKey = slot + Name.ATTRIBUTE_KEY;
  store<u8>(attributeKey, COMMA);
  store<u8>(attributeKey, QUOTE, 1);
  store<u8>(attributeKey, AT, 2);
  memory.copy(attributeKey + 3, at, bytes);
  store<u8>(attributeKey + bytes, QUOTE, 3);
  store<u8>(attributeKey + bytes, COLON, 4);

  for (let sum: u64 = 0; sum < SUMS; sum++) {
    store<u64>(slot + ((sum as usize) << 3), randomAt((nameCount as u64) * SUMS + sum), Name.LEAF_SUMS);
  }

  let rank: usize = 0;
  for (let other = NAMES; other < slot; other += NAME_SLOT_BYTES) {
    if (sortsBefore(other, slot)) rank++;
    else store<usize>(other, load<usize>(other, Name.RANK) + 1, Name.RANK);
  }
  store<usize>(slot, rank, Name.RANK);
}

/** A number of a sequence that depends on the seed (SplitMix64). */
function randomAt(index: u64): u64 {
  let mixed = load<u64>(SEED) + (index + 1) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

function sortsBefore(a: usize, b: usize): bool {
  const aBytes: usize = load<usize>(a, Name.BYTES);
  const bBytes: usize = load<usize>(b, Name.BYTES);
  const order = memory.compare(a + Name.ELEMENT_KEY + 2, b + Name.ELEMENT_KEY + 2, min(aBytes, bBytes));
  return order < 0 || (order == 0 && aBytes < bBytes);
}

/** Removes all names. Entries of ELEMENTS and ATTRIBUTES that point to slots are invalid afterwards. */
export function forgetNames(): void {
  nameCount = 0;
  memory.fill(NAME_INDEX, 0, 4 << NAME_INDEX_BITS);
}
