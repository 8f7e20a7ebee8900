#!/usr/bin/env node
// `node tools/scripts/run.mjs SCRIPT…`: installs the dependencies, then runs these root scripts one after the other.
// Stops at the first that fails.
import { install, pnpm } from './workspace.mjs';

install();
for (const script of process.argv.slice(2)) pnpm('run', script);
