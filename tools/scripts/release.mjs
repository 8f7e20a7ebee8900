#!/usr/bin/env node
// `npm run release`: publishes every package whose version is not on npm yet; the release workflow calls it.
// `npm run release -- --dry-run` shows what the next release would publish.
import { pnpm, setup } from './workspace.mjs';

const args = process.argv.slice(2);
const isDryRun = args.includes('--dry-run');
if (args.some((arg) => arg !== '--dry-run')) {
  console.error('Usage: npm run release [-- --dry-run]');
  process.exit(2);
}

setup();
if (isDryRun) pnpm('--filter', '@discogs-extractor/packaging', 'run', 'release-plan');
else pnpm('exec', 'changeset', 'publish');
