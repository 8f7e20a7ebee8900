#!/usr/bin/env node
// All benchmarks, one after the other, after an install and a build. `npm run bench -- --size 1000 --json FILE` passes options on to the
// parser's; `npm run bench -- --only publisher 5` runs one of them with its own. Rows are ratios within one run, since absolute
// figures on a shared machine mean little.
import { install, pnpm } from './with-pnpm.mjs';

const BENCHMARKS = ['parser', 'publisher', 'downloader'];

const args = process.argv.slice(2);
const at = args.indexOf('--only');
const only = at === -1 ? undefined : args.splice(at, 2)[1];
if (at !== -1 && !BENCHMARKS.includes(only)) {
  console.error(`--only takes one of ${BENCHMARKS.join(', ')}`);
  process.exit(2);
}

install();
pnpm('run', 'build');
for (const name of only ? [only] : BENCHMARKS) {
  console.log(`\n▶ ${name}\n`);
  pnpm('--filter', `@discogs-extractor/${name}`, 'run', 'bench', ...(only || name === 'parser' ? args : []));
}
