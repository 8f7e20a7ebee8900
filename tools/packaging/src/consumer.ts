import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from './run-process.js';

/**
 * Makes a project that has nothing but the packages of some tarballs, and what they depend on.
 * Only what npm has not kept from earlier is asked of the registry.
 */
export const createConsumer = async (folder: string, tarballs: readonly string[]): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
};
