#!/usr/bin/env node
// Publishes every package whose version is not published yet; the release workflow calls it. `npm run release -- --dry-run` shows
// what the next release would publish.
import { install, pnpm } from './with-pnpm.mjs';

const args = process.argv.slice(2);
const dry = args.includes('--dry-run');
if (args.some((arg) => arg !== '--dry-run')) {
  console.error('usage: npm run release [-- --dry-run]');
  process.exit(2);
}

install();
pnpm('run', 'build');
if (dry) pnpm('--filter', '@discogs-extractor/packaging', 'run', 'release-plan');
else pnpm('exec', 'changeset', 'publish');
