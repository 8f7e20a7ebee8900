import { CHANGES_SETTINGS } from './changes-settings.js';
import { CONTRACT_SETTINGS } from './contract-settings.js';
import { DELIVERY_SETTINGS } from './delivery-settings.js';
import { DUMP_SETTINGS } from './dump-settings.js';
import { GENERAL_SETTINGS } from './general-settings.js';
import { HTTP_SETTINGS } from './http-settings.js';
import { PROGRESS_SETTINGS } from './progress-settings.js';
import { QUALITY_SETTINGS } from './quality-settings.js';
import type { RulesFile } from './rules-file.js';
import type { Setting } from './setting.js';

/** Every setting by group, in the order in which `--help` and the documents show them. */
export const SETTING_GROUPS = {
  general: { title: 'General', settings: GENERAL_SETTINGS },
  dump: { title: 'Where dumps come from', settings: DUMP_SETTINGS },
  delivery: { title: 'Where records go', settings: DELIVERY_SETTINGS },
  contract: { title: 'Contract with consumers', settings: CONTRACT_SETTINGS },
  changes: { title: 'Only what changed', settings: CHANGES_SETTINGS },
  quality: { title: 'Data quality', settings: QUALITY_SETTINGS },
  progress: { title: 'Limits, progress and log', settings: PROGRESS_SETTINGS },
  http: { title: 'HTTP: status page, /health, /ready, /metrics, /trigger', settings: HTTP_SETTINGS },
} as const;

export type SettingGroupName = keyof typeof SETTING_GROUPS;

/**
 * Every setting of the service: the one source of `--help`, config.example.toml and docs/settings.md. After a change,
 * `npm run settings` writes the two files.
 */
export const SETTINGS = {
  ...GENERAL_SETTINGS,
  ...DUMP_SETTINGS,
  ...DELIVERY_SETTINGS,
  ...CONTRACT_SETTINGS,
  ...CHANGES_SETTINGS,
  ...QUALITY_SETTINGS,
  ...PROGRESS_SETTINGS,
  ...HTTP_SETTINGS,
} as const;

export type SettingName = keyof typeof SETTINGS;

/** The names of all settings. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

const namesOf = <T extends object>(settings: T): readonly (keyof T)[] => Object.keys(settings) as (keyof T)[];

/** The settings that say where dumps come from. */
export const SOURCE_SETTINGS = namesOf(DUMP_SETTINGS);

/** The settings that a command in the data folder uses, whatever it does there. */
export const CONTEXT_SETTINGS = [
  ...SOURCE_SETTINGS,
  'discogsRoot',
  'waitForLock',
  'allowLocalLock',
  'logFormat',
  'logLevel',
  'progressLogInterval',
  'stallWarningSeconds',
] as const;

/** The service's configuration, validated; the rules file is read. */
export type Config = {
  readonly [Name in SettingName]: Name extends 'dataQualityRules'
    ? RulesFile | undefined
    : (typeof SETTINGS)[Name] extends Setting<infer T>
      ? T
      : never;
};
