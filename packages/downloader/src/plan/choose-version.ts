import type { DumpFile, DumpListing, DumpVersion } from '../dump-source.js';
import { DownloaderError, type VersionSummary } from '../errors.js';
import { checksumFileName, type DataType, dataFileName } from '../names.js';

/** A version that was chosen for the download. */
export interface DumpChoice {
  /** `YYYYMMDD`. */
  readonly version: string;
  /** The wanted data files, in the order of `DATA_TYPES`. */
  readonly files: readonly DumpFile[];
  /** The CHECKSUM file; `undefined` only if `allowUnverified` is set and the version has none. */
  readonly checksum: DumpFile | undefined;
  /** Newer versions that were passed over because they lack files. */
  readonly passedOver: readonly VersionSummary[];
}

const MAX_VERSIONS_IN_MESSAGE = 12;

const missingFilesOf = (version: DumpVersion, types: readonly DataType[]): string[] => [
  ...types.filter((type) => version.data[type] === undefined).map((type) => dataFileName(version.version, type)),
  ...(version.checksum === undefined ? [checksumFileName(version.version)] : []),
];

const describe = (available: readonly VersionSummary[]): string => {
  if (available.length === 0) return 'the source lists no versions';
  const names = available.map(({ version, missing }) => (missing.length === 0 ? version : `${version} (incomplete)`));
  const others = names.length - MAX_VERSIONS_IN_MESSAGE;
  const list = names.slice(0, MAX_VERSIONS_IN_MESSAGE).join(', ');
  return `the source lists ${list}${others > 0 ? ` and ${others} more` : ''}`;
};

/**
 * Chooses the requested version, or the newest one that is complete for the wanted types. A version whose upload is in
 * progress counts as complete if the wanted files are there; the published CHECKSUM still verifies each of them.
 *
 * @param requested - `YYYYMMDD`
 * @param allowUnverified - whether a version without a CHECKSUM file will do, if it is requested or there is no other
 * @throws DownloaderError `NO_VERSION`, `UNKNOWN_VERSION`, `INCOMPLETE_VERSION`
 */
export const chooseVersion = (
  listing: DumpListing,
  types: readonly DataType[],
  requested: string | undefined,
  allowUnverified = false,
): DumpChoice => {
  const versions = [...listing.versions].sort((a, b) => (a.version < b.version ? 1 : a.version > b.version ? -1 : 0));
  const available = versions.map((version) => ({ version: version.version, missing: missingFilesOf(version, types) }));

  const choose = (index: number, passedOver: readonly VersionSummary[]): DumpChoice => {
    const { version, data, checksum } = versions[index]!;
    return { version, files: types.map((type) => data[type]!), checksum, passedOver };
  };
  /** The files without which the version cannot be chosen. */
  const lackedBy = ({ version, missing }: VersionSummary): readonly string[] =>
    allowUnverified ? missing.filter((name) => name !== checksumFileName(version)) : missing;

  if (requested !== undefined) {
    const index = available.findIndex(({ version }) => version === requested);
    if (index < 0) {
      throw new DownloaderError('UNKNOWN_VERSION', `Version ${requested} is not available: ${describe(available)}`, {
        facts: { version: requested, available },
      });
    }
    const missing = lackedBy(available[index]!);
    if (missing.length > 0) {
      throw new DownloaderError('INCOMPLETE_VERSION', `Version ${requested} lacks ${missing.join(', ')}`, {
        facts: { version: requested, missing, available },
      });
    }
    return choose(index, []);
  }

  const complete = available.findIndex(({ missing }) => missing.length === 0);
  const index = complete < 0 ? available.findIndex((version) => lackedBy(version).length === 0) : complete;
  if (index < 0) {
    const newest = available[0];
    const missing = newest && lackedBy(newest);
    const lack = missing ? `; the newest, ${newest.version}, lacks ${missing.join(', ')}` : '';
    throw new DownloaderError('NO_VERSION', `No complete version is available: ${describe(available)}${lack}`, {
      facts: { missing, available },
    });
  }
  return choose(index, available.slice(0, index));
};
