/** What a step does, in its lowest three bits; the others are its number. `assembly/packer/layout.ts` has the same. */
export const STEP = {
  /** Takes value n: of those in ASCII, or of the others. */
  ascii: 0,
  wide: 1,
  null: 2,
  /** Makes an array of the last n values. */
  array: 3,
  /** Makes an object of shape n of the last values. */
  object: 4,
  /** The record is complete. With 1 it is one value as a whole, of which no field was left out. */
  end: 5,
  /** Takes short string n. */
  short: 6,
} as const;

export const STEP_BITS = 3;
export const STEP_MASK = 7;

/** Numbers per batch in `PackedRecords.batches`. */
export const BATCH_WIDTH = 7;

/**
 * Records in a form that objects are made of faster than with `JSON.parse`: each distinct text of a batch once, and steps
 * to build the records of these. Plain data, to be sent between threads with the bytes that it describes.
 */
export interface PackedRecords {
  /**
   * For each batch of records, where its parts begin in the bytes: the text of its short strings, their lengths, a JSON
   * array of its other values in ASCII, one of the rest; where that ends; and where its steps, which are numbers of 32
   * bits, begin and end.
   */
  readonly batches: Int32Array;
  /** The names of the shapes' last members, from shape 1 on, as a JSON array. */
  readonly names: string;
  /** For each of these shapes, the shape without its last member. Shape 0 is that without members. */
  readonly parents: Int32Array;
}
