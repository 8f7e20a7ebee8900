#!/usr/bin/env node
// `npm run example -- NAME`: runs one of examples/ on a generated dump.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureSetup, ROOT } from './workspace.mjs';

ensureSetup();
const runner = join(ROOT, 'examples/run.mjs');
const { status } = spawnSync(process.execPath, [runner, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
