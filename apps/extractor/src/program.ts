import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { downloadCommand } from './commands/download.js';
import { parseCommand } from './commands/parse.js';
import { runCommand } from './commands/run.js';
import { statusCommand } from './commands/status.js';
import type { ConfigSources } from './config/load-config.js';
import { DATA_TYPES, type DataType, SETTINGS, type SettingName } from './config/settings.js';
import { describeError, EXIT, exitStatusOf } from './errors.js';
import { HELP } from './help.js';
import { tameOutputStreams } from './system/output-streams.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Flags that stand for settings, by the name that commander gives them. */
const SETTING_OF_FLAG: Readonly<Record<string, SettingName>> = {
  source: 'dumpSource',
  sink: 'sink',
  output: 'outputDirectory',
  types: 'dataTypes',
  dumpVersion: 'dumpVersion',
  minRecordsPercent: 'minRecordsPercent',
  forceReprocess: 'forceReprocess',
};

const sourcesFrom = (options: Readonly<Record<string, unknown>>): ConfigSources => {
  const flags = Object.entries(SETTING_OF_FLAG).map(([flag, name]) => [name, options[flag]]);
  const configFile = options['config'];
  return {
    flags: Object.fromEntries(flags) as Partial<Record<SettingName, unknown>>,
    ...(typeof configFile === 'string' ? { configFile } : {}),
  };
};

const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    }
    return number;
  };

const program = new Command('discogs-extractor')
  .description('Delivers every record of the monthly Discogs dumps, once, as JSON to RabbitMQ.')
  .version(version, '-V, --version')
  .addHelpText('after', (context) => (context.command.parent ? '' : HELP.program))
  .showHelpAfterError('(--help shows what there is)')
  .exitOverride();

const configOption = new Option(
  '--config <file>',
  'TOML file with settings (default: EXTRACTOR_CONFIG, else ./config.toml)',
);

program
  .command('run')
  .description('fetch the newest dump and deliver its records; then check for a new one from time to time')
  .option('--once', 'end after one pass')
  .addOption(configOption)
  .option('--source <source>', SETTINGS.dumpSource.accepts)
  .option('--sink <sink>', SETTINGS.sink.accepts)
  .option('--output <folder>', 'folder for the ndjson sink (default: ndjson/ in DISCOGS_ROOT)')
  .option('--types <list>', SETTINGS.dataTypes.accepts)
  .option('--dump-version <YYYYMMDD>', 'this dump instead of the newest complete one')
  .option(
    '--min-records-percent <n>',
    'fail a file with fewer records than this part of what the dump before had (default: 50; 0: never)',
  )
  .option('--force-reprocess', 'start again, whatever the state marker says')
  .addHelpText('after', HELP.run)
  .action(async (options: Record<string, unknown>) => {
    process.exitCode = await runCommand({ ...sourcesFrom(options), once: options['once'] === true, version });
  });

program
  .command('download')
  .description('bring a dump into DISCOGS_ROOT, verified, and do nothing else')
  .addOption(configOption)
  .option('--source <source>', SETTINGS.dumpSource.accepts)
  .option('--types <list>', SETTINGS.dataTypes.accepts)
  .option('--dump-version <YYYYMMDD>', 'this dump instead of the newest complete one')
  .addHelpText('after', HELP.download)
  .action(async (options: Record<string, unknown>) => {
    process.exitCode = await downloadCommand(sourcesFrom(options));
  });

program
  .command('parse')
  .description('print the records of one dump file as NDJSON: one message body a line, nothing else')
  .argument('<file>', 'an XML dump, gzipped or not; - for standard input')
  .addOption(
    new Option('--type <type>', "the file's data type (default: as its root element says)").choices(DATA_TYPES),
  )
  .option('--output <file>', 'where to write, - for standard output', '-')
  .option('--workers <n>', 'threads to parse with (default: one for each core)', wholeNumber(0, 256))
  .option('--limit <n>', 'stop after this many records', wholeNumber(0))
  .option('--quarantine <folder>', 'keep malformed records there (default: count and report them only)')
  .addHelpText('after', HELP.parse)
  .action(async (file: string, options: Record<string, unknown>) => {
    process.exitCode = await parseCommand({
      file,
      dataType: options['type'] as DataType | undefined,
      output: options['output'] as string,
      workers: options['workers'] as number | undefined,
      limit: options['limit'] as number | undefined,
      quarantine: options['quarantine'] as string | undefined,
    });
  });

program
  .command('status')
  .description('show how far the extraction in DISCOGS_ROOT has come')
  .addOption(configOption)
  .option('--json', 'the state marker itself, as JSON')
  .addHelpText('after', HELP.status)
  .action(async (options: Record<string, unknown>) => {
    process.exitCode = await statusCommand({ ...sourcesFrom(options), json: options['json'] === true });
  });

tameOutputStreams();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed it; help and version are no failures.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    process.stderr.write(`❌ ${describeError(error)}\n`);
    process.exitCode = exitStatusOf(error);
  }
}
