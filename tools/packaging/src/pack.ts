import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './run-process.js';
import { type PublishedPackage, ROOT } from './workspace.js';

const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { packageManager: string };

/** Packs a built package as it would be published. Gives the tarball's path. */
export const pack = async ({ folder }: PublishedPackage, into: string): Promise<string> => {
  const { stdout } = await mustRun('npx', ['--yes', packageManager, 'pack', '--json', '--pack-destination', into], {
    cwd: folder,
  });
  return (JSON.parse(stdout) as { filename: string }).filename;
};
