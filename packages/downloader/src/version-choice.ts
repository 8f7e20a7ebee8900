import { VersionError, type VersionSummary } from './errors.js';
import { checksumFileName, type DataType, dataFileName } from './names.js';
import type { DumpFile, DumpListing, DumpVersion } from './source.js';

/** A version, chosen to be downloaded. */
export interface DumpChoice {
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The wanted data files, in the order of the types. */
  readonly files: readonly DumpFile[];
  readonly checksum: DumpFile;
  /** Newer versions that were passed over, since they lack files. */
  readonly passedOver: readonly VersionSummary[];
}

const missingOf = (version: DumpVersion, types: readonly DataType[]): string[] => [
  ...types.filter((type) => version.data[type] === undefined).map((type) => dataFileName(version.version, type)),
  ...(version.checksum === null ? [checksumFileName(version.version)] : []),
];

const sentence = (available: readonly VersionSummary[]): string =>
  available.length === 0
    ? 'there are no versions at all'
    : `there are ${available
        .slice(0, 12)
        .map(({ version, missing }) => (missing.length === 0 ? version : `${version} (incomplete)`))
        .join(', ')}${available.length > 12 ? ` and ${available.length - 12} more` : ''}`;

/**
 * Chooses the version asked for, else the newest that is complete for the wanted types. A version that is being
 * uploaded may have some files only: it counts as complete for whom wants just these, and the published CHECKSUM
 * still decides on each file.
 * @throws VersionError
 */
export const chooseVersion = (
  listing: DumpListing,
  types: readonly DataType[],
  wanted: string | undefined,
): DumpChoice => {
  const versions = [...listing.versions].sort((a, b) => (a.version < b.version ? 1 : a.version > b.version ? -1 : 0));
  const available = versions.map((version) => ({ version: version.version, missing: missingOf(version, types) }));

  const chosen = (index: number, passedOver: readonly VersionSummary[]): DumpChoice => {
    const version = versions[index]!;
    const files = types.map((type) => version.data[type]!);
    return { version: version.version, files, checksum: version.checksum!, passedOver };
  };

  if (wanted !== undefined) {
    const index = available.findIndex(({ version }) => version === wanted);
    const facts = { version: wanted, missing: available[index]?.missing ?? [], available };
    if (index < 0) {
      throw new VersionError('UNKNOWN_VERSION', `Version ${wanted} is not there: ${sentence(available)}`, facts);
    }
    if (facts.missing.length > 0) {
      throw new VersionError('INCOMPLETE_VERSION', `Version ${wanted} lacks ${facts.missing.join(', ')}`, facts);
    }
    return chosen(index, []);
  }

  const index = available.findIndex(({ missing }) => missing.length === 0);
  if (index < 0) {
    const newest = available[0];
    const lack = newest === undefined ? '' : `; the newest, ${newest.version}, lacks ${newest.missing.join(', ')}`;
    throw new VersionError('NO_VERSION', `No version is complete: ${sentence(available)}${lack}`, {
      version: null,
      missing: newest?.missing ?? [],
      available,
    });
  }
  return chosen(index, available.slice(0, index));
};
