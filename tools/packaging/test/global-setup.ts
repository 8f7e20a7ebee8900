import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createConsumer } from '../src/consumer.js';
import { pack } from '../src/pack.js';
import { PACKAGES, SERVICE } from '../src/workspace.js';
import { type InstallationResult, projectName, RESULT_FILE } from './installed.js';

/** Packs every package and installs each in an empty project. */
const installAll = async (folder: string): Promise<Record<string, string>> => {
  const tarballs = await pack(PACKAGES, folder);
  for (const published of PACKAGES) {
    // The service's dependencies are not on the registry yet: they come as tarballs too.
    const needed = published === SERVICE ? PACKAGES : [published];
    await createConsumer(
      join(folder, projectName(published)),
      needed.map(({ name }) => tarballs[name]!),
    );
  }
  return tarballs;
};

/**
 * Packs and installs once for all tests, in the background while the tests of other projects run. The tests of this
 * project wait for the result file.
 */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), 'packaging-'));
  project.provide('installationFolder', folder);
  const report = async (result: InstallationResult): Promise<void> => {
    const path = join(folder, RESULT_FILE);
    await writeFile(`${path}.tmp`, JSON.stringify(result));
    await rename(`${path}.tmp`, path);
  };
  const installing = installAll(folder).then(
    (tarballs) => report({ tarballs }),
    (error: Error) => report({ failure: error.message }),
  );
  return async () => {
    await installing;
    await rm(folder, { recursive: true, force: true });
  };
};
