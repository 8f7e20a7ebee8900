import { stat } from 'node:fs/promises';
import { pack } from './pack.js';
import { mustRun } from './run-process.js';
import { PACKAGES, type PublishedPackage, ROOT } from './workspace.js';

/** A package that the next release publishes. */
export interface PlannedRelease {
  readonly published: PublishedPackage;
  readonly from: string;
  readonly to: string;
  /** The changesets' texts, those of dependencies not among them. */
  readonly changes: readonly string[];
}

type GetReleasePlan = typeof import('@changesets/get-release-plan').default;

/** What the changesets make of the packages. */
export const planReleases = async (): Promise<PlannedRelease[]> => {
  // It is a CommonJS module, whose default export is the property `default` in Node.
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
      if (published === undefined) throw new Error(`a changeset names ${name}, which is not published`);
      return { published, from: oldVersion, to: newVersion, changes: ids.map((id) => texts.get(id)!) };
    })
    .sort((a, b) => PACKAGES.indexOf(a.published) - PACKAGES.indexOf(b.published));
};

/** What the tarball of a package holds. */
export interface Tarball {
  readonly bytes: number;
  readonly files: readonly string[];
}

export const look = async (published: PublishedPackage, into: string): Promise<Tarball> => {
  const path = await pack(published, into);
  const { stdout } = await mustRun('tar', ['-tzf', path], { cwd: into });
  const files = stdout.trim().split('\n');
  return { bytes: (await stat(path)).size, files: files.map((file) => file.replace(/^package\//, '')).sort() };
};
