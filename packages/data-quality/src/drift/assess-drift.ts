import type { DataType } from '../data-type.js';
import { type ComparisonOptions, compareInventories } from './compare-inventories.js';
import { compareWithFormat } from './compare-with-format.js';
import type { DriftChange } from './drift-change.js';
import type { Inventory } from './inventory.js';
import type { KnownPath } from './known-format.js';

/** How the format of a dump differs from what was there before. */
export interface DriftReport {
  /** The dump's version, `YYYYMMDD`, if it is known. */
  readonly version?: string | undefined;
  readonly dataType: DataType;
  readonly records: number;
  /** When the known format that the dump fits best begins, such as `2024-12`; empty for that of the first dumps. */
  readonly era: string;
  /** The version that it was compared with. Absent if that is unknown, and if it was compared with the known format. */
  readonly comparedWith?: string | undefined;
  /** In the order of their paths. */
  readonly changes: readonly DriftChange[];
}

/**
 * Reports how the format of a dump has changed: since the earlier dump if there is one, so that each change is reported
 * once, and otherwise against the known format.
 *
 * @param format - the rows of the type in all years
 * @throws DataQualityError `INVALID_OPTIONS`
 */
export const assessDrift = (
  inventory: Inventory,
  earlier: Inventory | undefined,
  format: readonly KnownPath[],
  options: Omit<ComparisonOptions, 'format'> = {},
): DriftReport => {
  const { dataType, version, records } = inventory;
  const known = compareWithFormat(inventory, format);
  return {
    version,
    dataType,
    records,
    era: known.era,
    comparedWith: earlier?.version,
    changes: earlier === undefined ? known.changes : compareInventories(earlier, inventory, { ...options, format }),
  };
};
