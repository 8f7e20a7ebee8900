import { StateMarkerError } from './errors.js';

/**
 * Checks that `version` is eight digits, `YYYYMMDD`. Everything that builds a path or key from a version calls
 * this first.
 *
 * @throws `INVALID_VERSION`
 */
export function assertVersion(version: string): void {
  if (typeof version !== 'string' || !/^[0-9]{8}$/.test(version)) {
    throw new StateMarkerError('INVALID_VERSION', `a dump version is eight digits, not ${JSON.stringify(version)}`);
  }
}

/**
 * The data type in a dump's file name: `artists` for `discogs_20260101_artists.xml.gz`; `undefined` for a name of
 * another shape.
 */
export function dataTypeOf(file: string): string | undefined {
  return /^discogs_[0-9]{8}_([a-z]+)\.xml(?:\.gz)?$/.exec(file)?.[1];
}
