#!/usr/bin/env node
// Runs root scripts on a machine that has only Node and npm: brings the pinned pnpm, installs what the
// lock file says, then runs the scripts given as arguments, one after the other, and stops at the first that fails.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { packageManager, engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: this project needs Node ${engines.node}.`);
  process.exit(1);
}

/** Runs pnpm in the root folder with its output shown; ends this process when it fails. */
export const pnpm = (...args) => {
  const command = process.platform === 'win32' ? 'npx.cmd' : 'npx';
  const { status, signal, error } = spawnSync(command, ['--yes', packageManager, ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', npm_config_loglevel: 'error' },
  });
  if (error) {
    console.error(`pnpm could not be started: ${error.message}. Is npm installed and on the PATH?`);
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? (signal ? 130 : 1));
};

export const install = () => pnpm('install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install();
  for (const script of process.argv.slice(2)) pnpm('run', script);
}
