#!/usr/bin/env node
// Runs an example on a generated dump, after an install and a build: `npm run example -- count-by-genre`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { install, pnpm } from './with-pnpm.mjs';

install();
pnpm('run', 'build');
const runner = fileURLToPath(new URL('../../examples/run.js', import.meta.url));
const { status } = spawnSync(process.execPath, [runner, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
