import { assessDrift, type Inventory } from '@discogs-extractor/data-quality/drift';
import type { VerifiedFile } from '@discogs-extractor/downloader';
import { knownFormat } from '@discogs-extractor/parser';
import type { Config } from '../config/settings.js';
import {
  driftReportPath,
  findEarlierInventory,
  partialInventoryPath,
  pruneInventories,
  saveDriftReport,
  saveInventory,
} from '../drift/drift-files.js';
import { type DriftSummary, driftHeadline, summarizeDrift } from '../drift/drift-summary.js';
import { ExtractorError } from '../errors.js';
import type { RunListener } from '../events/run-events.js';

/** Changes that an error message lists. */
const MAX_LISTED_CHANGES = 3;

/** Checks the format of a file. */
export interface FormatCheck {
  /** Path of the file that keeps the inventory between runs. */
  readonly keptIn: string;
  /** @throws ExtractorError `FORMAT_CHANGED`, `INVENTORY_FAILED` */
  readonly check: (inventory: Inventory) => Promise<void>;
}

/**
 * What to do with the inventory of a whole file before its `file_complete`: compares it with that of the newest earlier
 * version, or with the known format if there is none, and saves it with a report. Returns `undefined` if the format is
 * not checked: then no inventory need be taken.
 *
 * The inventory is saved only if the file does not fail, so that the next dump is compared with one that was accepted.
 */
export const createFormatCheck = (
  { discogsRoot, formatDrift }: Pick<Config, 'discogsRoot' | 'formatDrift'>,
  { name: file, version, dataType }: Pick<VerifiedFile, 'name' | 'version' | 'dataType'>,
  onEvent: RunListener,
): FormatCheck | undefined => {
  if (formatDrift === 'off') return undefined;
  const check = async (inventory: Inventory): Promise<void> => {
    const earlier = await findEarlierInventory(discogsRoot, version, dataType, (path, error) =>
      onEvent({ type: 'earlier-inventory-unreadable', path, error }),
    );
    const report = assessDrift({ ...inventory, version }, earlier, knownFormat(dataType));
    await saveDriftReport(discogsRoot, version, report);
    const drift = summarizeDrift(report, driftReportPath(discogsRoot, version, dataType));
    onEvent({ type: 'format-checked', file, dataType, drift });
    if (formatDrift === 'fail' && drift.total > 0) throw formatChanged(file, drift);
    await saveInventory(discogsRoot, version, inventory);
    await pruneInventories(discogsRoot, version, dataType);
  };
  return { keptIn: partialInventoryPath(discogsRoot, version, dataType), check };
};

const formatChanged = (file: string, drift: DriftSummary): ExtractorError => {
  const { total, changes, report } = drift;
  const listed = changes.slice(0, MAX_LISTED_CHANGES);
  const more = total > listed.length ? '; …' : '';
  return new ExtractorError(
    'FORMAT_CHANGED',
    `${file} has ${driftHeadline(drift)}: ${listed.join('; ')}${more}. The records are delivered, but file_complete is ` +
      `not sent. See ${report}; if your consumers can read the records, run again with --format-drift warn.`,
    { facts: { file, path: report } },
  );
};
