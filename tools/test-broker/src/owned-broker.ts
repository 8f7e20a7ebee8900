import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { amqpUrl, type BrokerOrigin, type TestBroker, type UserPermissions } from './broker.js';
import { TestBrokerError } from './errors.js';

const START_TIMEOUT_MS = 120_000;

/** What a way of running RabbitMQ must offer; the rest is `rabbitmqctl`. */
export interface BrokerProcess {
  readonly origin: BrokerOrigin;
  readonly host: string;
  readonly port: number;
  readonly running: boolean;
  start(): Promise<void>;
  kill(): Promise<void>;
  ctl(args: readonly string[]): Promise<string>;
  /** The end of the log. */
  log(): Promise<string>;
  remove(): Promise<void>;
}

const untilReady = async (process: BrokerProcess, url: string): Promise<void> => {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let last: unknown;
  while (Date.now() < deadline) {
    if (!process.running) break;
    try {
      const connection = await connect(url, { timeout: 5_000 });
      connection.on('error', () => {});
      await connection.close();
      return;
    } catch (error) {
      last = error;
      await sleep(50);
    }
  }
  throw new TestBrokerError('START_FAILED', `RabbitMQ did not come up: ${await process.log()}`, last);
};

/** Drives a broker that belongs to this process. */
export const ownBroker = async (process: BrokerProcess): Promise<TestBroker> => {
  const { host, port } = process;
  const urlFor: TestBroker['urlFor'] = (other) =>
    amqpUrl({ host, port, username: 'guest', password: 'guest', vhost: '/', ...other });
  const url = urlFor({});
  let closing: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    await process.start();
    await untilReady(process, url);
  };
  const ctl = (...args: string[]): Promise<string> => process.ctl(args);
  const evaluate = (expression: string): Promise<string> => ctl('eval', expression);
  const close = async (): Promise<void> => {
    closing ??= process.kill().then(() => process.remove());
    await closing;
  };

  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }

  return {
    origin: process.origin,
    url,
    host,
    port,
    urlFor,
    ctl,
    start,
    kill9: () => process.kill(),
    async restart() {
      await process.kill();
      await start();
    },
    async stopApp() {
      await ctl('stop_app');
    },
    async startApp() {
      await ctl('start_app');
      await untilReady(process, url);
    },
    async closeConnections(reason = 'closed by a test') {
      await ctl('close_all_connections', reason);
    },
    async closeChannels() {
      // The channels are made to handle what no client of theirs sent: an ack of a delivery that never was (406).
      await evaluate(`[rabbit_channel:do(P, {'basic.ack', 77777, false}) || P <- rabbit_channel:list()].`);
    },
    async setMemoryAlarm() {
      await ctl('set_vm_memory_high_watermark', 'absolute', '1');
    },
    async clearMemoryAlarm() {
      await ctl('set_vm_memory_high_watermark', '0.6');
    },
    async createVhost(name) {
      await ctl('add_vhost', name);
      await ctl('set_permissions', '-p', name, 'guest', '.*', '.*', '.*');
    },
    async deleteVhost(name) {
      await ctl('delete_vhost', name);
    },
    async createUser(name: string, password: string, permissions: UserPermissions = {}) {
      const { vhost = '/', configure = '.*', write = '.*', read = '.*' } = permissions;
      await ctl('add_user', name, password);
      await ctl('set_permissions', '-p', vhost, name, configure, write, read);
    },
    async deleteUser(name) {
      await ctl('delete_user', name);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
