import { planFile, type StateMarker } from '@discogs-extractor/state-marker';
import type { RulesFile } from '../config/rules-file.js';
import { ExtractorError } from '../errors.js';
import type { RunListener } from '../events/run-events.js';
import type { WantedDumpFile } from './check-destinations.js';
import { hasRules, knownQualityOf, rulesDigests } from './quality-annotation.js';

/**
 * Checks that the records of an earlier run were delivered under the `skip_records` and `filters` that are in force: those
 * of one file must not be a mixture. Reports completed files whose rules have changed; they stay as they are.
 *
 * @throws ExtractorError `RULES_CHANGED`
 */
export const checkRules = (
  marker: StateMarker,
  files: readonly WantedDumpFile[],
  rulesFile: RulesFile | undefined,
  onEvent: RunListener,
): void => {
  for (const { name: file, dataType, checksum } of files) {
    const progress = marker.processing_phase.progress_by_file[file];
    const { action, afterRecord } = planFile(marker, file, checksum);
    // Other extractors do not say which rules they applied.
    if (progress?.destination === undefined || (action !== 'resume' && action !== 'skip')) continue;
    const rules = rulesFile?.rules[dataType];
    const before = knownQualityOf(progress)?.digests;
    const now = rules && hasRules(rules) ? rulesDigests(rules) : undefined;
    const isDeliveryChanged = before?.delivery !== now?.delivery;
    if (action === 'skip') {
      if (before?.reports !== now?.reports) onEvent({ type: 'rules-changed', file, dataType, isDeliveryChanged });
    } else if (isDeliveryChanged) {
      throw new ExtractorError(
        'RULES_CHANGED',
        `Records of ${file} (${afterRecord}) were delivered under other skip_records or filters than those of ` +
          `${rulesFile === undefined ? 'this run, which has no DATA_QUALITY_RULES' : rulesFile.path}: the file would be a ` +
          'mixture. Restore the rules, or run with --force-reprocess to deliver everything from the first record.',
        { facts: { version: marker.current_version, file, records: afterRecord } },
      );
    }
  }
};
