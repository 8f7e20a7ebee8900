import * as z from 'zod';
import { setting } from './setting.js';
import { lowerCase } from './value-schemas.js';

/** What a change of the format does to a file. */
export const FORMAT_DRIFT_ACTIONS = ['warn', 'fail', 'off'] as const;
export type FormatDriftAction = (typeof FORMAT_DRIFT_ACTIONS)[number];

export const QUALITY_SETTINGS = {
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
