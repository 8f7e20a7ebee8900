// Shows what `npm run release` would publish once the changesets have become versions. Nothing is changed, nobody is asked.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { look, planReleases } from '../src/release-plan.js';

const folder = await mkdtemp(join(tmpdir(), 'release-'));
try {
  const releases = await planReleases();
  if (releases.length === 0) console.log('There are no changesets: only versions that are not published yet would be.');
  for (const { published, from, to, changes } of releases) {
    const { bytes, files } = await look(published, folder);
    console.log(`\n${published.name} ${from} → ${to}`);
    for (const change of changes) console.log(`  - ${change.replaceAll('\n', '\n    ')}`);
    console.log(`  ${(bytes / 1000).toFixed(0)} kB: ${files.join(', ')}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
