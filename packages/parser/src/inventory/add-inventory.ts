import type { DataType } from '../data-type.js';
import { checks } from '../option-checks.js';
import type { Occurrences, PathInventory, RecordInventory, RecordReference } from '../record-inventory.js';

/**
 * Paths of one inventory. Of more, it keeps those with the fewest steps, and of these, the first by name: so the result
 * does not depend on the order in which inventories are added. Dumps have about 150 paths.
 */
export const MAX_INVENTORY_PATHS = 2000;

/** An inventory of no records, to which others can be added. @throws ParserError `INVALID_OPTIONS` */
export const createInventory = (dataType: DataType): RecordInventory => ({
  dataType,
  records: 0,
  paths: {},
  uncounted: 0,
});

/**
 * Adds the inventory of other records to `total`. The order does not matter.
 *
 * @param part - stays as it is
 * @throws ParserError `INVALID_OPTIONS` if the data types differ
 */
export const addInventory = (total: RecordInventory, part: RecordInventory): void => {
  checks.oneOf('part.dataType', part.dataType, [total.dataType]);
  total.records += part.records;
  total.uncounted += part.uncounted;
  // In parts of one dump, nearly all paths are known already: this is as cheap as it can be, for each block of a read.
  let isNew = false;
  for (const path of Object.keys(part.paths)) {
    const added = part.paths[path]!;
    const found = total.paths[path];
    if (found === undefined) {
      total.paths[path] = structuredClone(added);
      isNew = true;
    } else addPath(found, added);
  }
  const paths = isNew ? Object.keys(total.paths) : [];
  if (paths.length <= MAX_INVENTORY_PATHS) return;
  for (const path of paths.sort(byKept).slice(MAX_INVENTORY_PATHS)) {
    total.uncounted += total.paths[path]!.occurrences;
    delete total.paths[path];
  }
};

const addPath = (total: PathInventory, part: PathInventory): void => {
  total.records += part.records;
  total.occurrences += part.occurrences;
  if (part.maxRepeats > total.maxRepeats) total.maxRepeats = part.maxRepeats;
  if (isEarlier(part.first, total.first)) total.first = { ...part.first };
  if (part.firstRepeated !== undefined && isEarlier(part.firstRepeated, total.firstRepeated)) {
    total.firstRepeated = { ...part.firstRepeated };
  }
  if (part.text !== undefined) total.text = sumOf(total.text, part.text);
  if (part.children !== undefined) total.children = sumOf(total.children, part.children);
  if (part.empty !== undefined) total.empty = sumOf(total.empty, part.empty);
};

/** Adds to `total`, if there is one. */
const sumOf = (total: Occurrences | undefined, part: Occurrences): Occurrences => {
  if (total === undefined) return { count: part.count, first: { ...part.first } };
  total.count += part.count;
  if (isEarlier(part.first, total.first)) total.first = { ...part.first };
  return total;
};

const isEarlier = (one: RecordReference, other: RecordReference | undefined): boolean =>
  other === undefined || one.number < other.number;

const steps = (path: string): number => {
  let count = 0;
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) count++;
  return count;
};

/** The order in which paths are kept. A path comes after its parent's. */
export const byKept = (one: string, other: string): number =>
  steps(one) - steps(other) || (one < other ? -1 : one > other ? 1 : 0);
