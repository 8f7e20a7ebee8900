import type { DataType } from './data-type.js';
import type { Era } from './era.js';

/** What to generate, and where. One of `records` and `xmlBytes` is required for each type. */
export interface GenerateDumpOptions {
  /** Folder for the files; made where it is absent. Files of the same version in it are replaced. */
  directory: string;
  /** Any string or integer; the same seed gives the same XML on every machine and Node version. */
  seed: string | number;
  /** Records per type. With a table, types that it does not name are left out, unless `xmlBytes` names them. */
  records?: number | Partial<Record<DataType, number>>;
  /** Target size per type of the uncompressed XML, in bytes: each dump ends after the record that reaches it. */
  xmlBytes?: number | Partial<Record<DataType, number>>;
  /** Eight digits, for the file names. @default '20260101' */
  version?: string;
  /** @default all four, or those that `records` and `xmlBytes` name */
  types?: readonly DataType[];
  /** @default '2020' */
  era?: Era;
  /** How characters outside ASCII are written. @default 'references' for the era 2020, else 'utf8' */
  characters?: 'references' | 'utf8';
  /** gzip level, 1 to 9. @default 6, which gives the ratio of the real dumps */
  level?: number;
  /** Stops the work; what is unfinished is removed. */
  signal?: AbortSignal;
  /** Called after each block of about 1 MiB of XML. */
  onProgress?: (progress: DumpProgress) => void;
}

/** How far the dump of one type is. */
export interface DumpProgress {
  type: DataType;
  records: number;
  xmlBytes: number;
  gzBytes: number;
}

/** One finished file. */
export interface DumpFile {
  type: DataType;
  /** Name in the folder: `discogs_VERSION_TYPE.xml.gz`. */
  name: string;
  path: string;
  records: number;
  /** Size of the XML, uncompressed, in bytes. */
  xmlBytes: number;
  /** Size of the file, in bytes. */
  gzBytes: number;
  /** SHA-256 of the file, lower-case hex, as the CHECKSUM file has it. */
  sha256: string;
  /** SHA-256 of the uncompressed XML, lower-case hex: the same on every machine. */
  xmlSha256: string;
}

/** A finished dump. */
export interface GeneratedDump {
  version: string;
  directory: string;
  /** `discogs_VERSION_CHECKSUM.txt`: lines of SHA-256, space, `*`, name. */
  checksumPath: string;
  /** By type; types that were not asked for are absent. */
  files: Partial<Record<DataType, DumpFile>>;
}

/**
 * Writes the dumps and their CHECKSUM file into a folder, each atomically (temporary file, then rename), the CHECKSUM file last.
 * Memory does not depend on the size.
 *
 * @throws SampleDumpError `INVALID_OPTION`, `WRITE_FAILED`; the signal's reason when aborted.
 */
export async function generateDump(_options: GenerateDumpOptions): Promise<GeneratedDump> {
  throw new Error('not written yet');
}
