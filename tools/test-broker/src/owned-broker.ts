import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { amqpUrl, type BrokerOrigin, type TestBroker, type UserPermissions } from './broker.js';
import { TestBrokerError } from './errors.js';

const START_TIMEOUT_MS = 120_000;

/** A way to run RabbitMQ. */
export interface BrokerProcess {
  readonly origin: BrokerOrigin;
  readonly host: string;
  readonly port: number;
  readonly running: boolean;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Runs `rabbitmqctl`. */
  ctl(args: readonly string[]): Promise<string>;
  /** Evaluates an Erlang expression on the broker's node. */
  evaluate(expression: string): Promise<string>;
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

/** Text as an Erlang binary, whatever characters it has. */
const binary = (text: string): string => `<<${[...Buffer.from(text)].join(',')}>>`;

/** The name under which changes appear in the broker's log, in Erlang. */
export const ACTOR = binary('test');
/** May do everything. */
export const ALL_PERMISSIONS = { configure: '.*', write: '.*', read: '.*' } as const;

/** The Erlang expression that gives a user permissions. */
export const permissionsOf = (
  user: string,
  vhost: string,
  { configure, write, read }: typeof ALL_PERMISSIONS | UserPermissions,
): string =>
  `ok = rabbit_auth_backend_internal:set_permissions(${[user, vhost, configure!, write!, read!].map(binary).join()}, ${ACTOR})`;

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
  const evaluate = (expression: string): Promise<string> => process.evaluate(expression);
  const setMemoryLimit = async (limit: string): Promise<void> => {
    // The alarm is raised or cleared in the background. A call of the process that does so waits until it has informed
    // the connections: one that publishes before would not be blocked.
    await evaluate(`vm_memory_monitor:set_vm_memory_high_watermark(${limit}), rabbit_alarm:get_alarms().`);
  };
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
    evaluate,
    async stopApp() {
      await evaluate('rabbit:stop().');
    },
    async startApp() {
      await evaluate('rabbit:start().');
      await waitUntilReady(process, url);
    },
    async closeConnections(reason = 'closed by a test') {
      // A connection may end by itself in the meantime: closing it again is no failure.
      await evaluate(
        `[catch rabbit_networking:close_connection(C, ${JSON.stringify(reason)}) || C <- rabbit_networking:connections()].`,
      );
    },
    async closeChannels() {
      // Makes each channel handle an ack of a delivery that does not exist, which closes it with 406.
      await evaluate(`[rabbit_channel:do(C, {'basic.ack', 77777, false}) || C <- rabbit_channel:list()].`);
    },
    setMemoryAlarm: () => setMemoryLimit('{absolute, 1}'),
    clearMemoryAlarm: () => setMemoryLimit('0.6'),
    async createVhost(name) {
      await evaluate(
        `ok = rabbit_vhost:add(${binary(name)}, ${ACTOR}), ${permissionsOf('guest', name, ALL_PERMISSIONS)}.`,
      );
    },
    async deleteVhost(name) {
      await evaluate(`rabbit_vhost:delete(${binary(name)}, ${ACTOR}).`);
    },
    async createUser(name: string, password: string, permissions: UserPermissions = {}) {
      const { vhost = '/', ...patterns } = permissions;
      await evaluate(
        `ok = rabbit_auth_backend_internal:add_user(${binary(name)}, ${binary(password)}, ${ACTOR}),
         ${permissionsOf(name, vhost, { ...ALL_PERMISSIONS, ...patterns })}.`,
      );
    },
    async deleteUser(name) {
      await evaluate(`rabbit_auth_backend_internal:delete_user(${binary(name)}, ${ACTOR}).`);
    },
    async setPolicy(name, pattern, definition) {
      const [priority, applyTo] = ['0', 'queues'];
      const parts = ['/', name, pattern, JSON.stringify(definition), priority, applyTo].map(binary);
      await evaluate(`ok = rabbit_policy:parse_set(${parts.join()}, ${ACTOR}).`);
    },
    async deletePolicy(name) {
      await evaluate(`rabbit_policy:delete(${binary('/')}, ${binary(name)}, ${ACTOR}).`);
    },
    async enablePlugins(...names) {
      await evaluate(
        `{ok, File} = application:get_env(rabbit, enabled_plugins_file),
         ok = file:write_file(File, "[${names.join()}]."),
         {ok, _, _} = rabbit_plugins:ensure(File).`,
      );
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
