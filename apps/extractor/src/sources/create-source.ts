import { createFolderSource, type DumpSource } from '@discogs-extractor/downloader';
import { configError } from '../config/load-config.js';
import { SETTINGS } from '../config/settings.js';

/** Names that are no folders. Their sources follow; a folder of such a name is given as `./s3`. */
const REMOTE = new Set(['auto', 's3', 'web']);

/**
 * The source of dumps that the configuration names.
 *
 * @throws ExtractorError `CONFIG_INVALID` for a source that this version does not have yet
 */
export const createSource = (dumpSource: string): Promise<DumpSource> => {
  if (REMOTE.has(dumpSource)) {
    throw configError([
      {
        setting: SETTINGS.dumpSource.env,
        value: dumpSource,
        accepts: 'the path of a folder that holds dumps: this version does not fetch from S3 or the web yet',
      },
    ]);
  }
  return createFolderSource({ directory: dumpSource });
};
