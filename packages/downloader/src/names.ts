/** The four kinds of records that Discogs publishes, one file each. */
export type DataType = 'artists' | 'labels' | 'masters' | 'releases';

/** All data types, in the order in which they are downloaded. */
export const DATA_TYPES: readonly DataType[] = ['artists', 'labels', 'masters', 'releases'];

/** What a dump file's name says. */
export interface DumpFileName {
  /** The name itself, with no folder. */
  readonly name: string;
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The data type, or `checksum` for the CHECKSUM file. */
  readonly kind: DataType | 'checksum';
}

const FILE_NAME = /^discogs_([0-9]{8})_(?:(artists|labels|masters|releases)\.xml\.gz|(CHECKSUM)\.txt)$/;

/** Whether the text is a version, `YYYYMMDD` of a day that exists: `99999999` would be the newest for ever. */
export const isVersion = (text: string): boolean => {
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})$/.exec(text);
  if (parts === null) return false;
  const day = new Date(`${parts[1]}-${parts[2]}-${parts[3]}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === `${parts[1]}-${parts[2]}-${parts[3]}`;
};

/**
 * Reads a dump file's name; `null` for any other name, also one with a folder in it. Every path and URL of this package
 * is built from names that passed here.
 */
export const parseFileName = (name: string): DumpFileName | null => {
  const match = FILE_NAME.exec(name);
  if (match === null || !isVersion(match[1]!)) return null;
  return { name, version: match[1]!, kind: match[3] === undefined ? (match[2] as DataType) : 'checksum' };
};

/** The name of a version's file of a data type. */
export const dataFileName = (version: string, type: DataType): string => `discogs_${version}_${type}.xml.gz`;

/** The name of a version's CHECKSUM file. */
export const checksumFileName = (version: string): string => `discogs_${version}_CHECKSUM.txt`;
