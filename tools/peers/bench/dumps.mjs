import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_DIRECTORY, dumpOf, MB } from '../../../packages/parser/bench/kit.mjs';
import { repeatRecords } from '../src/repeat-records.mjs';

/** The dump to compare on: a generated one, or the newest one of the type in `folder`, repeated. Stays on the disk. */
export const prepareDump = async (type, megabytes, folder) => {
  if (folder === undefined) return dumpOf(DEFAULT_DIRECTORY, type, megabytes);
  const names = await readdir(folder);
  const name = names
    .filter((entry) => entry.endsWith(`_${type}.xml.gz`))
    .sort()
    .at(-1);
  if (name === undefined) throw new Error(`${folder} has no file *_${type}.xml.gz`);
  const directory = join(DEFAULT_DIRECTORY, 'repeated');
  await mkdir(directory, { recursive: true });
  const target = join(directory, name);
  console.error(`repeating the records of ${name} up to ${megabytes} MB ...`);
  await repeatRecords(join(folder, name), type, megabytes * MB, target);
  return target;
};
