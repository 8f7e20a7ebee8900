import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestBrokerError } from './errors.js';
import { findFreePorts } from './ports.js';
import { startTethered, type TetheredProcess } from './tethered-process.js';

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/**
 * What Erlang nodes need to find each other: a cookie and a port mapper (epmd) of their own. They neither see nor
 * disturb others on the machine. A node without a port mapper would start one that keeps running as a daemon.
 */
export interface ErlangNetwork {
  /** A folder that is removed at the end. */
  readonly folder: string;
  readonly cookie: string;
  readonly env: NodeJS.ProcessEnv;
  /** Starts the port mapper unless it is running. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Prepares a network on the loopback interface. */
export const createErlangNetwork = async (): Promise<ErlangNetwork> => {
  const folder = await mkdtemp(join(tmpdir(), 'test-broker-'));
  const [port] = (await findFreePorts(1)) as [number];
  const env = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(port),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  let epmd: TetheredProcess | undefined;
  let starting: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    const log = join(folder, 'epmd.log');
    epmd = await startTethered('epmd', ['-port', String(port), '-address', '127.0.0.1'], env, log);
    for (let tries = 0; tries < 200; tries++) {
      if (await isListening(port)) return;
      await sleep(25);
    }
    throw new TestBrokerError('START_FAILED', 'The Erlang port mapper (epmd) did not start');
  };

  return {
    folder,
    cookie: randomBytes(16).toString('hex'),
    env,
    start: () => {
      if (epmd && !epmd.running) starting = undefined;
      starting ??= start();
      return starting;
    },
    close: async () => {
      await epmd?.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
