import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { executable, foldersOnPath, installPackage } from './debian.js';

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

/** The RabbitMQ on this machine, or `undefined`. */
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
export const install = (): Promise<Installation> => installPackage('rabbitmq-server', findInstallation);
