import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from './run-process.js';

/**
 * Creates a project that contains only the packages of some tarballs and their dependencies. Uses npm's cache and asks
 * the registry only for what is missing there.
 */
export const createConsumer = async (folder: string, tarballs: readonly string[]): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
};
