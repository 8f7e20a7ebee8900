import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from './run-process.js';
import { PACKAGES, type PublishedPackage, ROOT } from './workspace.js';

/** A package that the next release publishes. */
export interface PlannedRelease {
  readonly published: PublishedPackage;
  /** Its version now. */
  readonly from: string;
  /** The version that is published: the same if `changeset version` has written it already. */
  readonly to: string;
  /** The texts of the changesets that name the package, or its changelog of that version. */
  readonly changes: readonly string[];
}

type GetReleasePlan = typeof import('@changesets/get-release-plan').default;

/** Computes the packages' versions after the changesets. */
export const planReleases = async (): Promise<PlannedRelease[]> => {
  // Node gives the default export of this CommonJS module as a property of `default`.
  const loaded = (await import('@changesets/get-release-plan')) as {
    default: GetReleasePlan | { default: GetReleasePlan };
  };
  const getReleasePlan = typeof loaded.default === 'function' ? loaded.default : loaded.default.default;
  const { releases, changesets } = await getReleasePlan(ROOT);
  const texts = new Map(changesets.map(({ id, summary }) => [id, summary]));
  return releases
    .filter(({ type }) => type !== 'none')
    .map(({ name, oldVersion, newVersion, changesets: ids }) => {
      const published = PACKAGES.find((one) => one.name === name);
      if (published === undefined) throw new Error(`A changeset names ${name}, which is not published`);
      return { published, from: oldVersion, to: newVersion, changes: ids.map((id) => texts.get(id)!) };
    })
    .sort((a, b) => PACKAGES.indexOf(a.published) - PACKAGES.indexOf(b.published));
};

/**
 * Finds the packages whose version is not released, as it is between `changeset version` and the release. A release tags
 * each version, so no request to a registry is needed; a clone without tags counts every version as not released.
 */
export const findVersionedReleases = async (): Promise<PlannedRelease[]> => {
  const { stdout } = await mustRun('git', ['tag', '--list'], { cwd: ROOT });
  const tags = new Set(stdout.split('\n'));
  const untagged = PACKAGES.filter(({ name, manifest }) => !tags.has(`${name}@${manifest.version}`));
  return Promise.all(
    untagged.map(async (published) => {
      const { version } = published.manifest;
      const changelog = await readFile(join(published.folder, 'CHANGELOG.md'), 'utf8').catch(() => '');
      const section = changelog.split(/^## /m).find((part) => part.startsWith(`${version}\n`));
      const changes = section === undefined ? [] : [section.slice(version.length).trim()];
      return { published, from: version, to: version, changes };
    }),
  );
};

/** The size and the files of a tarball. */
export interface TarballContent {
  readonly bytes: number;
  readonly files: readonly string[];
}

export const readTarball = async (path: string): Promise<TarballContent> => {
  const { stdout } = await mustRun('tar', ['-tzf', path], { cwd: dirname(path) });
  const files = stdout.trim().split('\n');
  return { bytes: (await stat(path)).size, files: files.map((file) => file.replace(/^package\//, '')).sort() };
};
