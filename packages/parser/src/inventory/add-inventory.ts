import type { DataType } from '../data-type.js';
import { checks } from '../option-checks.js';
import type { PathInventory, RecordInventory, RecordReference } from '../record-inventory.js';

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
  for (const [path, added] of Object.entries(part.paths)) {
    const found = total.paths[path];
    if (found === undefined) total.paths[path] = structuredClone(added);
    else addPath(found, added);
  }
  const paths = Object.keys(total.paths);
  if (paths.length <= MAX_INVENTORY_PATHS) return;
  for (const path of paths.sort(byKept).slice(MAX_INVENTORY_PATHS)) {
    total.uncounted += total.paths[path]!.occurrences;
    delete total.paths[path];
  }
};

const addPath = (total: PathInventory, part: PathInventory): void => {
  total.records += part.records;
  total.occurrences += part.occurrences;
  total.maxRepeats = Math.max(total.maxRepeats, part.maxRepeats);
  total.first = earlier(total.first, part.first)!;
  const firstRepeated = earlier(total.firstRepeated, part.firstRepeated);
  if (firstRepeated !== undefined) total.firstRepeated = firstRepeated;
  for (const kind of ['text', 'children', 'empty'] as const) {
    const added = part[kind];
    if (added === undefined) continue;
    const { count, first } = total[kind] ?? { count: 0, first: added.first };
    total[kind] = { count: count + added.count, first: earlier(first, added.first)! };
  }
};

const earlier = (one: RecordReference | undefined, other: RecordReference | undefined): RecordReference | undefined => {
  const first = one === undefined || (other !== undefined && other.number < one.number) ? other : one;
  return first && { ...first };
};

const steps = (path: string): number => {
  let count = 0;
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) count++;
  return count;
};

/** The order in which paths are kept. A path comes after its parent's. */
export const byKept = (one: string, other: string): number =>
  steps(one) - steps(other) || (one < other ? -1 : one > other ? 1 : 0);
