#!/usr/bin/env node
// All benchmarks, one after the other, after an install and a build: `npm run bench -- [--only NAME] [options of that benchmark]`.
// Rows are ratios within one run, since absolute figures on a shared machine mean little.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { install, pnpm } from './with-pnpm.mjs';

const BENCHMARKS = {
  parser: 'packages/parser/bench/main.mjs',
  publisher: 'packages/publisher/bench/bench.mjs',
};

const args = process.argv.slice(2);
const at = args.indexOf('--only');
const only = at === -1 ? undefined : args.splice(at, 2)[1];
if (only !== undefined && !(only in BENCHMARKS)) {
  console.error(`--only takes one of ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}

install();
pnpm('run', 'build');
for (const [name, script] of Object.entries(BENCHMARKS)) {
  if (only !== undefined && only !== name) continue;
  console.log(`\n▶ ${name}\n`);
  const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
  const { status } = spawnSync(process.execPath, [path, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
