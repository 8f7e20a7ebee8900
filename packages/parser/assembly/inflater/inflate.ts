import { HISTORY_BYTES } from '../kernel/layout';
import { BASE_SHIFT, CODE_LENGTH_BITS, CODE_LENGTH_SYMBOLS, CODE_LENGTH_TEMPLATES, CODE_SHIFT } from './layout';
import { CODE_TABLE, DISTANCE_BITS, DISTANCE_TABLE, DISTANCE_TEMPLATES, END_OF_BLOCK, HISTORY, INPUT } from './layout';
import { LENGTHS, LITERAL_BITS, LITERAL_TABLE, LITERAL_TEMPLATES, OTHER, OUTPUT, OUTPUT_BYTES } from './layout';
import { STATE, SUB_TABLE, Status } from './layout';
import { copyMatch } from './copy-match';
import { buildTable } from './decoding-table';

/*
 * Inflates a deflate stream (RFC 1951). It rejects everything that zlib rejects.
 *
 * A word contains the next bits of the stream, the first bit lowest. The fast loop refills it to at least 56 bits by
 * reading eight bytes at once, and counts only the whole bytes that fit. The bits above the count are correct as well,
 * and are read again with the next eight bytes. The loop does not check input and output per symbol: it runs while
 * there are at least MIN_FAST_INPUT bytes of input and space for the longest match. The careful loop does the rest, one
 * byte and one symbol at a time.
 */

/** The bytes that one iteration of the fast loop may read. */
const MIN_FAST_INPUT: usize = 16;

const LITERAL_MASK: usize = (1 << LITERAL_BITS) - 1;
const DISTANCE_MASK: usize = (1 << DISTANCE_BITS) - 1;

/** What comes next in the stream. */
namespace Stage {
  export const BLOCK_HEADER: u32 = 0;
  export const STORED: u32 = 1;
  export const COMPRESSED: u32 = 2;
  export const END: u32 = 3;
}

/** The address of the first byte that is not in `bits`, and the end of the input. */
export let input: usize = INPUT;
let inputEnd: usize = INPUT;
/** The address of the next byte of output. */
export let output: usize = OUTPUT;
/** The limit of the output. A match that starts before it may exceed it, by less than SLACK. */
let outputEnd: usize = OUTPUT + OUTPUT_BYTES;
/** The lowest address that a match may refer to. */
let historyStart: usize = OUTPUT;
/** The next bits, and their number. Between calls, no bit above them is set. */
let bits: u64 = 0;
let bitCount: u64 = 0;

let stage: u32 = Stage.BLOCK_HEADER;
let isLastBlock: bool = false;
let storedBytes: usize = 0;

/** Discards input and output. */
export function reset(): void {
  input = INPUT;
  inputEnd = INPUT;
  output = OUTPUT;
  outputEnd = OUTPUT + OUTPUT_BYTES;
}

/** Starts a deflate stream at the next byte of the input. */
export function startStream(): void {
  historyStart = output;
  bits = 0;
  bitCount = 0;
  stage = Stage.BLOCK_HEADER;
  isLastBlock = false;
}

/** Writes the variables to STATE, except for input and output. */
export function saveState(): void {
  store<usize>(STATE, min(output - historyStart, HISTORY_BYTES));
  store<u32>(STATE, stage, 4);
  store<u32>(STATE, isLastBlock ? 1 : 0, 8);
  store<usize>(STATE, storedBytes, 12);
  store<u64>(STATE, bits, 16);
  store<u64>(STATE, bitCount, 24);
}

/** Resumes the stream in STATE. Output starts at `start`; the earlier output must be before this address. */
export function restoreState(start: usize): void {
  reset();
  output = start;
  historyStart = start - load<usize>(STATE);
  stage = load<u32>(STATE, 4);
  isLastBlock = load<u32>(STATE, 8) != 0;
  storedBytes = load<usize>(STATE, 12);
  bits = load<u64>(STATE, 16);
  bitCount = load<u64>(STATE, 24);
}

/** Sets the input that has not been read yet. */
export function setInput(start: usize, end: usize): void {
  input = start;
  inputEnd = end;
}

/** Moves the end of the output to the history. The output is empty afterwards. */
export function resetOutput(): void {
  const moved = output - OUTPUT;
  memory.copy(HISTORY, HISTORY + moved, HISTORY_BYTES);
  output = OUTPUT;
  outputEnd = OUTPUT + OUTPUT_BYTES;
  historyStart = historyStart > HISTORY + moved ? historyStart - moved : HISTORY;
}

/** Allows output that starts before `end`. */
export function setOutputLimit(end: usize): void {
  outputEnd = end;
}

/** Inflates until it has to stop. Returns a status (see layout.ts). */
export function inflate(): u32 {
  const status = inflateParts();
  unreadBytes();
  return status;
}

function inflateParts(): u32 {
  // ENDED means here that the current part has ended.
  let status = Status.ENDED;
  while (status == Status.ENDED && stage != Stage.END) {
    if (output >= outputEnd) return Status.OUTPUT_FULL;
    if (stage == Stage.BLOCK_HEADER) status = readBlockHeader();
    else if (stage == Stage.STORED) status = copyStored();
    else {
      status = inflateFast();
      if (status == Status.ENDED && stage == Stage.COMPRESSED && output < outputEnd) status = inflateCarefully();
    }
  }
  return status;
}

/** Reads input until there are `count` bits (at most 56). Returns whether there are. */
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

/** Returns whole bytes that were read but not used to the input. */
function unreadBytes(): void {
  input -= (bitCount >> 3) as usize;
  bitCount &= 7;
  bits &= ~(-1 << bitCount);
}

// @ts-ignore: decorator
@inline
function endBlock(): void {
  stage = isLastBlock ? Stage.END : Stage.BLOCK_HEADER;
}

/** Reads a complete header, or nothing of it. */
function readBlockHeader(): u32 {
  unreadBytes();
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
  stage = Stage.COMPRESSED;
  return Status.ENDED;
}

function readStoredHeader(): u32 {
  take(bitCount & 7);
  if (!has(32)) return Status.NEEDS_INPUT;
  const length = take(16);
  if ((take(16) ^ 0xffff) != length) return Status.BAD_STORED_LENGTH;
  storedBytes = length;
  stage = Stage.STORED;
  return Status.ENDED;
}

function copyStored(): u32 {
  unreadBytes();
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

/** The symbol whose length is at `index` in the description of the code length code. */
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
    // A code and its extra bits. Whether all of them are available is checked before they are taken.
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
  // Without a code for symbol 256, the block could not end.
  if (load<u8>(LENGTHS + 256) == 0) return Status.BAD_CODE_LENGTHS;
  const isCode =
    buildTable(LITERAL_TABLE, LITERAL_BITS, LENGTHS, literals, LITERAL_TEMPLATES, true) &&
    buildTable(DISTANCE_TABLE, DISTANCE_BITS, LENGTHS + literals, distances, DISTANCE_TEMPLATES, true);
  return isCode ? Status.ENDED : Status.BAD_CODE_LENGTHS;
}

/** The value of an entry's extra bits: the bits that the entry consumes, without those of its code. */
// @ts-ignore: decorator
@inline
function extraOf(word: u64, entry: u32): usize {
  // Code and extra bits together have at most 28 bits.
  return (((word as u32) & ~((-1 as u32) << entry)) >> (entry >> CODE_SHIFT)) as usize;
}

/** The word without the bits that an entry consumes. */
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

/** The entry of a sub-table. `entry` points to the sub-table; `word` contains the bits after those of `entry`. */
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

/** Decodes symbols while there is enough input and output for any symbol. Returns ENDED or a fault. */
function inflateFast(): u32 {
  if (inputEnd - input < MIN_FAST_INPUT) return Status.ENDED;
  const fromEnd = inputEnd - MIN_FAST_INPUT;
  const toEnd = outputEnd;
  let from = input;
  let to = output;
  let word = bits;
  // Only the lowest six bits are valid, which is all that shifts use. Subtracting whole entries leaves garbage above
  // them.
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
    // At least 36 bits are left. A length takes up to 20 of them.
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
    if (distance > to - historyStart) {
      status = Status.DISTANCE_TOO_FAR;
      break;
    }
    // Loads the next entry while the match is copied. At least 28 bits are left; its index takes 10 of them.
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
  unreadBytes();
  return status;
}

/**
 * Decodes one symbol at a time up to the end of the input, none of them partly. Returns ENDED, NEEDS_INPUT or a fault.
 */
function inflateCarefully(): u32 {
  while (output < outputEnd) {
    // 48 bits suffice for any symbol with its extra bits and distance. Missing bits read as zeros; a symbol that
    // includes missing bits consumes more bits than there are.
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
      unreadBytes();
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
    if (distance > output - historyStart) return Status.DISTANCE_TOO_FAR;
    take(used);
    copyMatch(output, distance, length);
    output += length;
  }
  unreadBytes();
  return Status.ENDED;
}
