import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { SHAPES, type Shape } from './commands/parse-shapes.js';
import { CONTRACTS, type Contract } from './config/contract-settings.js';
import { DATA_TYPES, type DataType } from './config/data-type.js';
import type { ConfigSources } from './config/load-config.js';
import type { Setting } from './config/setting.js';
import { SETTINGS, type SettingName } from './config/settings.js';
import { defaultTextOf } from './config/settings-help.js';
import { describeError, EXIT, exitStatusOf } from './errors.js';
import { HELP } from './help.js';
import { handleOutputErrors } from './system/output-streams.js';

// zod would compile a function for each schema of a marker, which takes longer than to read the marker.
z.config({ jitless: true });

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** The option of a setting that has a flag; `value` is its placeholder. */
const settingOption = (name: SettingName, value = ''): Option => {
  const setting: Setting<unknown> = SETTINGS[name];
  const flags = [setting.shortFlag, `${setting.flag} ${value}`.trim()].filter((flag) => flag !== undefined);
  return new Option(flags.join(', '), `${setting.about} (default: ${defaultTextOf(setting)})`);
};

const sourcesFrom = (options: Readonly<Record<string, unknown>>): ConfigSources => {
  const flags = Object.entries(SETTINGS).flatMap(([name, { flag }]) =>
    flag ? [[name, options[new Option(flag).attributeName()]]] : [],
  );
  const configFile = options['config'];
  return {
    flags: Object.fromEntries(flags) as Partial<Record<SettingName, unknown>>,
    configFile: typeof configFile === 'string' ? configFile : undefined,
  };
};

const wholeNumber =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    }
    return number;
  };

const typeList = (value: string): readonly DataType[] => {
  const types = value.split(',').map((type) => type.trim());
  const wrong = types.find((type) => !DATA_TYPES.includes(type as DataType));
  if (wrong !== undefined) throw new InvalidArgumentError(`Expected some of ${DATA_TYPES.join(', ')}.`);
  return DATA_TYPES.filter((type) => types.includes(type));
};

// Each command is imported only when it is asked for: a start then loads only what it uses.
const program = new Command('discogs-extractor')
  .description('Delivers every record of the monthly Discogs dumps at least once, as JSON, to RabbitMQ.')
  .version(version, '-V, --version')
  .addHelpText('after', (context) => (context.command.parent ? '' : HELP.program))
  .showHelpAfterError('(use --help to see commands and options)')
  .exitOverride();

const configOption = new Option(
  '--config <file>',
  'TOML file with settings (default: EXTRACTOR_CONFIG, else ./config.toml if it exists)',
);

program
  .command('run')
  .description('download the newest dump and deliver its records, then check for new dumps periodically')
  .option('--once', 'exit after one run')
  .option('--check', 'only check configuration, source, broker and disk space, then exit')
  .addOption(configOption)
  .addOption(settingOption('discogsRoot', '<folder>'))
  .addOption(settingOption('waitForLock'))
  .addOption(settingOption('dumpSource', '<source>'))
  .addOption(settingOption('sink', '<sink>'))
  .addOption(settingOption('outputDirectory', '<folder>'))
  .addOption(settingOption('contract', '<contract>'))
  .addOption(settingOption('dataTypes', '<list>'))
  .addOption(settingOption('dumpVersion', '<YYYYMMDD>'))
  .addOption(settingOption('allowUnverified'))
  .addOption(settingOption('publish', '<mode>'))
  .addOption(settingOption('maxDeletedPercent', '<n>'))
  .addOption(settingOption('minRecordsPercent', '<n>'))
  .addOption(settingOption('formatDrift', '<action>'))
  .addOption(settingOption('dataQualityRules', '<file>'))
  .addOption(settingOption('forceReprocess'))
  .addHelpText('after', HELP.run)
  .action(async (options: Record<string, unknown>) => {
    const { runCommand } = await import('./commands/run.js');
    process.exitCode = await runCommand({
      ...sourcesFrom(options),
      once: options['once'] === true,
      check: options['check'] === true,
      version,
    });
  });

program
  .command('download')
  .description('download a dump to DISCOGS_ROOT and verify it, without delivering it')
  .addOption(configOption)
  .addOption(settingOption('discogsRoot', '<folder>'))
  .addOption(settingOption('waitForLock'))
  .addOption(settingOption('dumpSource', '<source>'))
  .addOption(settingOption('dataTypes', '<list>'))
  .addOption(settingOption('dumpVersion', '<YYYYMMDD>'))
  .addOption(settingOption('allowUnverified'))
  .addHelpText('after', HELP.download)
  .action(async (options: Record<string, unknown>) => {
    const { downloadCommand } = await import('./commands/download.js');
    process.exitCode = await downloadCommand(sourcesFrom(options));
  });

program
  .command('parse')
  .description('print the records of dump files as NDJSON, one message body per line')
  .argument('<file...>', 'XML dumps, gzipped or not, or - for standard input')
  .addOption(new Option('--type <type>', "the file's data type (default: from its root element)").choices(DATA_TYPES))
  .option('--output <file>', 'file to write to, compressed if it ends in .gz or .zst, or - for standard output', '-')
  .addOption(
    new Option('--shape <shape>', 'message bodies, or clean: the same typed fields for dumps of every year')
      .choices(SHAPES)
      .default('message'),
  )
  .addOption(
    new Option(
      '--contract <contract>',
      'whose message bodies: topic or fanout (default: CONTRACT, else topic)',
    ).choices(CONTRACTS),
  )
  .option('--workers <n>', 'threads that parse (default: MAX_WORKERS, else number of CPU cores)', wholeNumber(0, 256))
  .option('--limit <n>', 'stop after this many records, of all files together', wholeNumber(0))
  .option('--quarantine <folder>', 'folder to keep malformed records in (default: only count and report them)')
  .addOption(settingOption('dataQualityRules', '<file>'))
  .option('--flagged <folder>', 'folder for reports on what the rules find (default: only count it)')
  .addHelpText('after', HELP.parse)
  .action(async (files: readonly string[], options: Record<string, unknown>) => {
    const { parseCommand } = await import('./commands/parse.js');
    process.exitCode = await parseCommand({
      files,
      dataType: options['type'] as DataType | undefined,
      output: options['output'] as string,
      shape: options['shape'] as Shape,
      contract: options['contract'] as Contract | undefined,
      workers: options['workers'] as number | undefined,
      limit: options['limit'] as number | undefined,
      quarantine: options['quarantine'] as string | undefined,
      dataQualityRules: options['dataQualityRules'] as string | undefined,
      flagged: options['flagged'] as string | undefined,
    });
  });

program
  .command('inspect')
  .description('show which elements and attributes dumps have, and how often, or how two dumps differ')
  .argument('<file...>', 'XML dumps, gzipped or not, or - for standard input; or saved output of --json')
  .addOption(new Option('--type <type>', "the file's data type (default: from its root element)").choices(DATA_TYPES))
  .option('--against <file>', 'show the differences from this dump: a file, or a version in DISCOGS_ROOT')
  .option('--json', 'print the inventory, or the differences, as JSON')
  .option('--workers <n>', 'threads that parse (default: MAX_WORKERS, else number of CPU cores)', wholeNumber(0, 256))
  .option('--limit <n>', 'stop after this many records of each file', wholeNumber(1))
  .addOption(configOption)
  .addOption(settingOption('discogsRoot', '<folder>'))
  .addHelpText('after', HELP.inspect)
  .action(async (files: readonly string[], options: Record<string, unknown>) => {
    const { inspectCommand } = await import('./commands/inspect.js');
    process.exitCode = await inspectCommand({
      ...sourcesFrom(options),
      files,
      dataType: options['type'] as DataType | undefined,
      against: options['against'] as string | undefined,
      json: options['json'] === true,
      workers: options['workers'] as number | undefined,
      limit: options['limit'] as number | undefined,
    });
  });

program
  .command('diff')
  .description('print what changed between two dumps as NDJSON: added, changed and deleted records, and a summary')
  .argument('<old>', 'the older dump: a file, a folder, or a version in DISCOGS_ROOT')
  .argument('<new>', 'the newer dump, likewise')
  .option('--types <list>', 'data types to compare (default: those of the dumps)', typeList)
  .option('--output <file>', 'file to write to, compressed if it ends in .gz or .zst, or - for standard output', '-')
  .option('--workers <n>', 'threads that parse (default: MAX_WORKERS, else number of CPU cores)', wholeNumber(0, 256))
  .addHelpText('after', HELP.diff)
  .action(async (before: string, after: string, options: Record<string, unknown>) => {
    const { diffCommand } = await import('./commands/diff.js');
    process.exitCode = await diffCommand({
      ...{ before, after },
      types: options['types'] as readonly DataType[] | undefined,
      output: options['output'] as string,
      workers: options['workers'] as number | undefined,
    });
  });

program
  .command('list')
  .description('list the dumps that a source has, newest first')
  .addOption(configOption)
  .addOption(settingOption('dumpSource', '<source>'))
  .addOption(
    new Option('--dump-version <YYYYMMDD>', 'dump to look for: the website is asked for the newest years only'),
  )
  .option('--json', 'print the dumps and their files as JSON')
  .addHelpText('after', HELP.list)
  .action(async (options: Record<string, unknown>) => {
    const { listCommand } = await import('./commands/list.js');
    process.exitCode = await listCommand({ ...sourcesFrom(options), json: options['json'] === true });
  });

program
  .command('status')
  .description('show the progress of the extraction in DISCOGS_ROOT')
  .addOption(configOption)
  .addOption(settingOption('discogsRoot', '<folder>'))
  .option('--json', 'print the state marker as JSON')
  .option('--exit-code', 'exit with 0 only if the newest dump is completely delivered, 1 if it failed, else 3')
  .addHelpText('after', HELP.status)
  .action(async (options: Record<string, unknown>) => {
    const { statusCommand } = await import('./commands/status.js');
    process.exitCode = await statusCommand({
      ...sourcesFrom(options),
      json: options['json'] === true,
      exitCode: options['exitCode'] === true,
    });
  });

program
  .command('verify')
  .description('compare what was delivered of a dump with what queues or files hold, without taking anything out')
  .addOption(configOption)
  .addOption(settingOption('discogsRoot', '<folder>'))
  .addOption(new Option('--dump-version <YYYYMMDD>', 'dump to verify (default: the newest that was delivered)'))
  .option('--json', 'print the result as JSON')
  .addHelpText('after', HELP.verify)
  .action(async (options: Record<string, unknown>) => {
    const { verifyCommand } = await import('./commands/verify.js');
    process.exitCode = await verifyCommand({ ...sourcesFrom(options), json: options['json'] === true });
  });

program
  .command('health')
  .description('check that the service with these settings responds on this machine, for health checks of containers')
  .addOption(configOption)
  .addHelpText('after', HELP.health)
  .action(async (options: Record<string, unknown>) => {
    const { healthCommand } = await import('./commands/health.js');
    process.exitCode = await healthCommand(sourcesFrom(options));
  });

/** Options of the program itself, which need no command. */
const PROGRAM_OPTIONS: ReadonlySet<string> = new Set(['-h', '--help', '-V', '--version']);

/** Without a command, `run` is meant: containers are started with options alone. */
const withCommand = (args: readonly string[]): readonly string[] => {
  const [first] = args;
  const isCommand = first !== undefined && (!first.startsWith('-') || PROGRAM_OPTIONS.has(first));
  return isCommand ? args : ['run', ...args];
};

handleOutputErrors();
try {
  await program.parseAsync(withCommand(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed it. Help and version are not failures.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    process.stderr.write(`❌ ${describeError(error)}\n`);
    process.exitCode = exitStatusOf(error);
  }
}
