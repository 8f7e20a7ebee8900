// What the root scripts share. They run on a machine that has only Node and npm: pnpm comes in the version that
// package.json pins.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const EXTRACTOR_CLI = join(ROOT, 'apps/extractor/dist/cli.js');
export const SAMPLE_DUMPS_CLI = join(ROOT, 'tools/sample-dumps/dist/cli.js');

const { packageManager, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const [major, minor] = process.versions.node.split('.').map(Number);
// What `engines` says: `require()` of ES modules came with 20.19 and 22.12, and not to 21.
const isSupported = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
if (!isSupported) {
  console.error(`Node ${process.versions.node} is not supported: this project needs Node ${engines.node}`);
  process.exit(1);
}

/** Runs pnpm in the root folder and shows its output. Ends this process if pnpm fails. */
export const pnpm = (...args) => {
  const command = process.platform === 'win32' ? 'npx.cmd' : 'npx';
  const { status, signal, error } = spawnSync(command, ['--yes', packageManager, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', npm_config_loglevel: 'error' },
  });
  if (error) {
    console.error(`Could not start pnpm: ${error.message}. Check that npm is installed and on the PATH`);
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? (signal ? 130 : 1));
};

/** Installs the dependencies that the lock file names. */
export const install = () => pnpm('install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only');

/** Installs the dependencies and builds every package. */
export const setup = () => {
  install();
  pnpm('run', 'build');
};

/** Runs `setup` unless the command line has been built before. */
export const ensureSetup = () => {
  if (!existsSync(EXTRACTOR_CLI) || !existsSync(SAMPLE_DUMPS_CLI)) setup();
};
