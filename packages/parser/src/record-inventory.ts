import type { DataType } from './data-type.js';

/** A record of a dump. */
export interface RecordReference {
  /** Its number, counted from 1. */
  number: number;
  /** Its id, or `unknown`. */
  id: string;
}

/** Elements or attributes of one path that have something in common. */
export interface Occurrences {
  /** How many. */
  count: number;
  /** The first record with one. */
  first: RecordReference;
}

/**
 * What records have at one path: an element, such as `release/labels/label`, or an attribute, such as
 * `release/labels/label/@catno`.
 */
export interface PathInventory {
  /** Records that have it at least once. */
  records: number;
  /** Elements or attributes in all. */
  occurrences: number;
  /** The largest number of them within one parent element: above 1, a record's JSON has an array. */
  maxRepeats: number;
  /** The first record that has it. */
  first: RecordReference;
  /** The first record in which it repeats within a parent element. */
  firstRepeated?: RecordReference | undefined;
  /** Those with text other than white space; attributes that are not empty. */
  text?: Occurrences | undefined;
  /** Those with child elements. An element with text and child elements counts as both. */
  children?: Occurrences | undefined;
  /** Those with neither: empty attributes, and elements that have at most attributes. */
  empty?: Occurrences | undefined;
}

/** Which paths records have: plain data, which JSON can hold. */
export interface RecordInventory {
  dataType: DataType;
  /** Records that were counted. */
  records: number;
  /** By path. */
  paths: Record<string, PathInventory>;
  /** Elements and attributes that are in no path, because there are more than `MAX_INVENTORY_PATHS`. */
  uncounted: number;
}

/** The inventory of some consecutive records. */
export interface BlockInventory extends RecordInventory {
  firstRecord: number;
  lastRecord: number;
}
