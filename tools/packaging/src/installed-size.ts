import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublishedPackage } from './workspace.js';

/** What installing a package takes. */
export interface InstalledSize {
  /** Number of packages, without the package itself. */
  readonly dependencies: number;
  /** Total size of all files, including the package itself. */
  readonly bytes: number;
}

/** Measures a project's `node_modules`. */
export const measureInstalled = async (project: string): Promise<InstalledSize> => {
  const { packages } = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { optional?: boolean }>;
  };
  const installed = Object.keys(packages).filter((path) => path !== '').length;
  return { dependencies: installed - 1, bytes: await sumBytes(join(project, 'node_modules')) };
};

const sumBytes = async (folder: string): Promise<number> => {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sumBytes(path);
    else if (entry.isFile()) bytes += (await lstat(path)).size;
  }
  return bytes;
};

const SENTENCE = /^Installed, it takes ([\d.]+) MB with (\d+) dependenc(?:y|ies) in all\.$/m;

/** Returns the sentence that states the size in a README. */
export const formatSize = ({ dependencies, bytes }: InstalledSize): string =>
  `Installed, it takes ${(bytes / 1e6).toFixed(1)} MB with ${dependencies} ${dependencies === 1 ? 'dependency' : 'dependencies'} in all.`;

/** Reads the size that a README states, if it states one. */
export const parseStatedSize = (readme: string): InstalledSize | undefined => {
  const found = SENTENCE.exec(readme);
  return found ? { bytes: Number(found[1]) * 1e6, dependencies: Number(found[2]) } : undefined;
};

/** Whether a README's statement is close enough: indirect dependencies change without a change of ours. */
export const isClose = (stated: InstalledSize, measured: InstalledSize): boolean =>
  Math.abs(stated.bytes - measured.bytes) <= Math.max(0.15 * measured.bytes, 200_000) &&
  Math.abs(stated.dependencies - measured.dependencies) <= 0.15 * measured.dependencies;

export const replaceSize = (readme: string, size: InstalledSize): string => readme.replace(SENTENCE, formatSize(size));

export const readmeOf = ({ folder }: PublishedPackage): string => join(folder, 'README.md');
