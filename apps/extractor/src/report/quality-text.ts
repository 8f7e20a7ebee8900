import type { QualityCounts } from '@discogs-extractor/data-quality';
import { formatCount } from './format.js';

/** What rules found, in a few words: `2 skipped, 5 flagged (3 errors, 4 warnings)`; empty if nothing. */
export const qualityText = ({ skipped, filtered, flagged, error, warning, info }: QualityCounts): string => {
  const values = Object.values(filtered).reduce((sum, count) => sum + count, 0);
  const named = (count: number, noun: string): string[] => (count > 0 ? [`${formatCount(count)} ${noun}`] : []);
  const violations = [
    ...named(error, error === 1 ? 'error' : 'errors'),
    ...named(warning, warning === 1 ? 'warning' : 'warnings'),
    ...named(info, 'info'),
  ].join(', ');
  return [
    ...named(skipped, 'skipped'),
    ...named(values, values === 1 ? 'value removed' : 'values removed'),
    ...named(flagged, 'flagged').map((text) => `${text} (${violations})`),
  ].join(', ');
};

/** The same for programs: for logs and `GET /status`. */
export const qualityFacts = (counts: QualityCounts): Record<string, unknown> => {
  const { skipped, skipReasons, filtered, flagged, error, warning, info, rules } = counts;
  return {
    ...{ skipped, skip_reasons: skipReasons, filtered, flagged, errors: error, warnings: warning, info },
    rules: Object.fromEntries(
      Object.entries(rules)
        .slice(0, MAX_SHOWN_RULES)
        .map(([name, { severity, violations, records }]) => [name, { severity, violations, records }]),
    ),
  };
};

/** Rules of a data type that are shown one by one, at most. */
export const MAX_SHOWN_RULES = 200;
