// Installs each package in an empty project and writes its size and number of dependencies into its README.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConsumer } from '../src/consumer.js';
import { formatSize, measureInstalled, readmeOf, replaceSize } from '../src/installed-size.js';
import { pack } from '../src/pack.js';
import { LIBRARIES, PACKAGES, SERVICE } from '../src/workspace.js';

const folder = await mkdtemp(join(tmpdir(), 'packaging-'));
try {
  const tarballs = await pack(PACKAGES, folder);
  for (const published of PACKAGES) {
    const own = published === SERVICE ? LIBRARIES.map(({ name }) => tarballs[name]!) : [];
    const project = join(folder, published.manifest.name.replace(/.*\//, 'in-'));
    await createConsumer(project, [tarballs[published.name]!, ...own]);
    const size = await measureInstalled(project);
    const path = readmeOf(published);
    await writeFile(path, replaceSize(await readFile(path, 'utf8'), size));
    console.log(`${published.name}: ${formatSize(size)}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
