import { readFile } from 'node:fs/promises';
import { parse as parseToml, TomlError } from 'smol-toml';
import { type ConfigProblem, describeError, ExtractorError, errorCodeOf } from '../errors.js';
import { type Config, SETTINGS, type Setting, type SettingName } from './settings.js';

/** Where settings come from, strongest first: `flags`, `env`, the TOML file, the defaults. */
export interface ConfigSources {
  /** Settings given on the command line; `undefined` means not given. */
  readonly flags?: Partial<Record<SettingName, unknown>>;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** The file of `--config`. @default EXTRACTOR_CONFIG, else `./config.toml` where there is one */
  readonly configFile?: string;
}

/** A value as found, with the name under which the person who set it knows it. */
interface Found {
  readonly setting: string;
  readonly value: unknown;
}

/**
 * Reads, merges and validates every setting.
 *
 * An environment variable that is empty counts as not set, as compose files with `${NAME:-}` expect.
 *
 * @throws ExtractorError `CONFIG_INVALID` with all `problems` at once; secrets are never in it.
 */
export const loadConfig = async (sources: ConfigSources = {}): Promise<Config> => {
  const { flags = {}, env = process.env } = sources;
  const problems: ConfigProblem[] = [];
  const file = await readConfigFile(sources.configFile ?? env['EXTRACTOR_CONFIG'], problems);
  const known = new Set(Object.values(SETTINGS).map(({ toml }) => toml as string));
  for (const key of Object.keys(file.table)) {
    if (!known.has(key)) {
      problems.push({ setting: `${key} in ${file.path}`, accepts: `no such setting: use ${[...known].join(', ')}` });
    }
  }

  const config: Partial<Record<SettingName, unknown>> = {};
  for (const [name, definition] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const found =
      fromFlag(definition, flags[name]) ??
      (await fromEnvironment(definition, env, problems)) ??
      fromTable(definition, file);
    if (!found) {
      config[name] = definition.fallback();
      continue;
    }
    const parsed = definition.schema.safeParse(found.value);
    if (parsed.success) {
      config[name] = parsed.data;
    } else {
      problems.push({
        setting: found.setting,
        ...(definition.secret ? {} : { value: shown(found.value) }),
        accepts: definition.accepts,
      });
    }
  }

  if (config.sink === 'amqp' && config.amqpConnection === undefined && !problems.some(isAboutAmqp)) {
    problems.push({
      setting: 'AMQP_CONNECTION',
      accepts: `${SETTINGS.amqpConnection.accepts}; it is required for the amqp sink (or choose --sink ndjson or null)`,
    });
  }
  if (problems.length > 0) throw configError(problems);
  return config as Config;
};

/** The error for settings that are wrong, one line a problem. */
export const configError = (problems: readonly ConfigProblem[]): ExtractorError => {
  const lines = problems.map(({ setting, value, accepts }) =>
    value === undefined ? `  ${setting}: expected ${accepts}` : `  ${setting}: got ${value}, expected ${accepts}`,
  );
  return new ExtractorError('CONFIG_INVALID', `The configuration is not valid:\n${lines.join('\n')}`, { problems });
};

const isAboutAmqp = ({ setting }: ConfigProblem): boolean => /amqp_connection|^AMQP_CONNECTION/.test(setting);

/** A URL may hold credentials, also where it stands in the wrong place. */
const shown = (value: unknown): string =>
  (typeof value === 'number' ? String(value) : JSON.stringify(value)).replace(/\/\/.*@/, '//***@');

const fromFlag = ({ flag, env }: Setting<unknown>, value: unknown): Found | undefined =>
  value === undefined ? undefined : { setting: flag ?? env, value };

const fromEnvironment = async (
  { env: name, secret }: Setting<unknown>,
  env: NodeJS.ProcessEnv,
  problems: ConfigProblem[],
): Promise<Found | undefined> => {
  const direct = env[name] || undefined;
  const fileName = `${name}_FILE`;
  const path = secret ? env[fileName] || undefined : undefined;
  if (path === undefined) return direct === undefined ? undefined : { setting: name, value: direct };
  if (direct !== undefined) {
    problems.push({ setting: fileName, value: shown(path), accepts: `only one of ${name} and ${fileName}` });
    return undefined;
  }
  try {
    return { setting: fileName, value: (await readFile(path, 'utf8')).trim() };
  } catch (error) {
    problems.push({
      setting: fileName,
      value: shown(path),
      accepts: `the path of a file that can be read (${describeError(error)})`,
    });
    return undefined;
  }
};

interface ConfigFile {
  readonly path: string;
  readonly table: Readonly<Record<string, unknown>>;
}

const fromTable = ({ toml }: Setting<unknown>, { path, table }: ConfigFile): Found | undefined =>
  table[toml] === undefined ? undefined : { setting: `${toml} in ${path}`, value: table[toml] };

const DEFAULT_CONFIG_FILE = './config.toml';

const readConfigFile = async (path: string | undefined, problems: ConfigProblem[]): Promise<ConfigFile> => {
  const chosen = path || DEFAULT_CONFIG_FILE;
  const absent = { path: chosen, table: {} };
  try {
    return { path: chosen, table: parseToml(await readFile(chosen, 'utf8')) };
  } catch (error) {
    if (!path && errorCodeOf(error) === 'ENOENT') return absent;
    problems.push(
      error instanceof TomlError
        ? { setting: chosen, accepts: `TOML (line ${error.line}, column ${error.column} is not)` }
        : {
            setting: '--config',
            value: shown(chosen),
            accepts: `a TOML file that can be read (${describeError(error)})`,
          },
    );
    return absent;
  }
};
