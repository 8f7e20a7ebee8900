import { parentOccurrences, parentOf } from './drift-change.js';
import type { Inventory } from './inventory.js';
import { deviationsFrom, type FormatEra, formatPathOf, type KnownPath } from './known-format.js';
import { isExpectedAmong } from './statistics.js';

/** With fewer records, the absence of a path that a format has says nothing: they may be special ones. */
export const MIN_RECORDS_FOR_ABSENCE = 1000;

/** The number of cases that a share in a format stands for: it is known roughly. */
const SHARE_CASES = 1000;

/**
 * The paths that a dump of an era should have and does not: those that each parent element has, and, in a large dump,
 * those of which chance cannot explain that no record has them. Shares change over the years, so half the share is
 * expected; a path whose parent is missing too is not listed.
 */
export const missingPaths = (inventory: Inventory, era: FormatEra): KnownPath[] => {
  const { records, paths } = inventory;
  return [...era.paths.values()].filter(({ path, share, required }) => {
    if (paths[path] !== undefined) return false;
    if (required) return parentOccurrences(inventory, path) > 0;
    return (
      share !== undefined &&
      records >= MIN_RECORDS_FOR_ABSENCE &&
      paths[parentOf(path)] !== undefined &&
      isExpectedAmong({ count: (share / 2) * SHARE_CASES, of: SHARE_CASES }, records)
    );
  });
};

/** In how many ways a dump differs from the format of an era. */
const countDeviations = (inventory: Inventory, era: FormatEra): number => {
  let deviations = missingPaths(inventory, era).length;
  for (const [path, entry] of Object.entries(inventory.paths)) {
    const row = era.paths.get(formatPathOf(path));
    deviations += row === undefined ? 1 : deviationsFrom(row, entry).length;
  }
  return deviations;
};

/**
 * The era whose format a dump has. Among several that fit equally, it is that of the version, or if there is no version,
 * the oldest or the newest.
 */
export const fitEra = (inventory: Inventory, eras: readonly FormatEra[], preferred: 'oldest' | 'newest'): FormatEra => {
  const deviations = eras.map((era) => countDeviations(inventory, era));
  const fewest = Math.min(...deviations);
  const fitting = eras.filter((_, index) => deviations[index] === fewest);
  const { version } = inventory;
  if (version === undefined) return fitting.at(preferred === 'oldest' ? 0 : -1)!;
  const time = `${version.slice(0, 4)}-${version.slice(4, 6)}`;
  return fitting.findLast(({ since }) => since <= time) ?? fitting[0]!;
};
