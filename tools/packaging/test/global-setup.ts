import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createConsumer } from '../src/consumer.js';
import { pack } from '../src/pack.js';
import { PACKAGES, SERVICE } from '../src/workspace.js';
import { projectName } from './installed.js';

/** Packs every package and installs each in an empty project, once for all tests. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), 'packaging-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const tarballs: Record<string, string> = {};
    for (const published of PACKAGES) tarballs[published.name] = await pack(published, folder);
    for (const published of PACKAGES) {
      // The service's dependencies have not been published yet: they come as tarballs too.
      const own = published === SERVICE ? PACKAGES : [published];
      await createConsumer(
        join(folder, projectName(published)),
        own.map(({ name }) => tarballs[name]!),
      );
    }
    project.provide('installed', { folder, tarballs });
    return remove;
  } catch (error) {
    await remove();
    throw error;
  }
};
