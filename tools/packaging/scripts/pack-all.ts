// Packs every published package into a folder: `pack-all.ts FOLDER`.
import { resolve } from 'node:path';
import { pack } from '../src/pack.js';
import { PACKAGES } from '../src/workspace.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('Usage: pack-all.ts FOLDER');
  process.exit(2);
}
for (const tarball of Object.values(await pack(PACKAGES, resolve(folder)))) console.log(tarball);
