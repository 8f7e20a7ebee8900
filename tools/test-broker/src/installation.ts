import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canInstall, executable, foldersOnPath, installPackage } from './debian.js';

/** The scripts of an installed RabbitMQ. */
export interface Installation {
  readonly server: string;
  readonly ctl: string;
}

/**
 * Debian's scripts in /usr/sbin are wrappers that change user and folder, so the folder of the real ones comes first.
 * The others are those of Homebrew and the generic archive.
 */
const KNOWN_FOLDERS = [
  '/usr/lib/rabbitmq/bin',
  '/opt/homebrew/opt/rabbitmq/sbin',
  '/usr/local/opt/rabbitmq/sbin',
  '/opt/rabbitmq/sbin',
];

/** Finds the RabbitMQ that is installed on this machine. */
export const findInstallation = async (): Promise<Installation | undefined> => {
  for (const folder of [...KNOWN_FOLDERS, ...foldersOnPath()]) {
    const server = join(folder, 'rabbitmq-server');
    if (!(await executable(server))) continue;
    const real = await realpath(server);
    const ctl = join(dirname(real), 'rabbitmqctl');
    if (await executable(ctl)) return { server: real, ctl };
  }
  return undefined;
};

/**
 * Installs Debian's rabbitmq-server without starting it.
 * @throws TestBrokerError `INSTALL_FAILED`
 */
const install = (): Promise<Installation> => installPackage('rabbitmq-server', findInstallation);

/**
 * Finds the RabbitMQ of this machine, or installs it where that is possible.
 * @throws TestBrokerError `INSTALL_FAILED`
 */
export const findOrInstall = async (): Promise<Installation | undefined> =>
  (await findInstallation()) ?? ((await canInstall()) ? install() : undefined);
