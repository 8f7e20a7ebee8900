import { BASE_SHIFT, CODE_SHIFT, COUNTS, MAX_CODE_BITS, OTHER, SORTED, STARTS, SUB_TABLE } from './layout';

/*
 * Decoding tables of canonical Huffman codes (RFC 1951, section 3.2.2). The first bit of a code is the lowest, so a
 * table is indexed by the next bits of the stream, and a code of n bits fills every entry whose lowest n bits are equal
 * to it.
 */

/** The entry of bits that are not a code. It consumes one bit, so it is recognised as soon as there is any input. */
const NO_CODE: u32 = OTHER | 1;
/** The flags of an entry that points to a sub-table. */
const POINTER: u32 = OTHER | SUB_TABLE;

/**
 * Builds the decoding table of a code.
 *
 * @param lengths - the address of the code length (a byte) of each symbol
 * @param mayBeIncomplete - whether a code of at most one symbol of one bit is valid
 * @returns whether the lengths form a valid code
 */
export function buildTable(
  table: usize,
  tableBits: u32,
  lengths: usize,
  symbols: u32,
  templates: usize,
  mayBeIncomplete: bool,
): bool {
  memory.fill(COUNTS, 0, 4 * 16);
  for (let symbol: usize = 0; symbol < (symbols as usize); symbol++) {
    const count = COUNTS + ((load<u8>(lengths + symbol) as usize) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }

  // The number of codes of the current length that are still free.
  let left: i32 = 1;
  let maxBits: u32 = 0;
  let start: u32 = 0;
  for (let bits: u32 = 1; bits <= MAX_CODE_BITS; bits++) {
    const count = countOf(bits);
    store<u32>(STARTS + ((bits as usize) << 2), start);
    start += count;
    if (count != 0) maxBits = bits;
    left = (left << 1) - (count as i32);
    if (left < 0) return false;
  }
  if (left > 0) {
    if (!mayBeIncomplete || maxBits > 1) return false;
    for (let index: usize = 0; index < (1 as usize) << tableBits; index++) store<u32>(table + (index << 2), NO_CODE);
    if (maxBits == 0) return true;
  }

  for (let symbol: usize = 0; symbol < (symbols as usize); symbol++) {
    const bits = load<u8>(lengths + symbol) as usize;
    if (bits == 0) continue;
    const place = load<u32>(STARTS + (bits << 2));
    store<u32>(STARTS + (bits << 2), place + 1);
    store<u16>(SORTED + ((place as usize) << 1), symbol as u16);
  }
  fillTable(table, tableBits, maxBits, templates);
  return true;
}

function fillTable(table: usize, tableBits: u32, maxBits: u32, templates: usize): void {
  const mask: u32 = (1 << tableBits) - 1;
  let nextSubTable: u32 = 1 << tableBits;
  let subTable: u32 = 0;
  let subTableBits: u32 = 0;
  let prefix: u32 = u32.MAX_VALUE;
  let symbolAt = SORTED;
  // The first bit is the lowest.
  let code: u32 = 0;
  for (let bits: u32 = 1; bits <= maxBits; bits++) {
    for (let count = countOf(bits); count > 0; count--, symbolAt += 2) {
      const template = load<u32>(templates + ((load<u16>(symbolAt) as usize) << 2));
      if (bits <= tableBits) {
        fill(table, code, 1 << bits, 1 << tableBits, template + bits + (bits << CODE_SHIFT));
      } else {
        if ((code & mask) != prefix) {
          prefix = code & mask;
          subTable = nextSubTable;
          subTableBits = bitsOfSubTable(bits, bits - tableBits, count);
          nextSubTable += 1 << subTableBits;
          const pointer: u32 = POINTER | (subTable << BASE_SHIFT) | (subTableBits << CODE_SHIFT) | tableBits;
          store<u32>(table + ((prefix as usize) << 2), pointer);
        }
        const own = bits - tableBits;
        const at = table + ((subTable as usize) << 2);
        fill(at, code >> tableBits, 1 << own, 1 << subTableBits, template + own + (own << CODE_SHIFT));
      }
      code = nextCode(code, bits);
    }
  }
}

/**
 * The index bits of a sub-table, so that all codes with its prefix fit. The first has `bits` bits, as do `count` of
 * them.
 */
function bitsOfSubTable(bits: u32, own: u32, count: u32): u32 {
  let used = count;
  while (used < (1 as u32) << own && bits < MAX_CODE_BITS) {
    own++;
    bits++;
    used = (used << 1) + countOf(bits);
  }
  return own;
}

// @ts-ignore: decorator
@inline
function fill(table: usize, from: u32, step: u32, end: u32, entry: u32): void {
  for (let index = from; index < end; index += step) store<u32>(table + ((index as usize) << 2), entry);
}

/** The code after `code`, which has `bits` bits: adds 1 to its highest bit and carries towards the lowest. */
// @ts-ignore: decorator
@inline
function nextCode(code: u32, bits: u32): u32 {
  let bit: u32 = 1 << (bits - 1);
  while ((code & bit) != 0) {
    code ^= bit;
    bit >>= 1;
  }
  return code | bit;
}

// @ts-ignore: decorator
@inline
function countOf(bits: u32): u32 {
  return load<u32>(COUNTS + ((bits as usize) << 2));
}
