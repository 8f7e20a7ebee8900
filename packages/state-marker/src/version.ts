import { StateMarkerError } from './errors.js';

/**
 * Checks that `version` is eight digits, `YYYYMMDD`. Call it before you build a path or key from a version.
 *
 * @throws {@link StateMarkerError} `INVALID_VERSION`
 */
export const assertVersion = (version: string): void => {
  if (typeof version !== 'string' || !/^[0-9]{8}$/.test(version)) {
    throw new StateMarkerError('INVALID_VERSION', `A dump version is eight digits, not ${JSON.stringify(version)}`);
  }
};

/** The four kinds of records that Discogs publishes, one file each. */
export type DataType = 'artists' | 'labels' | 'masters' | 'releases';

export const DATA_TYPES: readonly DataType[] = ['artists', 'labels', 'masters', 'releases'];

/**
 * The data type in a dump's file name, such as `artists` for `discogs_20260101_artists.xml.gz`; `undefined` if the
 * name has another form.
 */
export const dataTypeOf = (file: string): string | undefined =>
  /^discogs_[0-9]{8}_([a-z]+)\.xml(?:\.gz)?$/.exec(file)?.[1];
