/** The four kinds of records that Discogs publishes, one file each. */
export type DataType = 'artists' | 'labels' | 'masters' | 'releases';

/** All data types, in the order in which they are downloaded. */
export const DATA_TYPES: readonly DataType[] = ['artists', 'labels', 'masters', 'releases'];

/** The parts of a dump file's name. */
export interface DumpFileName {
  /** The name itself, without a directory. */
  readonly name: string;
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The data type, or `checksum` for the CHECKSUM file. */
  readonly kind: DataType | 'checksum';
}

const FILE_NAME = /^discogs_([0-9]{8})_(?:(artists|labels|masters|releases)\.xml\.gz|(CHECKSUM)\.txt)$/;

/**
 * Whether a text is a version: `YYYYMMDD` of a day that exists. Without the calendar check, a stray `99999999` would be
 * the newest version forever.
 */
export const isVersion = (text: string): boolean => {
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})$/.exec(text);
  if (parts === null) return false;
  const isoDate = `${parts[1]}-${parts[2]}-${parts[3]}`;
  const date = new Date(`${isoDate}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === isoDate;
};

/**
 * Parses a dump file's name. Returns `undefined` for any other name, including one with a directory in it. Every path
 * and URL of this package is built from names that this function accepted.
 */
export const parseFileName = (name: string): DumpFileName | undefined => {
  const match = FILE_NAME.exec(name);
  if (match === null || !isVersion(match[1]!)) return undefined;
  return { name, version: match[1]!, kind: match[3] === undefined ? (match[2] as DataType) : 'checksum' };
};

/** The name of a version's file of a data type. */
export const dataFileName = (version: string, type: DataType): string => `discogs_${version}_${type}.xml.gz`;

/** The name of a version's CHECKSUM file. */
export const checksumFileName = (version: string): string => `discogs_${version}_CHECKSUM.txt`;
