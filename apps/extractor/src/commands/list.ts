import { checksumFileName, DATA_TYPES, type DumpFile, type DumpVersion } from '@discogs-extractor/downloader';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import { SOURCE_SETTINGS } from '../config/settings.js';
import { describeError, EXIT } from '../errors.js';
import { createSource } from '../sources/create-source.js';

export interface ListOptions extends ConfigSources {
  /** Print JSON. */
  readonly json: boolean;
}

/**
 * `discogs-extractor list`: prints the versions that the source has, newest first, with what each of them lacks. It needs
 * no data folder. Resolves with the exit status, which is 1 if the source has none, or not the requested one.
 */
export const listCommand = async ({ json, ...sources }: ListOptions): Promise<number> => {
  const config = await loadConfig(sources, SOURCE_SETTINGS);
  const warn = (text: string): boolean => process.stderr.write(`⚠️ ${text}\n`);
  await using source = createSource(config, {
    onListingEvent: ({ error, type }) =>
      warn(`${describeError(error)}; ${type === 'listing-retry' ? 'retrying' : 'listing the other years only'}`),
    onFallback: ({ from, to, error }) => warn(`${error ? describeError(error) : `${from} has no dumps`}; trying ${to}`),
  });
  const { versions } = await source.list({ version: config.dumpVersion });
  if (json) process.stdout.write(`${JSON.stringify(versions.map(toJson), undefined, 2)}\n`);
  else process.stdout.write(versions.map((version) => `${describe(version)}\n`).join(''));
  const hasWanted = config.dumpVersion === undefined || versions.some(({ version }) => version === config.dumpVersion);
  if (versions.length > 0 && hasWanted) return EXIT.done;
  process.stderr.write(`❌ ${versions.length === 0 ? 'The source has no dumps' : `No dump ${config.dumpVersion}`}\n`);
  return EXIT.failed;
};

const missingOf = ({ version, data, checksum }: DumpVersion): string[] => [
  ...DATA_TYPES.filter((type) => data[type] === undefined),
  ...(checksum === undefined ? [checksumFileName(version)] : []),
];

const describe = (version: DumpVersion): string => {
  const types = DATA_TYPES.filter((type) => version.data[type] !== undefined);
  const missing = missingOf(version);
  return `${version.version}  ${types.join(', ')}${missing.length > 0 ? `  (without ${missing.join(', ')})` : ''}`;
};

const toJson = (version: DumpVersion): Record<string, unknown> => {
  const files: DumpFile[] = DATA_TYPES.flatMap((type) => version.data[type] ?? []);
  return {
    version: version.version,
    complete: missingOf(version).length === 0,
    files: [...files, ...(version.checksum ? [version.checksum] : [])].map(({ name, kind, size, sizeEstimate }) => ({
      name,
      kind,
      bytes: size ?? null,
      estimated_bytes: size ?? sizeEstimate ?? null,
    })),
  };
};
