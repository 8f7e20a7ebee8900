import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './run-process.js';
import { type PublishedPackage, ROOT } from './workspace.js';

const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { packageManager: string };

/** Packs built packages as they would be published. Returns the tarballs' paths by package name. */
export const pack = async (packages: readonly PublishedPackage[], into: string): Promise<Record<string, string>> => {
  if (packages.length === 0) return {};
  const filters = packages.flatMap(({ name }) => ['--filter', name]);
  const { stdout } = await mustRun(
    'npx',
    ['--yes', packageManager, ...filters, 'pack', '--json', '--pack-destination', into],
    { cwd: ROOT },
  );
  // One package alone is written without an array around it.
  const packed = [JSON.parse(stdout) as { name: string; filename: string }[]].flat();
  return Object.fromEntries(packed.map(({ name, filename }) => [name, filename]));
};
