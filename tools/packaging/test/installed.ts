import { join } from 'node:path';
import { inject } from 'vitest';
import type { PublishedPackage } from '../src/workspace.js';

/** What the global setup has made. */
export interface Installed {
  /** A folder that goes away after the tests. */
  readonly folder: string;
  /** By the packages' names. */
  readonly tarballs: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    installed: Installed;
  }
}

/** A package's name without its scope. */
export const shortName = ({ name }: PublishedPackage): string => name.replace(/.*\//, '');

export const projectName = (published: PublishedPackage): string => `in-${shortName(published)}`;

/** The project that has only this package, and what it depends on. */
export const projectOf = (published: PublishedPackage): string =>
  join(inject('installed').folder, projectName(published));

export const tarballOf = ({ name }: PublishedPackage): string => inject('installed').tarballs[name]!;

/** For `describe.each`: the packages with their short names. */
export const named = (packages: readonly PublishedPackage[]): [string, PublishedPackage][] =>
  packages.map((published) => [shortName(published), published]);
