/** Which records of a block are encoded, and of which the inventory is taken. Counted from the block's first record. */
export interface RecordRange {
  /** How many records to skip before the first that is encoded; `Infinity` to count only. */
  readonly skip: number;
  /** How many records to leave out before the first in the inventory; `Infinity` for no inventory. */
  readonly inventoryFrom: number;
  /** How many records there are up to the last in the inventory; `Infinity` for all. */
  readonly inventoryTo: number;
}

/** Which records of a dump a read is about. */
export interface ReadRange {
  readonly skip: number;
  readonly limit: number;
  /** `Infinity` for no inventory. */
  readonly inventoryAfter: number;
}

/** The range of a block with `records` records before it, `skipped` of which were skipped. */
export const rangeAfter = (
  { skip, limit, inventoryAfter }: ReadRange,
  records: number,
  skipped: number,
): RecordRange => ({
  skip: skip - skipped,
  inventoryFrom: Math.max(0, inventoryAfter - records),
  inventoryTo: skip + limit - records,
});

/** The range of a block if it lies, like the next one, on one side of each boundary; else it is encoded again. */
export const assumedRange = ({ skip, inventoryFrom }: RecordRange): RecordRange => ({
  skip: skip > 0 ? Number.POSITIVE_INFINITY : 0,
  inventoryFrom: inventoryFrom > 0 ? Number.POSITIVE_INFINITY : 0,
  inventoryTo: Number.POSITIVE_INFINITY,
});

/** Whether a block of `records` records that was encoded with an assumed range is the same with the actual one. */
export const isSameRange = (assumed: RecordRange, actual: RecordRange, records: number): boolean => {
  const isSameSkip = assumed.skip === 0 ? actual.skip === 0 : records <= actual.skip;
  if (assumed.inventoryFrom > 0) return isSameSkip && records <= actual.inventoryFrom;
  return isSameSkip && actual.inventoryFrom === 0 && records <= actual.inventoryTo;
};
