import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { amqpUrl, type BrokerOrigin, type TestBroker, type UserPermissions } from './broker.js';
import { TestBrokerError } from './errors.js';

const START_TIMEOUT_MS = 120_000;

/** A way to run RabbitMQ; everything else goes through `rabbitmqctl`. */
export interface BrokerProcess {
  readonly origin: BrokerOrigin;
  readonly host: string;
  readonly port: number;
  readonly running: boolean;
  start(): Promise<void>;
  kill(): Promise<void>;
  ctl(args: readonly string[]): Promise<string>;
  /** Returns the end of the log. */
  log(): Promise<string>;
  remove(): Promise<void>;
}

const waitUntilReady = async (process: BrokerProcess, url: string): Promise<void> => {
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
  throw new TestBrokerError('START_FAILED', `RabbitMQ did not start: ${await process.log()}`, last);
};

/** Starts the broker and returns the handle that tests use. */
export const startOwnedBroker = async (process: BrokerProcess): Promise<TestBroker> => {
  const { host, port } = process;
  const urlFor: TestBroker['urlFor'] = (other) =>
    amqpUrl({ host, port, username: 'guest', password: 'guest', vhost: '/', ...other });
  const url = urlFor({});
  let closing: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    await process.start();
    await waitUntilReady(process, url);
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
      await waitUntilReady(process, url);
    },
    async closeConnections(reason = 'closed by a test') {
      await ctl('close_all_connections', reason);
    },
    async closeChannels() {
      // Makes each channel handle an ack of a delivery that does not exist, which closes it with 406.
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
