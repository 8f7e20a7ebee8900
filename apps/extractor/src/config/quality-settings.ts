import * as z from 'zod';
import { noDefault, setting } from './setting.js';
import { lowerCase, optionalText, wholeNumber } from './value-schemas.js';

/** What a change of the format does to a file. */
export const FORMAT_DRIFT_ACTIONS = ['warn', 'fail', 'off'] as const;
export type FormatDriftAction = (typeof FORMAT_DRIFT_ACTIONS)[number];

export const QUALITY_SETTINGS = {
  dataQualityRules: setting<string | undefined>({
    env: 'DATA_QUALITY_RULES',
    toml: 'data_quality_rules',
    flag: '--data-quality-rules',
    about: 'YAML file with rules that skip, correct and flag records',
    details:
      'See docs/data-quality.md. `parse` uses it too. The reports are in the folder flagged in DISCOGS_ROOT. Records of a file that ' +
      'were delivered under other skip_records or filters are not mixed with those under these.',
    accepts: 'the path of a rules file',
    schema: optionalText,
    defaultValue: noDefault,
    defaultText: 'no rules',
    example: '/discogs-data/extraction-rules.yaml',
  }),
  maxFlaggedRecords: setting<number>({
    env: 'MAX_FLAGGED_RECORDS',
    toml: 'max_flagged_records',
    about: 'skipped and flagged records of a file that are kept as XML and JSON',
    details: 'More of them are only counted, and named in the lists of violations and of skipped records.',
    accepts: 'a whole number from 0 to 1000000',
    schema: wholeNumber(0, 1_000_000),
    defaultValue: () => 10_000,
  }),
  formatDrift: setting<FormatDriftAction>({
    env: 'FORMAT_DRIFT',
    toml: 'format_drift',
    flag: '--format-drift',
    about: 'what to do if the format of a file has changed: warn, fail, or off (no check)',
    details:
      'A file is compared with the dump before, or with the known format. One that fails gets no file_complete. See ' +
      'docs/format-drift.md.',
    accepts: `one of ${FORMAT_DRIFT_ACTIONS.join(', ')}`,
    schema: z.preprocess(lowerCase, z.enum(FORMAT_DRIFT_ACTIONS)),
    defaultValue: () => 'warn',
  }),
} as const;
