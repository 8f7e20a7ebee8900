import type { Setting } from './setting.js';
import { SETTING_GROUPS, type SettingGroupName } from './settings.js';

/** A setting's default in words. */
export const defaultTextOf = ({ defaultText, defaultValue }: Setting<unknown>): string =>
  defaultText ?? String(defaultValue());

/** The settings of some groups as the lines of a help text. */
export const settingsHelp = (names: readonly SettingGroupName[]): string => {
  const groups = names.map((name) => ({
    title: SETTING_GROUPS[name].title,
    settings: Object.values(SETTING_GROUPS[name].settings) as Setting<unknown>[],
  }));
  const width = Math.max(...groups.flatMap(({ settings }) => settings.map(({ env }) => env.length))) + 2;
  return groups
    .map(({ title, settings }) =>
      [
        `${title}:`,
        ...settings.map((each) => `  ${each.env.padEnd(width)}${each.about} (${defaultTextOf(each)})`),
      ].join('\n'),
    )
    .join('\n\n');
};
