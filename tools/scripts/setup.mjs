#!/usr/bin/env node
// `npm run setup`: installs the dependencies and builds every package.
import { setup } from './workspace.mjs';

setup();
console.log('\nReady. Try `npm run demo`, or `node apps/extractor/dist/cli.js --help`.');
