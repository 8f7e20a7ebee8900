import { BASE_SHIFT, CODE_LENGTH_BITS, CODE_LENGTH_SYMBOLS, CODE_LENGTH_TEMPLATES, CODE_SHIFT, CODE_TABLE } from './layout';
import { HISTORY_BYTES } from '../layout';
import { DISTANCE_BITS, DISTANCE_TABLE, DISTANCE_TEMPLATES, END_OF_BLOCK, HISTORY, INPUT, LENGTHS, LITERAL } from './layout';
import { LITERAL_BITS, LITERAL_TABLE, LITERAL_TEMPLATES, OTHER, OUTPUT, OUTPUT_BYTES, STATE, Status, SUB_TABLE } from './layout';
import { copyMatch } from './copy';
import { buildTable } from './table';

/*
 * Inflates a deflate stream (RFC 1951). What zlib refuses is refused here too.
 *
 * The next bits of the stream are kept in a word, the first of them lowest. The fast loop fills it up to 56 bits and more by reading
 * eight bytes at once, whatever of them there is room for, and counts only the whole bytes it took: bits above the count are right
 * too, and read again with the next eight. It needs no check of input and output for a symbol: it runs while at least
 * FAST_INPUT bytes and the room for a longest match are there. The rest is left to the careful loop, which takes one byte and one
 * symbol at a time.
 */

/** What the fast loop may read in one turn. */
const FAST_INPUT: usize = 16;

const LITERAL_MASK: usize = (1 << LITERAL_BITS) - 1;
const DISTANCE_MASK: usize = (1 << DISTANCE_BITS) - 1;

/** Where a stream stands. */
namespace Place {
  export const BLOCK_HEADER: u32 = 0;
  export const STORED: u32 = 1;
  export const COMPRESSED: u32 = 2;
  export const END: u32 = 3;
}

/** The first byte that is not in `bits`; the byte behind the last. */
export let input: usize = INPUT;
let inputEnd: usize = INPUT;
/** The place of the next byte. */
export let output: usize = OUTPUT;
/** Output that begins before this may run over it, by less than SLACK. */
let outputEnd: usize = OUTPUT + OUTPUT_BYTES;
/** How far back a match may reach. */
let reach: usize = OUTPUT;
/** The next bits, and how many; no bit above is set between calls. */
let bits: u64 = 0;
let bitCount: u64 = 0;

let place: u32 = Place.BLOCK_HEADER;
let isLastBlock: bool = false;
let storedBytes: usize = 0;

/** Forgets input and output. */
export function forget(): void {
  input = INPUT;
  inputEnd = INPUT;
  output = OUTPUT;
  outputEnd = OUTPUT + OUTPUT_BYTES;
}

/** Begins a new stream in the input at hand. */
export function begin(): void {
  reach = output;
  bits = 0;
  bitCount = 0;
  place = Place.BLOCK_HEADER;
  isLastBlock = false;
}

/** Puts what is not in memory into STATE, but for input and output. */
export function saveState(): void {
  store<usize>(STATE, min(output - reach, HISTORY_BYTES));
  store<u32>(STATE, place, 4);
  store<u32>(STATE, isLastBlock ? 1 : 0, 8);
  store<usize>(STATE, storedBytes, 12);
  store<u64>(STATE, bits, 16);
  store<u64>(STATE, bitCount, 24);
}

/** Goes on from STATE, with output from `start` on, what was output before lying before it. */
export function restoreState(start: usize): void {
  forget();
  output = start;
  reach = start - load<usize>(STATE);
  place = load<u32>(STATE, 4);
  isLastBlock = load<u32>(STATE, 8) != 0;
  storedBytes = load<usize>(STATE, 12);
  bits = load<u64>(STATE, 16);
  bitCount = load<u64>(STATE, 24);
}

/** Says where the input that was not yet read lies. */
export function setInput(start: usize, end: usize): void {
  input = start;
  inputEnd = end;
}

/** Moves the end of the output to the history; the output is empty then. */
export function turnOutput(): void {
  const moved = output - OUTPUT;
  memory.copy(HISTORY, HISTORY + moved, HISTORY_BYTES);
  output = OUTPUT;
  outputEnd = OUTPUT + OUTPUT_BYTES;
  reach = reach > HISTORY + moved ? reach - moved : HISTORY;
}

/** Says where the output ends. */
export function setOutputEnd(end: usize): void {
  outputEnd = end;
}

/** Goes on; answers a status. */
export function inflateOn(): u32 {
  // Ended stands for: this part did.
  let status = Status.ENDED;
  while (status == Status.ENDED && place != Place.END) {
    if (output >= outputEnd) return Status.OUTPUT_FULL;
    if (place == Place.BLOCK_HEADER) status = readBlockHeader();
    else if (place == Place.STORED) status = copyStored();
    else {
      status = inflateFast();
      if (status == Status.ENDED && place == Place.COMPRESSED && output < outputEnd) status = inflateCarefully();
    }
  }
  return status;
}

/** Whether there are so many bits; takes bytes of the input until there are. At most 56. */
// @ts-ignore: decorator
@inline
function has(count: u64): bool {
  while (bitCount < count) {
    if (input == inputEnd) return false;
    bits |= (load<u8>(input++) as u64) << bitCount;
    bitCount += 8;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function take(count: u64): u32 {
  const value = bits & ~(-1 << count);
  bits >>= count;
  bitCount -= count;
  return value as u32;
}

/** Puts whole bytes that were taken but not used back. */
export function giveBack(): void {
  input -= (bitCount >> 3) as usize;
  bitCount &= 7;
  bits &= ~(-1 << bitCount);
}

// @ts-ignore: decorator
@inline
function endBlock(): void {
  place = isLastBlock ? Place.END : Place.BLOCK_HEADER;
}

/** Reads a header whole, or none of it. */
function readBlockHeader(): u32 {
  giveBack();
  const startBits = bits;
  const startCount = bitCount;
  const start = input;
  const status = readHeader();
  if (status == Status.NEEDS_INPUT) {
    bits = startBits;
    bitCount = startCount;
    input = start;
  }
  return status;
}

function readHeader(): u32 {
  if (!has(3)) return Status.NEEDS_INPUT;
  isLastBlock = take(1) != 0;
  const type = take(2);
  if (type == 0) return readStoredHeader();
  if (type == 1) useFixedCodes();
  else if (type == 2) {
    const status = readCodes();
    if (status != Status.ENDED) return status;
  } else return Status.BAD_BLOCK_TYPE;
  place = Place.COMPRESSED;
  return Status.ENDED;
}

function readStoredHeader(): u32 {
  take(bitCount & 7);
  if (!has(32)) return Status.NEEDS_INPUT;
  const length = take(16);
  if ((take(16) ^ 0xffff) != length) return Status.BAD_STORED_LENGTH;
  storedBytes = length;
  place = Place.STORED;
  return Status.ENDED;
}

function copyStored(): u32 {
  giveBack();
  const count = min(storedBytes, min(inputEnd - input, outputEnd - output));
  memory.copy(output, input, count);
  input += count;
  output += count;
  storedBytes -= count;
  if (storedBytes == 0) endBlock();
  else if (input == inputEnd) return Status.NEEDS_INPUT;
  return Status.ENDED;
}

function useFixedCodes(): void {
  memory.fill(LENGTHS, 8, 144);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + 280, 8, 8);
  buildTable(LITERAL_TABLE, LITERAL_BITS, LENGTHS, 288, LITERAL_TEMPLATES, false);
  memory.fill(LENGTHS, 5, 32);
  buildTable(DISTANCE_TABLE, DISTANCE_BITS, LENGTHS, 32, DISTANCE_TEMPLATES, false);
}

/** The order in which a header gives the lengths of the code length code. */
// @ts-ignore: decorator
@inline
function codeLengthSymbol(index: u32): usize {
  // 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15
  if (index < 3) return 16 + index;
  if (index == 3) return 0;
  return (index & 1) == 0 ? 8 + ((index - 4) >> 1) : 7 - ((index - 5) >> 1);
}

/** Reads the codes of a block (RFC 1951, section 3.2.7) and builds their tables. */
function readCodes(): u32 {
  if (!has(14)) return Status.NEEDS_INPUT;
  const literals = take(5) + 257;
  const distances = take(5) + 1;
  const codeLengths = take(4) + 4;
  if (literals > 286 || distances > 30) return Status.TOO_MANY_SYMBOLS;

  memory.fill(LENGTHS, 0, CODE_LENGTH_SYMBOLS);
  for (let index: u32 = 0; index < codeLengths; index++) {
    if (!has(3)) return Status.NEEDS_INPUT;
    store<u8>(LENGTHS + codeLengthSymbol(index), take(3) as u8);
  }
  if (!buildTable(CODE_TABLE, CODE_LENGTH_BITS, LENGTHS, CODE_LENGTH_SYMBOLS, CODE_LENGTH_TEMPLATES, false)) {
    return Status.BAD_CODE_LENGTHS;
  }

  const total: usize = literals + distances;
  for (let filled: usize = 0; filled < total; ) {
    // A code and the bits behind it: whether all of them are there shows when they are taken.
    has(14);
    const entry = load<u32>(CODE_TABLE + (((bits as usize) & ((1 << CODE_LENGTH_BITS) - 1)) << 2));
    const codeBits = (entry & 0xff) as u64;
    if (codeBits > bitCount) return Status.NEEDS_INPUT;
    const symbol = entry >> BASE_SHIFT;
    if (symbol < 16) {
      take(codeBits);
      store<u8>(LENGTHS + filled++, symbol as u8);
      continue;
    }
    const extra: u64 = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (codeBits + extra > bitCount) return Status.NEEDS_INPUT;
    take(codeBits);
    const repeat: usize = (symbol == 18 ? 11 : 3) + take(extra);
    if (filled + repeat > total || (symbol == 16 && filled == 0)) return Status.BAD_CODE_LENGTHS;
    memory.fill(LENGTHS + filled, symbol == 16 ? load<u8>(LENGTHS + filled - 1) : 0, repeat);
    filled += repeat;
  }
  // A block that cannot end.
  if (load<u8>(LENGTHS + 256) == 0) return Status.BAD_CODE_LENGTHS;
  const isCode =
    buildTable(LITERAL_TABLE, LITERAL_BITS, LENGTHS, literals, LITERAL_TEMPLATES, true) &&
    buildTable(DISTANCE_TABLE, DISTANCE_BITS, LENGTHS + literals, distances, DISTANCE_TEMPLATES, true);
  return isCode ? Status.ENDED : Status.BAD_CODE_LENGTHS;
}

/** The lowest bits of a word, as many as an entry consumes, without those of its code: the extra bits' value. */
// @ts-ignore: decorator
@inline
function extraOf(word: u64, entry: u32): usize {
  // All of it has at most 28 bits.
  return (((word as u32) & ~((-1 as u32) << entry)) >> (entry >> CODE_SHIFT)) as usize;
}

/** Removes the bits that an entry consumes. */
// @ts-ignore: decorator
@inline
function without(word: u64, entry: u32): u64 {
  return word >> (entry as u64);
}

// @ts-ignore: decorator
@inline
function literalEntry(word: u64): u32 {
  return load<u32>(((word as usize) & LITERAL_MASK) << 2, LITERAL_TABLE);
}

// @ts-ignore: decorator
@inline
function distanceEntry(word: u64): u32 {
  return load<u32>(((word as usize) & DISTANCE_MASK) << 2, DISTANCE_TABLE);
}

/** The entry of a sub-table, `entry` being what points to it and the word what follows the bits that led there. */
// @ts-ignore: decorator
@inline
function subEntry(table: usize, entry: u32, word: u64): u32 {
  const index = ((word as u32) & ~((-1 as u32) << ((entry >> CODE_SHIFT) & 15))) + (entry >> BASE_SHIFT);
  return load<u32>(table + ((index as usize) << 2));
}

// @ts-ignore: decorator
@inline
function isLiteral(entry: u32): bool {
  return (entry as i32) < 0;
}

/** Symbols while there is plenty of input and output; answers ENDED, or a fault. */
function inflateFast(): u32 {
  if (inputEnd - input < FAST_INPUT) return Status.ENDED;
  const fromEnd = inputEnd - FAST_INPUT;
  const toEnd = outputEnd;
  let from = input;
  let to = output;
  let word = bits;
  // Only the lowest six bits count: shifts look at no others. Above them is what subtracting entries leaves.
  let count = bitCount as u32;
  let status = Status.ENDED;
  if (to >= toEnd) return status;

  word |= load<u64>(from) << (count as u64);
  from += 7 - ((count >> 3) & 7);
  count |= 56;
  let entry = literalEntry(word);
  do {
    if (isLiteral(entry)) {
      word = without(word, entry);
      count -= entry;
      store<u8>(to, entry >> BASE_SHIFT);
      entry = literalEntry(word);
      if (isLiteral(entry)) {
        word = without(word, entry);
        count -= entry;
        store<u8>(to, entry >> BASE_SHIFT, 1);
        entry = literalEntry(word);
        if (isLiteral(entry)) {
          word = without(word, entry);
          count -= entry;
          store<u8>(to, entry >> BASE_SHIFT, 2);
          to += 3;
          word |= load<u64>(from) << (count as u64);
          from += 7 - ((count >> 3) & 7);
          count |= 56;
          entry = literalEntry(word);
          continue;
        }
        to++;
      }
      to++;
    }
    // At least 36 bits are left, of which a length takes 20.
    if ((entry & OTHER) != 0) {
      if ((entry & SUB_TABLE) != 0) {
        word = without(word, entry);
        count -= entry;
        entry = subEntry(LITERAL_TABLE, entry, word);
        if (isLiteral(entry)) {
          word = without(word, entry);
          count -= entry;
          store<u8>(to++, entry >> BASE_SHIFT);
          word |= load<u64>(from) << (count as u64);
          from += 7 - ((count >> 3) & 7);
          count |= 56;
          entry = literalEntry(word);
          continue;
        }
      }
      if ((entry & OTHER) != 0) {
        if ((entry & END_OF_BLOCK) == 0) {
          status = Status.BAD_LITERAL_CODE;
          break;
        }
        word = without(word, entry);
        count -= entry;
        endBlock();
        break;
      }
    }
    const length: usize = (entry >> BASE_SHIFT) + extraOf(word, entry);
    word = without(word, entry);
    count -= entry;

    word |= load<u64>(from) << (count as u64);
    from += 7 - ((count >> 3) & 7);
    count |= 56;
    entry = distanceEntry(word);
    if ((entry & OTHER) != 0) {
      if ((entry & SUB_TABLE) != 0) {
        word = without(word, entry);
        count -= entry;
        entry = subEntry(DISTANCE_TABLE, entry, word);
      }
      if ((entry & OTHER) != 0) {
        status = Status.BAD_DISTANCE_CODE;
        break;
      }
    }
    const distance: usize = (entry >> BASE_SHIFT) + extraOf(word, entry);
    word = without(word, entry);
    count -= entry;
    if (distance > to - reach) {
      status = Status.DISTANCE_TOO_FAR;
      break;
    }
    // The next entry is on its way while the match is copied. At least 28 bits are left, of which it takes 10.
    entry = literalEntry(word);
    copyMatch(to, distance, length);
    to += length;
    word |= load<u64>(from) << (count as u64);
    from += 7 - ((count >> 3) & 7);
    count |= 56;
  } while (from <= fromEnd && to < toEnd);

  input = from;
  output = to;
  bits = word;
  bitCount = (count & 63) as u64;
  giveBack();
  return status;
}

/** Symbols to the end of the input, one at a time; answers ENDED, NEEDS_INPUT, or a fault. Takes a symbol whole or not at all. */
function inflateCarefully(): u32 {
  while (output < outputEnd) {
    // 48 bits do for any symbol with all that belongs to it. Bits that are not there read as zeros, and what is read from them shows
    // in how many bits it takes.
    has(48);
    let word = bits;
    let used: u32 = 0;
    let entry = literalEntry(word);
    if (!isLiteral(entry) && (entry & SUB_TABLE) != 0 && (entry & OTHER) != 0) {
      used = entry & 63;
      word = without(word, entry);
      entry = subEntry(LITERAL_TABLE, entry, word);
    }
    used += entry & 63;
    if (used > (bitCount as u32)) return Status.NEEDS_INPUT;
    if (isLiteral(entry)) {
      take(used);
      store<u8>(output++, entry >> BASE_SHIFT);
      continue;
    }
    if ((entry & OTHER) != 0) {
      if ((entry & END_OF_BLOCK) == 0) return Status.BAD_LITERAL_CODE;
      take(used);
      giveBack();
      endBlock();
      return Status.ENDED;
    }
    const length: usize = (entry >> BASE_SHIFT) + extraOf(word, entry);
    word = without(word, entry);

    entry = distanceEntry(word);
    if ((entry & SUB_TABLE) != 0 && (entry & OTHER) != 0) {
      used += entry & 63;
      word = without(word, entry);
      entry = subEntry(DISTANCE_TABLE, entry, word);
    }
    used += entry & 63;
    if (used > (bitCount as u32)) return Status.NEEDS_INPUT;
    if ((entry & OTHER) != 0) return Status.BAD_DISTANCE_CODE;
    const distance: usize = (entry >> BASE_SHIFT) + extraOf(word, entry);
    if (distance > output - reach) return Status.DISTANCE_TOO_FAR;
    take(used);
    copyMatch(output, distance, length);
    output += length;
  }
  giveBack();
  return Status.ENDED;
}
