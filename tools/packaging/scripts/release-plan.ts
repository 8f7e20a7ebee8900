// Shows what `npm run release` would publish once the changesets have become versions. Changes nothing and sends no
// requests to a registry.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from '../src/pack.js';
import { planReleases, readTarball } from '../src/release-plan.js';

const folder = await mkdtemp(join(tmpdir(), 'release-'));
try {
  const releases = await planReleases();
  if (releases.length === 0) {
    console.log('There are no changesets: a release would publish only versions that are not on npm yet.');
  }
  const tarballs = await pack(
    releases.map(({ published }) => published),
    folder,
  );
  for (const { published, from, to, changes } of releases) {
    const { bytes, files } = await readTarball(tarballs[published.name]!);
    console.log(`\n${published.name} ${from} → ${to}`);
    for (const change of changes) console.log(`  - ${change.replaceAll('\n', '\n    ')}`);
    console.log(`  ${(bytes / 1000).toFixed(0)} kB: ${files.join(', ')}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
