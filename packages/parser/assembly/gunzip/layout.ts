import { HISTORY_BYTES, INFLATER, INPUT as XML } from '../layout';

/*
 * The inflater's memory. It is a module of its own beside the kernel, since gunzip may run on a thread of its own. But its
 * memory is laid out so that it can be the kernel's: what it needs lies where the kernel leaves room, and its output is
 * where the kernel has its input, so that XML is gunzipped to where it will be read.
 *
 *   STATE            16 words       where a stream stands, for another instance to go on with it
 *   COUNTS, STARTS   16 words each  per code length: how many codes have it, where its symbols begin in SORTED
 *   PATTERNS         16 × 16 bytes  which byte of a match's source goes where, for distances under 16 (copy.ts)
 *   LENGTHS          320 bytes      code lengths, as a block's header gives them
 *   SORTED           320 half words symbols by code length
 *   *_TEMPLATES      words          what a symbol's table entry holds beside the length of its code (symbols.ts)
 *   CODE_TABLE       128 words      decodes the code lengths of a header
 *   LITERAL_TABLE    1334 words     decodes literals and lengths
 *   DISTANCE_TABLE   402 words      decodes distances
 *   input            INPUT_BYTES, and SLACK bytes that may be read
 *   history          the 32 KiB before the output, which matches may reach back to
 *   output           as much as JavaScript allows, and SLACK bytes that may be written
 *
 * JavaScript writes gzip's deflate data to the input and calls `inflate`, which fills the output and stops where one of
 * them is used up, at the end of the deflate stream, or at a fault. Then JavaScript puts more input behind what is left of
 * it, or makes room for output: it takes what there is and lets `turn` begin again, the last 32 KiB being the history then,
 * or allows more behind it, and calls again.
 *
 * A stream can be carried on by another instance, on another thread say: `save` puts all that is not in memory there; another
 * instance's memory gets a copy of everything up to the input and of the last 32 KiB of output, wherever its own output is to
 * begin, and `restore` goes on from there.
 *
 * An entry of a decoding table is a word that serves without another look-up:
 *
 *   bits 0–7     how many bits to consume: those of the code and of the extra bits behind it
 *   bits 8–11    how many of them are the code's, so that what remains is the extra bits' value
 *   bits 16–30   a literal, or the length or distance that the extra bits are added to
 *   bit 31       a literal
 *   bit 13       neither literal, length nor distance. With bit 14: the code is longer than the table's index; bits 16–30
 *                are where its sub-table begins, bits 8–11 how many bits index that. With bit 15: the block ends. With
 *                neither: no symbol has that code.
 */

export const LITERAL: u32 = 1 << 31;
export const OTHER: u32 = 1 << 13;
export const SUB_TABLE: u32 = 1 << 14;
export const END_OF_BLOCK: u32 = 1 << 15;
export const BASE_SHIFT: u32 = 16;
export const CODE_SHIFT: u32 = 8;

export const MAX_CODE_BITS: u32 = 15;
/** Most codes of up to these lengths are found at once; so many entries do for any code, sub-tables included. */
export const LITERAL_BITS: u32 = 10;
export const LITERAL_ENTRIES: u32 = 1334;
export const DISTANCE_BITS: u32 = 8;
export const DISTANCE_ENTRIES: u32 = 402;
export const CODE_LENGTH_BITS: u32 = 7;

export const LITERAL_SYMBOLS: u32 = 288;
export const DISTANCE_SYMBOLS: u32 = 32;
export const CODE_LENGTH_SYMBOLS: u32 = 19;

/** Longest match. */
export const MAX_LENGTH: usize = 258;
/** What may be read behind the input, and written behind the output: the longest match and a vector more. */
export const SLACK: usize = 320;

export const INPUT_BYTES: usize = 1 << 19;
/** What of output is made at once: as much as the processor's cache holds, for whoever looks at it next. */
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

/** What `inflate` answers. */
export namespace Status {
  /** The input is used up, but for a few bytes perhaps, in the middle of the stream. */
  export const NEEDS_INPUT: u32 = 0;
  /** The output is full. */
  export const OUTPUT_FULL: u32 = 1;
  /** The deflate stream ended; what follows it in the input was not touched. */
  export const ENDED: u32 = 2;
  // Everything from here on is a fault in the stream.
  export const BAD_BLOCK_TYPE: u32 = 3;
  export const BAD_STORED_LENGTH: u32 = 4;
  export const TOO_MANY_SYMBOLS: u32 = 5;
  export const BAD_CODE_LENGTHS: u32 = 6;
  export const BAD_LITERAL_CODE: u32 = 7;
  export const BAD_DISTANCE_CODE: u32 = 8;
  export const DISTANCE_TOO_FAR: u32 = 9;
}
