import { parseArgs } from 'node:util';
import { DATA_TYPES, type DataType } from './data-type.js';
import { ERAS, type Era } from './era.js';
import { SampleDumpError } from './errors.js';
import { generateDump } from './generate-dump.js';
import type { MonthOptions } from './months.js';

const HELP = `Generates Discogs dumps of any size from a seed, with the structure and statistics of the real ones.

Usage: node tools/sample-dumps/dist/cli.js --output DIR (--records N | --size SIZE) [options]

  --output DIR       folder for the .xml.gz files and the CHECKSUM file
  --records N        records per type
  --size SIZE        uncompressed XML per type: bytes, or with kB, MB, GB, KiB, MiB, GiB
  --seed SEED        any text; the same seed gives the same XML (default: 1)
  --version YYYYMMDD version in the file names (default: 20260101)
  --types LIST       of ${DATA_TYPES.join(',')} (default: all)
  --era ERA          form of the records: ${ERAS.join(', ')} (default: 2020)
  --characters FORM  references or utf8, for characters outside ASCII (default: by era)
  --month N          the dump N months after the first, of --records in the first month (default: 0), with each month
    --changed P      percent of the records changed (default: 3)
    --added P        percent more at the end (default: 1)
    --removed P      percent gone (default: 0.5)
    --replaced P     percent gone, with a new record in their place (default: 0)
    --reordered P    percent that change places with the next one (default: 0)
  --level N          gzip level, 1 to 9 (default: 6)
  --quiet            no progress on standard error
  --help             this text

Prints one line per file: type, records, bytes of XML, bytes of the file, SHA-256 of the XML, path.
Exit status: 0 success, 1 failure, 2 usage error.
`;

class UsageError extends Error {}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

const sizeOf = (text: string): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = UNITS[(unit ?? '').toLowerCase()];
  if (amount === undefined || factor === undefined)
    throw new UsageError(`--size: '${text}' is not a size such as 500MB`);
  return Math.round(Number(amount) * factor);
};

const integerOf = (option: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new UsageError(`--${option}: '${text}' is not a whole number`);
  return Number(text);
};

const percentOf = (option: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > 100) throw new UsageError(`--${option}: '${text}' is not a percentage`);
  return value;
};

/** @throws UsageError */
const monthsOf = (values: ReturnType<typeof parse>): MonthOptions | undefined => {
  const shares = {
    changedPercent: percentOf('changed', values.changed),
    addedPercent: percentOf('added', values.added),
    removedPercent: percentOf('removed', values.removed),
    replacedPercent: percentOf('replaced', values.replaced),
    reorderedPercent: percentOf('reordered', values.reordered),
  };
  const month = integerOf('month', values.month);
  if (month !== undefined) return { month, ...shares };
  if (Object.values(shares).some((value) => value !== undefined))
    throw new UsageError('--month is required for changes');
  return undefined;
};

const parse = (args: string[]) => {
  try {
    return parseArgs({
      args,
      options: {
        output: { type: 'string' },
        records: { type: 'string' },
        size: { type: 'string' },
        seed: { type: 'string', default: '1' },
        version: { type: 'string' },
        types: { type: 'string' },
        era: { type: 'string' },
        characters: { type: 'string' },
        month: { type: 'string' },
        changed: { type: 'string' },
        added: { type: 'string' },
        removed: { type: 'string' },
        replaced: { type: 'string' },
        reordered: { type: 'string' },
        level: { type: 'string' },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

const run = async (args: string[]): Promise<void> => {
  const values = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (values.output === undefined) throw new UsageError('--output is required');
  const records = integerOf('records', values.records);
  const xmlBytes = values.size === undefined ? undefined : sizeOf(values.size);
  if (records === undefined && xmlBytes === undefined) throw new UsageError('--records or --size is required');

  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort(new Error(signal)));
  let shown = 0;
  // generateDump checks the values that are cast here.
  const dump = await generateDump({
    directory: values.output,
    seed: values.seed,
    records,
    xmlBytes,
    version: values.version,
    types: values.types?.split(',').map((type) => type.trim()) as DataType[] | undefined,
    era: values.era as Era | undefined,
    characters: values.characters as 'references' | 'utf8' | undefined,
    months: monthsOf(values),
    level: integerOf('level', values.level),
    signal: stopping.signal,
    onProgress: (progress) => {
      if (values.quiet || !process.stderr.isTTY || Date.now() - shown < 200) return;
      shown = Date.now();
      process.stderr.write(
        `\r${progress.type}: ${progress.records} records, ${(progress.xmlBytes / 1e6).toFixed(0)} MB `,
      );
    },
  });
  if (shown > 0) process.stderr.write('\r\u001b[K');
  for (const file of Object.values(dump.files)) {
    process.stdout.write(
      `${file.type}\t${file.records}\t${file.xmlBytes}\t${file.gzBytes}\t${file.xmlSha256}\t${file.path}\n`,
    );
  }
};

try {
  await run(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError || (error instanceof SampleDumpError && error.code === 'INVALID_OPTIONS');
  const { message, cause } = error as Error;
  process.stderr.write(`${message}${cause instanceof Error ? `: ${cause.message}` : ''}\n`);
  if (usage) process.stderr.write('Try --help.\n');
  process.exitCode = usage ? 2 : 1;
}
