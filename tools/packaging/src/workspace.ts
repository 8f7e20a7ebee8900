import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A package that is published. */
export interface PublishedPackage {
  /** The name with its scope. */
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const published = (path: string): PublishedPackage => {
  const folder = join(ROOT, path);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  return { name: manifest.name, folder, manifest };
};

export const LIBRARIES: readonly PublishedPackage[] = [
  published('packages/parser'),
  published('packages/state-marker'),
  published('packages/publisher'),
  published('packages/downloader'),
  published('packages/data-quality'),
  published('packages/changes'),
];

export const SERVICE: PublishedPackage = published('apps/extractor');

export const PACKAGES: readonly PublishedPackage[] = [...LIBRARIES, SERVICE];

/** Returns what other packages import: the package's name for `.`, a path below it for `./contract`. */
export const entryPointsOf = ({ name, manifest }: PublishedPackage): string[] =>
  Object.keys(manifest.exports)
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1));
