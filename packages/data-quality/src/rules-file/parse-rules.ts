import { DATA_TYPES, type DataType } from '../data-type.js';
import type { RulesIssue } from '../errors.js';
import { checks } from '../option-checks.js';
import type { Rules } from '../rules.js';
import { findWarnings, type LocatedRules } from './find-warnings.js';
import { invalidRulesError } from './issues.js';
import { type Located, readFilter, readRule, readSkip } from './read-entries.js';
import { type Entry, type Member, TooManyValues, YamlReader } from './yaml-reader.js';

/** What a rules file says. */
export interface ParsedRules {
  readonly rules: Rules;
  /** Rules that can never be violated, and the like: what a person should know, but what is no error. */
  readonly warnings: readonly RulesIssue[];
}

/** Options of `parseRules`. */
export interface ParseRulesOptions {
  /** The file's name, for messages. */
  fileName?: string | undefined;
}

const KNOWN_OPTIONS: Record<keyof ParseRulesOptions, true> = { fileName: true };

/** The maximum size of a rules file. */
export const MAX_RULES_BYTES: number = 1024 * 1024;

/** Of MusicBrainz, which the platform's rules files may have too. */
const OTHER_TYPE = 'release-groups';

const SECTIONS = ['skip_records', 'filters', 'rules'] as const;

/**
 * Reads a rules file, which is YAML, and checks all of it.
 *
 * @param text - the file's content; bytes are UTF-8
 * @throws DataQualityError `INVALID_RULES` with everything that is wrong
 */
export const parseRules = (text: string | Uint8Array, options: ParseRulesOptions = {}): ParsedRules => {
  const { fileName } = checks.object('', options, KNOWN_OPTIONS);
  if (fileName !== undefined) checks.text('fileName', fileName);
  if (typeof text !== 'string' && !(text instanceof Uint8Array)) checks.fail('text', 'a string or bytes', text);
  const failAsWhole = (message: string): never => {
    throw invalidRulesError(fileName, [{ line: 1, column: 1, key: '', message }]);
  };
  const bytes = typeof text === 'string' ? Buffer.byteLength(text) : text.length;
  if (bytes > MAX_RULES_BYTES) failAsWhole(`Is too large: ${bytes} bytes, of at most ${MAX_RULES_BYTES}`);
  const reader = new YamlReader(decode(text) ?? failAsWhole('Is not UTF-8'));
  const located = reader.issues.length === 0 ? readAll(reader) : undefined;
  if (located === undefined || reader.issues.length > 0) throw invalidRulesError(fileName, sorted(reader.issues));
  for (const dataType of DATA_TYPES) findWarnings(reader, dataType, located[dataType]);
  const rules = mapTypes((dataType) => {
    const { skips, filters, rules } = located[dataType];
    return { skips: skips.map(ruleOf), filters: filters.map(ruleOf), rules: rules.map(ruleOf) };
  });
  return { rules, warnings: sorted(reader.warnings) };
};

const ruleOf = <T>({ rule }: Located<T>): T => rule;

const mapTypes = <T>(create: (dataType: DataType) => T): Record<DataType, T> =>
  Object.fromEntries(DATA_TYPES.map((dataType) => [dataType, create(dataType)])) as Record<DataType, T>;

const decode = (text: string | Uint8Array): string | undefined => {
  try {
    return typeof text === 'string'
      ? text.replace(/^\ufeff/, '')
      : new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    return undefined;
  }
};

const sorted = (issues: readonly RulesIssue[]): RulesIssue[] =>
  [...issues].sort((one, other) => one.line - other.line || one.column - other.column);

/** Returns what is valid. */
const readAll = (reader: YamlReader): Record<DataType, LocatedRules> => {
  const all = mapTypes(() => ({
    skips: [] as LocatedRules['skips'],
    filters: [] as LocatedRules['filters'],
    rules: [] as LocatedRules['rules'],
  }));
  try {
    const sections = sectionsOf(reader);
    for (const section of sections) {
      for (const type of typesOf(reader, section)) {
        const of = all[type.name as DataType];
        const entries = reader.elements(type, 'mappings');
        if (section.name === 'skip_records') of.skips = readEach(reader, entries, readSkip);
        else if (section.name === 'filters') of.filters = readEach(reader, entries, readFilter);
        else {
          // Of rules that are not valid too: what is wrong is reported at once.
          const names = new Map<string, Entry>();
          of.rules = readEach(reader, entries, (_, entry) => readRule(reader, entry, names));
        }
      }
    }
  } catch (error) {
    if (!(error instanceof TooManyValues)) throw error;
    reader.fail(reader.root, error.message);
  }
  return all;
};

const sectionsOf = (reader: YamlReader): Member[] => {
  const { root } = reader;
  const isEmpty = !reader.isPresent(root);
  const sections = isEmpty ? [] : reader.members(root, SECTIONS);
  if (sections?.length === 0 && reader.issues.length === 0) {
    reader.fail(root, `Is empty: expected at least one of ${SECTIONS.join(', ')}`);
  }
  return sections ?? [];
};

const typesOf = (reader: YamlReader, section: Member): Member[] => {
  if (!reader.isPresent(section)) return [];
  const types = reader.members(section, [...DATA_TYPES, OTHER_TYPE], 'data type') ?? [];
  return types.filter((type) => {
    if (type.name !== OTHER_TYPE) return true;
    reader.warn(type, 'Has no effect: Discogs dumps have no release groups');
    return false;
  });
};

const readEach = <T>(
  reader: YamlReader,
  entries: readonly Entry[],
  read: (reader: YamlReader, entry: Entry) => T | undefined,
): T[] => entries.map((entry) => read(reader, entry)).filter((one) => one !== undefined);
