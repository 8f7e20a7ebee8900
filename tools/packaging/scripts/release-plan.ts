// Shows what `npm run release` would publish: what the changesets will make, or, without any, the versions that are not
// tagged as released. Changes nothing and sends no requests to a registry.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from '../src/pack.js';
import { findVersionedReleases, planReleases, readTarball } from '../src/release-plan.js';

const folder = await mkdtemp(join(tmpdir(), 'release-'));
try {
  const planned = await planReleases();
  const releases = planned.length > 0 ? planned : await findVersionedReleases();
  if (planned.length === 0) {
    const result = releases.length > 0 ? 'these versions, which no tag marks as released' : 'nothing';
    console.log(`There are no changesets: a release would publish ${result}.`);
  }
  const tarballs = await pack(
    releases.map(({ published }) => published),
    folder,
  );
  for (const { published, from, to, changes } of releases) {
    const { bytes, files } = await readTarball(tarballs[published.name]!);
    console.log(`\n${published.name} ${from === to ? to : `${from} → ${to}`}`);
    for (const change of changes) console.log(`  - ${change.replaceAll('\n', '\n    ')}`);
    console.log(`  ${(bytes / 1000).toFixed(0)} kB: ${files.join(', ')}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
