import { readFile } from 'node:fs/promises';
import { type ConfigProblem, describeError, ExtractorError, errorCodeOf } from '../errors.js';
import type { ConfigNotice } from './config-notice.js';
import { nearestNames } from './nearest-names.js';
import {
  findContractProblems,
  findPartitionProblems,
  findPublishProblems,
  RESOLVED_SETTINGS,
  resolveContract,
} from './resolve-contract.js';
import { type RulesFile, readRulesFile } from './rules-file.js';
import type { SchemaFault, Setting } from './setting.js';
import { type Config, SETTING_NAMES, SETTINGS, type SettingName } from './settings.js';

/** Where settings come from. `flags` win over `env`, which wins over the TOML file, which wins over the defaults. */
export interface ConfigSources {
  /** Settings given on the command line; `undefined` means not given. */
  readonly flags?: Partial<Record<SettingName, unknown>> | undefined;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Path of the TOML file. @default EXTRACTOR_CONFIG, else `./config.toml` if it exists */
  readonly configFile?: string | undefined;
  /** Called for what the operator should know about settings that are valid. @default does nothing */
  readonly onNotice?: ((notice: ConfigNotice) => void) | undefined;
}

/** A value as given, and the name that the user gave it under. */
interface GivenValue {
  readonly setting: string;
  readonly value: unknown;
}

/**
 * Reads, merges and validates settings.
 *
 * An empty environment variable counts as not set, as Compose files with `${NAME:-}` expect.
 *
 * @param names - the settings that the command uses: only these can be invalid or missing
 * @throws ExtractorError `CONFIG_INVALID`, with every problem in `facts.problems`; it never shows a secret.
 */
export const loadConfig = async <Name extends SettingName = SettingName>(
  sources: ConfigSources = {},
  names: readonly Name[] = SETTING_NAMES as readonly Name[],
): Promise<Pick<Config, Name>> => {
  const { env = process.env, onNotice = () => undefined } = sources;
  const flags = withExtractorSource(sources.flags ?? {});
  const problems: ConfigProblem[] = [];
  const file = await readConfigFile(sources.configFile, env['EXTRACTOR_CONFIG'], problems);
  const known = Object.values(SETTINGS).map(({ toml }) => toml as string);
  for (const key of Object.keys(file.table)) {
    if (known.includes(key)) continue;
    const meant = nearestNames(key, known);
    problems.push({
      setting: `${key} in ${file.path}`,
      accepts: meant.length > 0 ? `the name ${meant.join(' or ')}` : 'the name of a setting, as in config.example.toml',
    });
  }

  const config: Partial<Record<SettingName, unknown>> = {};
  const given = new Map<SettingName, string>();
  const isResolved = names.some((name) => name === 'amqpConnection');
  let hasBrokerProblem = false;
  for (const name of new Set<SettingName>([...names, ...(isResolved ? RESOLVED_SETTINGS : [])])) {
    const definition: Setting<unknown> = SETTINGS[name];
    const problemsBefore = problems.length;
    const value =
      unlessUnset(definition, fromFlag(definition, flags[name])) ??
      unlessUnset(definition, await fromEnvironment(definition, env, problems)) ??
      unlessUnset(definition, fromTable(definition, file));
    if (value) given.set(name, value.setting);
    config[name] = value ? validated(definition, value, problems) : definition.defaultValue();
    hasBrokerProblem ||= problems.length > problemsBefore && isBrokerSetting(name);
  }
  if (config.dataQualityRules !== undefined) {
    const setting = given.get('dataQualityRules')!;
    config.dataQualityRules = await readRulesFile(setting, String(config.dataQualityRules), problems, onNotice);
  }
  if (isResolved && !hasBrokerProblem) {
    Object.assign(
      config,
      resolveContract(config as Config, (name) => given.has(name), onNotice),
    );
  }

  if (
    'amqpConnection' in config &&
    config.sink === 'amqp' &&
    config.amqpConnection === undefined &&
    !hasBrokerProblem
  ) {
    problems.push({
      setting: 'AMQP_CONNECTION',
      accepts: `${SETTINGS.amqpConnection.accepts}; the amqp sink requires it, or RABBITMQ_HOST (or use --sink ndjson or null)`,
    });
  }
  problems.push(...findContractProblems(config as Partial<Config>, given));
  problems.push(...findPartitionProblems(config as Partial<Config>, given));
  problems.push(...findPublishProblems(config as Partial<Config>, given));
  problems.push(...findTlsProblems(config as Partial<Config>));
  if (problems.length > 0) throw configError(problems);
  return Object.fromEntries(names.map((name) => [name, config[name]])) as Pick<Config, Name>;
};

/** `--source discogs` names the catalogue, and so does `EXTRACTOR_SOURCE`, which it overrides. */
const withExtractorSource = (flags: NonNullable<ConfigSources['flags']>): NonNullable<ConfigSources['flags']> =>
  isUnsetWord(SETTINGS.dumpSource, flags.dumpSource) ? { ...flags, extractorSource: flags.dumpSource } : flags;

const isUnsetWord = ({ unsetWord }: Setting<unknown>, value: unknown): boolean =>
  unsetWord !== undefined && typeof value === 'string' && value.trim().toLowerCase() === unsetWord;

/** The value, unless it counts as not set. */
const unlessUnset = (definition: Setting<unknown>, given: GivenValue | undefined): GivenValue | undefined =>
  given === undefined || isUnsetWord(definition, given.value) ? undefined : given;

/**
 * Reads one setting from its environment variable, for a command that needs no other; `undefined` if it is not set.
 *
 * @throws ExtractorError `CONFIG_INVALID`
 */
export const readSetting = async <N extends SettingName>(
  name: N,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Config[N] | undefined> => {
  const problems: ConfigProblem[] = [];
  const definition = SETTINGS[name] as Setting<unknown>;
  const given = await fromEnvironment(definition, env, problems);
  const value = given === undefined ? undefined : validated(definition, given, problems);
  if (problems.length > 0) throw configError(problems);
  return value as Config[N] | undefined;
};

/**
 * Reads the rules file, for a command that needs no other setting; `undefined` if there is none.
 *
 * @param flag - its path on the command line
 * @throws ExtractorError `CONFIG_INVALID`
 */
export const readRulesSetting = async (
  flag: string | undefined,
  onNotice: (notice: ConfigNotice) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<RulesFile | undefined> => {
  const problems: ConfigProblem[] = [];
  const definition: Setting<unknown> = SETTINGS.dataQualityRules;
  const given = fromFlag(definition, flag) ?? (await fromEnvironment(definition, env, problems));
  const path = given && validated(definition, given, problems);
  const rulesFile =
    path === undefined ? undefined : await readRulesFile(given!.setting, String(path), problems, onNotice);
  if (problems.length > 0) throw configError(problems);
  return rulesFile;
};

/** The value that a setting is given; adds a problem if it is not valid. */
const validated = (definition: Setting<unknown>, given: GivenValue, problems: ConfigProblem[]): unknown => {
  const parsed = definition.schema.safeParse(given.value);
  if (parsed.success) return parsed.data;
  problems.push({
    setting: given.setting,
    ...(definition.secret ? {} : { value: printable(given.value) }),
    accepts: definition.accepts + explanation(parsed.error),
  });
  return undefined;
};

/** What a schema says about a value that it refuses, if it says more than that. */
const explanation = ({ issues }: SchemaFault): string => {
  const explained = issues.find(({ code, message }) => code === 'custom' && message !== 'Invalid input');
  return explained ? `. ${explained.message}` : '';
};

const TLS_SETTINGS = ['amqpCaFile', 'amqpCertFile', 'amqpKeyFile', 'amqpServerName'] as const;

/** Without TLS, these settings would silently have no effect. */
const findTlsProblems = (config: Partial<Config>): ConfigProblem[] => {
  const given = TLS_SETTINGS.filter((name) => config[name] !== undefined);
  if (config.sink !== 'amqp' || config.amqpConnection === undefined) return [];
  if (!config.amqpConnection.every((url) => /^\s*amqps:/i.test(url))) {
    return given.map((name) => ({
      setting: SETTINGS[name].env,
      value: printable(config[name]),
      accepts: 'each URL of AMQP_CONNECTION to start with amqps://, since it is for TLS only',
    }));
  }
  return config.amqpKeyFile !== undefined && config.amqpCertFile === undefined
    ? [{ setting: SETTINGS.amqpKeyFile.env, accepts: 'AMQP_CERT_FILE to name the certificate of this key' }]
    : [];
};

/** Creates the error for settings that are wrong, with one line for each problem. */
export const configError = (problems: readonly ConfigProblem[]): ExtractorError => {
  const lines = problems.map(({ setting, value, accepts, message }) => {
    const got = value === undefined ? '' : `got ${value}, `;
    return `  ${setting}: ${message ?? `${got}expected ${accepts}`}`;
  });
  return new ExtractorError('CONFIG_INVALID', `The configuration is not valid:\n${lines.join('\n')}`, {
    facts: { problems },
  });
};

const isBrokerSetting = (name: SettingName): boolean => (RESOLVED_SETTINGS as readonly SettingName[]).includes(name);

/** Hides credentials: a URL may hold them even if it was given for a setting that expects none. */
const printable = (value: unknown): string =>
  (typeof value === 'number' ? String(value) : JSON.stringify(value)).replace(/\/\/.*@/, '//***@');

const fromFlag = ({ flag, env }: Setting<unknown>, value: unknown): GivenValue | undefined =>
  value === undefined ? undefined : { setting: flag ?? env, value };

const fromEnvironment = async (
  { env: name, secret, isFilePreferred }: Setting<unknown>,
  env: NodeJS.ProcessEnv,
  problems: ConfigProblem[],
): Promise<GivenValue | undefined> => {
  const direct = env[name] || undefined;
  const fileName = `${name}_FILE`;
  const path = secret ? env[fileName] || undefined : undefined;
  const fromVariable = direct === undefined ? undefined : { setting: name, value: direct };
  if (path === undefined) return fromVariable;
  if (direct !== undefined && !isFilePreferred) {
    problems.push({
      setting: fileName,
      value: printable(path),
      accepts: `only one of ${name} and ${fileName} to be set`,
    });
    return undefined;
  }
  try {
    // An empty file counts as not set, as an empty variable does: an orchestrator may mount a secret without a value.
    const value = (await readFile(path, 'utf8')).trim();
    return value === '' ? fromVariable : { setting: fileName, value };
  } catch (error) {
    problems.push({
      setting: fileName,
      value: printable(path),
      accepts: `the path of a readable file (${describeError(error)})`,
    });
    return undefined;
  }
};

interface ConfigFile {
  readonly path: string;
  readonly table: Readonly<Record<string, unknown>>;
}

const fromTable = ({ toml }: Setting<unknown>, { path, table }: ConfigFile): GivenValue | undefined =>
  table[toml] === undefined ? undefined : { setting: `${toml} in ${path}`, value: table[toml] };

const DEFAULT_CONFIG_FILE = './config.toml';

const readConfigFile = async (
  fromFlag: string | undefined,
  fromEnv: string | undefined,
  problems: ConfigProblem[],
): Promise<ConfigFile> => {
  const path = fromFlag ?? fromEnv;
  const chosen = path || DEFAULT_CONFIG_FILE;
  const absent = { path: chosen, table: {} };
  try {
    const text = await readFile(chosen, 'utf8');
    // Most starts have no such file, and loading the parser takes a moment.
    const { parse } = await import('smol-toml');
    return { path: chosen, table: parse(text) };
  } catch (error) {
    if (!path && errorCodeOf(error) === 'ENOENT') return absent;
    const { TomlError } = await import('smol-toml');
    problems.push(
      error instanceof TomlError
        ? { setting: chosen, accepts: `valid TOML (syntax error at line ${error.line}, column ${error.column})` }
        : {
            setting: fromFlag !== undefined ? '--config' : path ? 'EXTRACTOR_CONFIG' : DEFAULT_CONFIG_FILE,
            value: printable(chosen),
            accepts: `the path of a readable TOML file (${describeError(error)})`,
          },
    );
    return absent;
  }
};
