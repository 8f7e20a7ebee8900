import { execFile } from 'node:child_process';
import { access, constants, mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TestBrokerError } from './errors.js';

const run = promisify(execFile);

/** Where an installed RabbitMQ has its real scripts. */
export interface Installation {
  readonly server: string;
  readonly ctl: string;
}

/**
 * Debian's /usr/sbin scripts are wrappers that change user and folder; the real ones come first.
 * The others are Homebrew's and the generic archive's places.
 */
const KNOWN_FOLDERS = [
  '/usr/lib/rabbitmq/bin',
  '/opt/homebrew/opt/rabbitmq/sbin',
  '/usr/local/opt/rabbitmq/sbin',
  '/opt/rabbitmq/sbin',
];

const executable = async (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The RabbitMQ on this machine, or `undefined`. */
export const findInstallation = async (): Promise<Installation | undefined> => {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.length > 0);
  for (const folder of [...KNOWN_FOLDERS, ...onPath]) {
    const server = join(folder, 'rabbitmq-server');
    if (!(await executable(server))) continue;
    const real = await realpath(server);
    const ctl = join(dirname(real), 'rabbitmqctl');
    if (await executable(ctl)) return { server: real, ctl };
  }
  return undefined;
};

/** Whether this process may install Debian packages. */
export const canInstall = async (): Promise<boolean> =>
  process.getuid?.() === 0 && (await executable('/usr/bin/apt-get')) && (await executable('/usr/bin/dpkg'));

const LOCK = join(tmpdir(), 'discogs-extractor-apt.lock');
const LOCK_STALE_MS = 10 * 60_000;
const POLICY = '/usr/sbin/policy-rc.d';

/** One installer at a time on a machine: the others wait and then find it installed. */
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
  // Another apt on the machine holds dpkg's lock for a while: apt itself waits.
  await run('/usr/bin/apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    maxBuffer: 64 << 20,
    timeout: 10 * 60_000,
  });
};

/**
 * Installs Debian's rabbitmq-server without starting it: tests start their own, and a daemon that nobody asked for
 * would take the standard port.
 * @throws TestBrokerError `INSTALL_FAILED`
 */
export const install = async (): Promise<Installation> =>
  withInstallLock(async () => {
    const already = await findInstallation();
    if (already) return already;
    // Maintainer scripts ask this file whether they may start a service; 101 says no.
    const ownPolicy = !(await executable(POLICY));
    if (ownPolicy) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    try {
      await apt('update');
      await apt('install', '--no-install-recommends', 'rabbitmq-server');
    } catch (cause) {
      const said = String((cause as { stderr?: string }).stderr ?? cause).slice(-2000);
      throw new TestBrokerError('INSTALL_FAILED', `apt-get could not install rabbitmq-server: ${said}`, cause);
    } finally {
      if (ownPolicy) await rm(POLICY, { force: true });
    }
    const installed = await findInstallation();
    if (!installed) throw new TestBrokerError('INSTALL_FAILED', 'rabbitmq-server was installed but is not found');
    return installed;
  });
