import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataFileName, isVersion } from '@discogs-extractor/downloader';
import { DATA_TYPES, type DataType } from '../config/data-type.js';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import { inventoryPath } from '../drift/drift-files.js';
import { ExtractorError } from '../errors.js';

/** The file with the dump, or the saved inventory, of a type that others are compared with. */
export type FindOther = (type: DataType) => Promise<string>;

/**
 * Resolves `--against`: a path, or a version whose inventory, or dump, the data folder has.
 *
 * @throws ExtractorError `USAGE` if there is no such file, or the data folder has nothing of the version; so does the
 *   function that it returns, for a type that it does not have
 */
export const resolveAgainst = async (against: string, sources: ConfigSources): Promise<FindOther> => {
  if (await isFile(against)) return async () => against;
  if (!isVersion(against)) {
    throw new ExtractorError('USAGE', `--against ${against} is neither a file nor a version, such as 20260101.`);
  }
  const { discogsRoot } = await loadConfig(sources, ['discogsRoot']);
  const find = async (type: DataType): Promise<string | undefined> => {
    const paths = [inventoryPath(discogsRoot, against, type), join(discogsRoot, dataFileName(against, type))];
    for (const path of paths) if (await isFile(path)) return path;
    return undefined;
  };
  const found = await Promise.all(DATA_TYPES.map(find));
  const missing = (what: string): ExtractorError =>
    new ExtractorError(
      'USAGE',
      `${discogsRoot} has neither an inventory nor a dump of ${what}. Set --data (DISCOGS_ROOT), or pass a path.`,
    );
  if (found.every((path) => path === undefined)) throw missing(`version ${against}`);
  return async (type) => {
    const path = found[DATA_TYPES.indexOf(type)];
    if (path === undefined) throw missing(`${type} of version ${against}`);
    return path;
  };
};

const isFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => !stats.isDirectory(),
    () => false,
  );
