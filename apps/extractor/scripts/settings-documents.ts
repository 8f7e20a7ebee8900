import type { Setting, TomlValue } from '../src/config/setting.js';
import { SETTING_GROUPS, SETTINGS, type SettingName } from '../src/config/settings.js';
import { defaultTextOf } from '../src/config/settings-help.js';

const MAX_COLUMNS = 120;

const GROUPS = Object.values(SETTING_GROUPS).map(({ title, settings }) => ({
  title,
  settings: Object.values(settings) as Setting<unknown>[],
}));

const sentence = (phrase: string): string => `${phrase[0]!.toUpperCase()}${phrase.slice(1)}.`;

const sentencesOf = ({ about, details }: Setting<unknown>): string[] => [
  sentence(about),
  ...(details ? [details] : []),
];

/** Comment lines of at most 120 columns. */
const comment = (text: string): string => {
  const lines = ['#'];
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > MAX_COLUMNS) lines.push('#');
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.join('\n');
};

const tomlOf = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(tomlOf).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${key} = ${tomlOf(inner)}`);
    return entries.length > 0 ? `{ ${entries.join(', ')} }` : '{}';
  }
  return JSON.stringify(value);
};

const tomlEntry = (each: Setting<unknown>): string => {
  const value = (each.example ?? each.defaultValue()) as TomlValue;
  const example = each.example === undefined ? [] : [`Default: ${defaultTextOf(each)}. Example:`];
  return `${comment([...sentencesOf(each), ...example].join(' '))}\n# ${each.toml} = ${tomlOf(value)}`;
};

/** config.example.toml. */
export const exampleToml = (): string =>
  `${[
    comment(
      'Settings of discogs-extractor. Copy this file to config.toml (or name it with --config or EXTRACTOR_CONFIG) ' +
        'and remove the # from the settings that you change. Each line shows the default, except after "Example:".',
    ),
    comment(
      'Environment variables have the same names in upper case and override this file; the command line overrides ' +
        'both. An unknown name or an invalid value is an error.',
    ),
    ...GROUPS.flatMap(({ title, settings }) => [`# ---- ${title} ----`, ...settings.map(tomlEntry)]),
  ].join('\n\n')}\n`;

/** Sets URLs, JSON and placeholders, paths of the HTTP server, and names with an underscore as code. */
const markdownOf = (text: string): string =>
  text.replaceAll(
    /\w+:\/\/(?:[^\s,;]*[^\s,;.])?|\{[^}]*\}|(?:POST )?(?<![\w/])\/[a-z]+\b|\b\w+_[\w.]*\w\b/g,
    (code) => `\`${code}\``,
  );

const defaultCell = (each: Setting<unknown>): string =>
  each.defaultText === undefined ? `\`${String(each.defaultValue())}\`` : markdownOf(each.defaultText);

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const codeLines = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join('<br>');

const allNames = ({ env, toml, flag, shortFlag, secret }: Setting<unknown>): string[] => [
  env,
  ...(secret ? [`${env}_FILE`] : []),
  toml,
  ...[flag, shortFlag].filter((each) => each !== undefined),
];

/** The tables of docs/settings.md. */
export const settingsTables = (): string =>
  GROUPS.map(
    ({ title, settings }) =>
      `## ${markdownOf(title)}\n\n${table(
        ['setting', 'default', 'accepts', 'meaning'],
        settings.map((each) => [
          codeLines(allNames(each)),
          defaultCell(each),
          markdownOf(each.accepts),
          markdownOf(sentencesOf(each).join(' ')),
        ]),
      )}`,
  ).join('\n\n');

/** What most installations set, for the README. */
const COMMON_SETTINGS: readonly SettingName[] = [
  'amqpConnection',
  'discogsRoot',
  'sink',
  'dumpSource',
  'dataTypes',
  'periodicCheckDays',
  'maxWorkers',
  'healthPort',
  'triggerToken',
];

/** The short table of the README. */
export const commonSettingsTable = (): string =>
  table(
    ['setting', 'default', 'meaning'],
    COMMON_SETTINGS.map((name) => {
      const each = SETTINGS[name] as Setting<unknown>;
      return [
        codeLines([each.env, ...(each.flag ? [each.flag] : [])]),
        defaultCell(each),
        markdownOf(sentence(each.about)),
      ];
    }),
  );

const GENERATED = /(<!-- settings:begin[^>]*-->\n)[\s\S]*?(<!-- settings:end -->)/;

/** Puts `text` between the markers of a document; returns a document without markers unchanged. */
export const insertSettings = (document: string, text: string): string =>
  document.replace(GENERATED, (_, begin: string, end: string) => `${begin}\n${text}\n\n${end}`);

/** The documents that are generated from SETTINGS: path from the repository's root, and how to renew the content. */
export const SETTINGS_DOCUMENTS: readonly { readonly path: string; readonly renew: (current: string) => string }[] = [
  { path: 'config.example.toml', renew: exampleToml },
  { path: 'docs/settings.md', renew: (current) => insertSettings(current, settingsTables()) },
  { path: 'README.md', renew: (current) => insertSettings(current, commonSettingsTable()) },
];
