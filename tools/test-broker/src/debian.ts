import { execFile } from 'node:child_process';
import { access, constants, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TestBrokerError } from './errors.js';

const run = promisify(execFile);

export const executable = async (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The folders of `PATH`. */
export const foldersOnPath = (): string[] =>
  (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.length > 0);

/** Whether this process may install Debian packages. */
export const canInstall = async (): Promise<boolean> =>
  process.getuid?.() === 0 && (await executable('/usr/bin/apt-get')) && (await executable('/usr/bin/dpkg'));

const LOCK = join(tmpdir(), 'discogs-extractor-apt.lock');
const LOCK_STALE_MS = 10 * 60_000;
const POLICY = '/usr/sbin/policy-rc.d';

/** Lets one process of the machine install at a time; the others wait and then find the package installed. */
const withInstallLock = async <T>(work: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      await mkdir(LOCK);
      break;
    } catch {
      const age = await stat(LOCK).then(
        (it) => Date.now() - it.mtimeMs,
        () => 0,
      );
      if (age > LOCK_STALE_MS) await rm(LOCK, { recursive: true, force: true });
      else await sleep(500);
    }
  }
  try {
    return await work();
  } finally {
    await rm(LOCK, { recursive: true, force: true });
  }
};

const apt = async (...args: string[]): Promise<void> => {
  // Another apt on the machine may hold dpkg's lock for a while; apt then waits for it.
  await run('/usr/bin/apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    maxBuffer: 64 << 20,
    timeout: 10 * 60_000,
  });
};

/**
 * Installs a Debian package unless `find` finds what is needed of it. Starts no service: tests start their own
 * processes, and a daemon would occupy its standard port.
 * @throws TestBrokerError `INSTALL_FAILED`
 */
export const installPackage = async <T>(name: string, find: () => Promise<T | undefined>): Promise<T> =>
  withInstallLock(async () => {
    const already = await find();
    if (already) return already;
    // Maintainer scripts run this file to learn whether they may start a service; status 101 forbids it.
    const ownPolicy = !(await executable(POLICY));
    if (ownPolicy) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    try {
      await apt('update');
      await apt('install', '--no-install-recommends', name);
    } catch (cause) {
      const output = String((cause as { stderr?: string }).stderr ?? cause).slice(-2000);
      throw new TestBrokerError('INSTALL_FAILED', `apt-get could not install ${name}: ${output}`, cause);
    } finally {
      if (ownPolicy) await rm(POLICY, { force: true });
    }
    const installed = await find();
    if (!installed) throw new TestBrokerError('INSTALL_FAILED', `${name} was installed but could not be found`);
    return installed;
  });

/**
 * Returns the path of a program that a test needs. Installs Debian's package if the program is missing and this process
 * may install packages.
 * @throws TestBrokerError `INSTALL_FAILED`, which names the package to install
 */
export const needProgram = async (program: string, debianPackage: string): Promise<string> => {
  const find = async (): Promise<string | undefined> => {
    for (const folder of foldersOnPath()) {
      const path = join(folder, program);
      if (await executable(path)) return path;
    }
    return undefined;
  };
  const found = await find();
  if (found !== undefined) return found;
  if (await canInstall()) return installPackage(debianPackage, find);
  throw new TestBrokerError(
    'INSTALL_FAILED',
    `This test needs the program ${program}. Install it (Debian package: ${debianPackage}), or run the tests as root ` +
      'on Debian or Ubuntu.',
  );
};
