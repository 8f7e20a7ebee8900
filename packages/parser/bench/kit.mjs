// Shared by the benchmarks of parsers: generated dumps that are kept, and medians.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';

export const MB = 1_000_000;

/** Where the dumps are kept unless told otherwise. */
export const DEFAULT_DIRECTORY = join(tmpdir(), 'discogs-extractor-bench');

/** The generated dump of a type; generates it unless it exists. */
export const dumpOf = async (parent, type, megabytes) => {
  const directory = join(parent, `${megabytes}mb`);
  const file = join(directory, `discogs_20260101_${type}.xml.gz`);
  if (existsSync(file)) return file;
  await mkdir(directory, { recursive: true });
  console.error(`making ${megabytes} MB of ${type} ...`);
  await generateDump({ directory, seed: 'bench', types: [type], xmlBytes: { [type]: megabytes * MB } });
  return file;
};

/** The median; of an even number the faster one of the two in the middle. */
export const median = (results) =>
  [...results].sort((one, other) => one.seconds - other.seconds)[(results.length - 1) >> 1];
