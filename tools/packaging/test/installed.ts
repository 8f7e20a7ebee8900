import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import type { PublishedPackage } from '../src/workspace.js';

/** What the global setup writes once it has packed and installed everything. */
export interface InstallationResult {
  /** Paths by package name. */
  readonly tarballs?: Readonly<Record<string, string>>;
  readonly failure?: string;
}

export const RESULT_FILE = 'result.json';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder that is removed after the tests. */
    installationFolder: string;
  }
}

const resultPath = (): string => join(inject('installationFolder'), RESULT_FILE);

const readResult = (): InstallationResult => JSON.parse(readFileSync(resultPath(), 'utf8')) as InstallationResult;

/** For `beforeAll`: waits until the global setup has packed and installed the packages. */
export const waitUntilInstalled = async (): Promise<void> => {
  while (!existsSync(resultPath())) await sleep(100);
  const { failure } = readResult();
  if (failure !== undefined) throw new Error(`The packages could not be packed or installed: ${failure}`);
};

/** A package's name without its scope. */
export const shortName = ({ name }: PublishedPackage): string => name.replace(/.*\//, '');

export const projectName = (published: PublishedPackage): string => `in-${shortName(published)}`;

/** The project that has only this package, and what it depends on. */
export const projectOf = (published: PublishedPackage): string =>
  join(inject('installationFolder'), projectName(published));

export const tarballOf = ({ name }: PublishedPackage): string => readResult().tarballs![name]!;

/** For `describe.each`: the packages with their short names. */
export const named = (packages: readonly PublishedPackage[]): [string, PublishedPackage][] =>
  packages.map((published) => [shortName(published), published]);
