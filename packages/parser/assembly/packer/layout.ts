/*
 * The packer's memory: fixed tables and no allocator, as in the kernel (kernel/layout.ts).
 *
 *   PREFIX_MASK    32 bytes       16 × ff, 16 × 00: a load at +(16 − n) is a mask for the first n bytes
 *   RESULT         7 words        the results of `pack`
 *   SELECTION      16 bytes each  the tree of the fields to keep, written by JavaScript
 *   FIELD_KEYS     text           the keys of SELECTION, written by JavaScript
 *   SHAPES         32 bytes each  the tree of shapes: a path from the root is a list of names
 *   SHAPE_INDEX    words          hash table: parent and name → shape
 *   SHAPE_KEYS     text           the keys of SHAPES
 *   VALUES         32 bytes each  the batch's values, to find those that repeat
 *   VALUE_INDEX    words          hash table: text → value
 *   INPUT                         the batch's lines
 *   SHORT          text           the batch's short strings in ASCII without escapes, one directly after the other
 *   SHORT_LENGTHS  bytes          their lengths
 *   ASCII, WIDE    text           the batch's other values as the items of two JSON arrays: those in ASCII, and the rest
 *   STEPS          words          how to build the batch's records
 *
 * Values and steps are those of one batch; shapes are collected until `begin`.
 */

/** The batch's lines. */
export const INPUT_BYTES: usize = 256 << 10;
/** Loads and stores are 16 bytes wide, even if fewer bytes are needed. */
export const SLACK: usize = 64;

export const MAX_SELECTED: usize = 16 << 10;
export const FIELD_KEYS_BYTES: usize = 256 << 10;
export const SELECTED_BYTES: usize = 16;

export const MAX_SHAPES: usize = 4 << 10;
export const SHAPE_BYTES: usize = 32;
export const SHAPE_INDEX_BITS: u32 = 13;
export const SHAPE_KEYS_BYTES: usize = 128 << 10;

/** When there are so many values, the others are not looked up any more. */
export const MAX_VALUES: usize = 3 << 10;
export const VALUE_BYTES: usize = 32;
export const VALUE_INDEX_BITS: u32 = 12;

export const PREFIX_MASK: usize = 1024;
export const RESULT: usize = PREFIX_MASK + 64;
export const SELECTION: usize = RESULT + 64;
export const FIELD_KEYS: usize = SELECTION + MAX_SELECTED * SELECTED_BYTES;
export const SHAPES: usize = FIELD_KEYS + FIELD_KEYS_BYTES + SLACK;
export const SHAPE_INDEX: usize = SHAPES + MAX_SHAPES * SHAPE_BYTES;
export const SHAPE_KEYS: usize = SHAPE_INDEX + (4 << SHAPE_INDEX_BITS);
export const VALUES: usize = SHAPE_KEYS + SHAPE_KEYS_BYTES + SLACK;
export const VALUE_INDEX: usize = VALUES + MAX_VALUES * VALUE_BYTES;
export const INPUT: usize = VALUE_INDEX + (4 << VALUE_INDEX_BITS);
// A record's id can be a value twice.
export const SHORT: usize = INPUT + INPUT_BYTES + SLACK;
// A string has at least two bytes with its quotes.
export const SHORT_LENGTHS: usize = SHORT + 2 * INPUT_BYTES + SLACK;
// A record that cannot be packed becomes one value, after parts of it may have become values already.
export const ASCII: usize = SHORT_LENGTHS + INPUT_BYTES + SLACK;
export const WIDE: usize = ASCII + 2 * INPUT_BYTES + SLACK;
// A value has at least two bytes with its comma, and a record adds two steps.
export const STEPS: usize = WIDE + 2 * INPUT_BYTES + SLACK;
export const MEMORY_END: usize = STEPS + 4 * INPUT_BYTES + SLACK;

/** The fields of an entry of SELECTION. The root is entry 0. */
export namespace Selected {
  /** The number of the first child; 0 if all below is selected. */
  export const FIRST: usize = 0;
  /** The number of the next entry with the same parent, or 0. */
  export const NEXT: usize = 4;
  /** The key: `"name":`. An offset from FIELD_KEYS, and a length. */
  export const KEY: usize = 8;
  export const KEY_BYTES: usize = 12;
}

/** The fields of an entry of SHAPES. Shape 0 has no names. */
export namespace Shape {
  /** The number of the shape without the last name. */
  export const PARENT: usize = 0;
  /** The last name as a key: `"name":`, an address and a length. */
  export const KEY: usize = 4;
  export const KEY_BYTES: usize = 8;
  export const HASH: usize = 12;
  /** The number of the child that was found last, or 0: the same names mostly follow each other. */
  export const LAST_CHILD: usize = 16;
  /** The child that was found last before that one, or 0. */
  export const OTHER_CHILD: usize = 20;
}

/** The fields of an entry of VALUES. */
export namespace Value {
  export const HASH: usize = 0;
  export const TEXT: usize = 4;
  export const BYTES: usize = 8;
  export const STEP: usize = 12;
  /** Of a short string: its text, and zeros after it. Of others, what no text is. */
  export const SHORT: usize = 16;
}

/** The words of RESULT. */
export namespace Result {
  export const RECORDS: usize = 0;
  export const ASCII_END: usize = 4;
  export const WIDE_END: usize = 8;
  export const STEPS_END: usize = 12;
  export const SHAPES: usize = 16;
  export const SHORT_END: usize = 20;
  export const SHORT_LENGTHS_END: usize = 24;
}

/** A step's kind, in its lowest three bits; the others are its number. `src/pack/steps.ts` has the same. */
export namespace Step {
  /** Takes item n of the values in ASCII, or of the others. */
  export const ASCII: usize = 0;
  export const WIDE: usize = 1;
  export const NULL: usize = 2;
  /** Makes an array of the last n values. */
  export const ARRAY: usize = 3;
  /** Makes an object of shape n of the last values. */
  export const OBJECT: usize = 4;
  /** The record is complete. */
  export const END: usize = 5;
  /** Takes short string n. */
  export const SHORT: usize = 6;
}
