#!/usr/bin/env node
// `npm run bench`: runs all benchmarks, one after the other. Rows are ratios within one run, since absolute figures on
// a shared machine mean little.
//   npm run bench -- --json FILE                     also writes the measurements, by benchmark
//   npm run bench -- --only publisher --rounds 3     runs one benchmark, with its own options
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pnpm, setup } from './workspace.mjs';

const BENCHMARKS = ['parser', 'data-quality', 'publisher', 'downloader', 'changes', 'extractor'];
/** The benchmarks that can write their measurements as JSON. */
const WITH_JSON = ['parser', 'data-quality', 'publisher', 'changes', 'extractor'];

const args = process.argv.slice(2);
const takeOption = (option) => {
  const at = args.indexOf(option);
  return at === -1 ? undefined : args.splice(at, 2)[1];
};
const hasOnly = args.includes('--only');
const only = takeOption('--only');
if (hasOnly && !BENCHMARKS.includes(only)) {
  console.error(`--only takes one of ${BENCHMARKS.join(', ')}`);
  process.exit(2);
}
const json = takeOption('--json');

setup();
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const measurements = {};
for (const name of only ? [only] : BENCHMARKS) {
  console.log(`\n▶ ${name}\n`);
  const file = join(folder, `${name}.json`);
  pnpm(
    ...['--filter', `@discogs-extractor/${name}`, 'run', 'bench'],
    ...(json !== undefined && WITH_JSON.includes(name) ? ['--json', file] : []),
    ...(only || name === 'parser' ? args : []),
  );
  if (existsSync(file)) measurements[name] = JSON.parse(readFileSync(file, 'utf8'));
}
rmSync(folder, { recursive: true, force: true });
if (json !== undefined) writeFileSync(resolve(json), `${JSON.stringify(measurements, null, 2)}\n`);
