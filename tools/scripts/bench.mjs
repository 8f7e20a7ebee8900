#!/usr/bin/env node
// All benchmarks, one after the other, after an install and a build. `npm run bench -- --json FILE` also writes what was measured, by benchmark;
// `npm run bench -- --only publisher --rounds 3` runs one of them with options of its own. Rows are ratios within one run, since absolute
// figures on a shared machine mean little.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { install, pnpm } from './with-pnpm.mjs';

const BENCHMARKS = ['parser', 'publisher', 'downloader', 'extractor'];
/** Those that write their figures as JSON. */
const WITH_JSON = ['parser', 'publisher', 'extractor'];

const args = process.argv.slice(2);
const take = (option) => {
  const at = args.indexOf(option);
  return at === -1 ? undefined : args.splice(at, 2)[1];
};
const wantsOne = args.includes('--only');
const only = take('--only');
if (wantsOne && !BENCHMARKS.includes(only)) {
  console.error(`--only takes one of ${BENCHMARKS.join(', ')}`);
  process.exit(2);
}
const json = take('--json');

install();
pnpm('run', 'build');
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const measured = {};
for (const name of only ? [only] : BENCHMARKS) {
  console.log(`\n▶ ${name}\n`);
  const file = join(folder, `${name}.json`);
  pnpm(
    ...['--filter', `@discogs-extractor/${name}`, 'run', 'bench'],
    ...(json !== undefined && WITH_JSON.includes(name) ? ['--json', file] : []),
    ...(only || name === 'parser' ? args : []),
  );
  if (existsSync(file)) measured[name] = JSON.parse(readFileSync(file, 'utf8'));
}
rmSync(folder, { recursive: true, force: true });
if (json !== undefined) writeFileSync(resolve(json), `${JSON.stringify(measured, null, 2)}\n`);
