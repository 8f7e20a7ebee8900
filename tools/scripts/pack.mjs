#!/usr/bin/env node
// `npm run pack`: packs every published package as a tarball in `tarballs/`, for use before a release.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm, ROOT, setup } from './workspace.mjs';

const folder = join(ROOT, 'tarballs');

setup();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
pnpm('--filter', '@discogs-extractor/packaging', 'run', 'pack-all', folder);
