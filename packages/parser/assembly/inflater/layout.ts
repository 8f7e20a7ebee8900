import { HISTORY_BYTES, INFLATER, INPUT as XML } from '../kernel/layout';

/*
 * The inflater's memory.
 *
 * The inflater is a module of its own, since some reads inflate without a kernel. But its memory can be the kernel's:
 * its tables are in a region that the kernel does not use, and its output is the kernel's input, so that XML is
 * inflated to the address at which the kernel reads it.
 *
 *   STATE            16 words       the state of the stream, for another instance to resume it
 *   COUNTS, STARTS   16 words each  per code length: the number of its codes, and where its symbols start in SORTED
 *   PATTERNS         16 × 16 bytes  for each distance under 16, how the source repeats (copy-match.ts)
 *   LENGTHS          320 bytes      code lengths, as a block's header gives them
 *   SORTED           320 half words symbols sorted by code length
 *   *_TEMPLATES      words          a symbol's table entry without the length of its code (symbol-templates.ts)
 *   CODE_TABLE       128 words      decodes the code lengths of a header
 *   LITERAL_TABLE    1334 words     decodes literals and lengths
 *   DISTANCE_TABLE   402 words      decodes distances
 *   input            INPUT_BYTES, and SLACK bytes that may be read
 *   history          the 32 KiB before the output, which matches can refer to
 *   output           as much as JavaScript allows, and SLACK bytes that may be written
 *
 * JavaScript writes deflate data to the input and calls `inflate`, which writes output until the input is used up, the
 * output is full, the deflate stream ends or a fault is found. Then JavaScript appends more input or frees the output,
 * and calls `inflate` again. There are two ways to free the output: `resetOutput` starts it again at its first address,
 * with the last 32 KiB moved to the history; `setOutputLimit` allows more output after the existing one.
 *
 * Another instance, for example on another thread, can resume a stream. `saveState` writes the state to memory. The
 * other instance's memory gets a copy of everything before the input, and a copy of the last 32 KiB of output before
 * the address at which its own output starts. Then its `restoreState` resumes the stream.
 *
 * An entry of a decoding table is a word that needs no further look-up:
 *
 *   bits 0–7     how many bits to consume: the bits of the code and of the extra bits after it
 *   bits 8–11    how many of them are the code's; the other bits are the extra bits' value
 *   bits 16–30   a literal, or the length or distance to which the value of the extra bits is added
 *   bit 31       a literal
 *   bit 13       not a literal, length or distance. With bit 14, the code is longer than the table's index: bits 16–30
 *                are the start of its sub-table, and bits 8–11 the number of bits that index it. With bit 15, the block
 *                ends. With neither, the bits are not a code.
 */

export const LITERAL: u32 = 1 << 31;
export const OTHER: u32 = 1 << 13;
export const SUB_TABLE: u32 = 1 << 14;
export const END_OF_BLOCK: u32 = 1 << 15;
export const BASE_SHIFT: u32 = 16;
export const CODE_SHIFT: u32 = 8;

export const MAX_CODE_BITS: u32 = 15;
/** The bits that index each table, and the entries that suffice for any code, sub-tables included. */
export const LITERAL_BITS: u32 = 10;
export const LITERAL_ENTRIES: u32 = 1334;
export const DISTANCE_BITS: u32 = 8;
export const DISTANCE_ENTRIES: u32 = 402;
export const CODE_LENGTH_BITS: u32 = 7;

export const LITERAL_SYMBOLS: u32 = 288;
export const DISTANCE_SYMBOLS: u32 = 32;
export const CODE_LENGTH_SYMBOLS: u32 = 19;

/** The length of the longest match. */
export const MAX_MATCH_BYTES: usize = 258;
/**
 * Bytes that may be read past the input and written past the output: the longest match and 32 bytes more, rounded up.
 */
export const SLACK: usize = 320;

export const INPUT_BYTES: usize = 1 << 19;
/** The size of the output. It fits into the processor's cache, where the checksum is computed next. */
export const OUTPUT_BYTES: usize = 1 << 18;

export const STATE: usize = INFLATER;
export const COUNTS: usize = STATE + 64;
export const STARTS: usize = COUNTS + 4 * 16;
export const PATTERNS: usize = STARTS + 4 * 16;
export const LENGTHS: usize = PATTERNS + 16 * 16;
export const SORTED: usize = LENGTHS + 512;
export const LITERAL_TEMPLATES: usize = SORTED + 1024;
export const DISTANCE_TEMPLATES: usize = LITERAL_TEMPLATES + 4 * LITERAL_SYMBOLS;
export const CODE_LENGTH_TEMPLATES: usize = DISTANCE_TEMPLATES + 4 * DISTANCE_SYMBOLS;
export const CODE_TABLE: usize = CODE_LENGTH_TEMPLATES + 4 * 32;
export const LITERAL_TABLE: usize = CODE_TABLE + (4 << CODE_LENGTH_BITS);
export const DISTANCE_TABLE: usize = LITERAL_TABLE + 4 * LITERAL_ENTRIES;
export const INPUT: usize = (DISTANCE_TABLE + 4 * DISTANCE_ENTRIES + 63) & ~63;
export const OUTPUT: usize = XML;
export const HISTORY: usize = OUTPUT - HISTORY_BYTES;
export const MEMORY_END: usize = OUTPUT + OUTPUT_BYTES + SLACK;

/** The result of `inflate`. */
export namespace Status {
  /** The input is used up, except possibly for a few bytes, before the end of the stream. */
  export const NEEDS_INPUT: u32 = 0;
  /** The output is full. */
  export const OUTPUT_FULL: u32 = 1;
  /** The deflate stream has ended. The input starts at the byte after it. */
  export const ENDED: u32 = 2;
  // All further values are faults in the stream.
  export const BAD_BLOCK_TYPE: u32 = 3;
  export const BAD_STORED_LENGTH: u32 = 4;
  export const TOO_MANY_SYMBOLS: u32 = 5;
  export const BAD_CODE_LENGTHS: u32 = 6;
  export const BAD_LITERAL_CODE: u32 = 7;
  export const BAD_DISTANCE_CODE: u32 = 8;
  export const DISTANCE_TOO_FAR: u32 = 9;
}
