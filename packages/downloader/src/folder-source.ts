import { DownloaderError } from './errors.js';
import type { DumpSource } from './source.js';

/** What `createFolderSource` takes. */
export interface FolderSourceOptions {
  /** Folder with the dump files, flat or in folders by year (`2026/discogs_20260101_artists.xml.gz`), as the bucket has them. */
  directory: string;
}

/**
 * A folder as the source: a mirror, or an offline preseed. It may be the folder that is downloaded to; files are then
 * verified where they lie.
 * @throws DownloaderError `invalid_options`
 */
export const createFolderSource = async (_options: FolderSourceOptions): Promise<DumpSource> => {
  throw new DownloaderError('closed', 'not there yet');
};
