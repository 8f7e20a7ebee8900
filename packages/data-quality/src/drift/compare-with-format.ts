import {
  absencesOf,
  type DriftChange,
  exampleOf,
  factsOf,
  type PathTrait,
  parentOccurrences,
  withPathsBelow,
} from './drift-change.js';
import { fitEra, MIN_RECORDS_FOR_ABSENCE, missingPaths } from './fit-era.js';
import type { Inventory, PathInventory } from './inventory.js';
import { deviationsFrom, erasOf, formatPathOf, type KnownPath } from './known-format.js';

/** What a dump has, compared with what is known of the format. */
export interface FormatComparison {
  /** When the format that the dump fits best begins, such as `2024-12`; empty for that of the first dumps. */
  readonly era: string;
  /** In the order of their paths. `before` is absent. */
  readonly changes: readonly DriftChange[];
}

/** A smaller share of empty elements, or of missing ones, is an oversight in a record and not the format. */
const MIN_SHARE = 0.01;

/**
 * Compares a dump with the known format of its time: that which it fits best. If several fit, its version
 * decides.
 *
 * A path or content that the format does not have is a change even if a single record has it. A path that the format
 * has is gone if each of its parent elements should have it, or if the dump has 1,000 records or more and practically
 * always one of them would have it.
 *
 * @param format - the rows of the type in all years
 */
export const compareWithFormat = (inventory: Inventory, format: readonly KnownPath[]): FormatComparison => {
  const era = fitEra(inventory, erasOf(format), 'newest');
  const changes: DriftChange[] = missingPaths(inventory, era).map(({ path }) => ({ type: 'gone', path, below: [] }));
  for (const [path, entry] of Object.entries(inventory.paths)) {
    const row = era.paths.get(formatPathOf(path));
    const after = factsOf(inventory, path);
    if (row === undefined) {
      changes.push({ type: 'new', path, below: [], after, example: entry.first });
      continue;
    }
    const traits = deviations(inventory, path, entry, row);
    if (traits.length > 0) changes.push({ type: 'kind', path, below: [], after, example: exampleOf(entry, traits) });
  }
  changes.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { era: era.since, changes: withPathsBelow(changes) };
};

const deviations = (inventory: Inventory, path: string, entry: PathInventory, row: KnownPath): PathTrait[] => {
  const isCommon = (count: number, of: number): boolean => count >= MIN_SHARE * of;
  const traits: PathTrait[] = deviationsFrom(row, entry).filter(
    (trait) => trait !== 'empty' || isCommon(entry.empty!.count, entry.occurrences),
  );
  const isAbsent =
    row.required === true &&
    inventory.records >= MIN_RECORDS_FOR_ABSENCE &&
    isCommon(absencesOf(inventory, path), parentOccurrences(inventory, path));
  return isAbsent ? [...traits, 'absent'] : traits;
};
