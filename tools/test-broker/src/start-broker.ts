import { amqpUrl, type TestBroker } from './broker.js';
import { dockerProcess, isDockerRunning } from './docker-process.js';
import { TestBrokerError } from './errors.js';
import { findOrInstall } from './installation.js';
import { leaseBroker } from './leased-broker.js';
import { nativeProcess } from './native-process.js';
import { startOwnedBroker } from './owned-broker.js';

/** Returns the handle of a broker that another process runs: tests may use it, but neither stop nor block it. */
export const externalBroker = (url: string, ctl?: TestBroker['ctl']): TestBroker => {
  const parts = new URL(url);
  const host = parts.hostname;
  const port = Number(parts.port || 5672);
  const username = decodeURIComponent(parts.username || 'guest');
  const password = decodeURIComponent(parts.password || 'guest');
  const vhost = decodeURIComponent(parts.pathname.slice(1)) || '/';
  const notOwned = async (): Promise<never> => {
    throw new TestBrokerError(
      'NOT_OWNED',
      'This broker is shared or named by TEST_AMQP_URL. A test that stops or blocks its broker needs its own: ' +
        'use startOwnBroker',
    );
  };
  const close = async (): Promise<void> => {};
  return {
    origin: 'external',
    url,
    host,
    port,
    urlFor: (other) => amqpUrl({ host, port, username, password, vhost, ...other }),
    ctl: ctl ?? notOwned,
    evaluate: notOwned,
    kill9: notOwned,
    start: notOwned,
    restart: notOwned,
    stopApp: notOwned,
    startApp: notOwned,
    closeConnections: notOwned,
    closeChannels: notOwned,
    setMemoryAlarm: notOwned,
    clearMemoryAlarm: notOwned,
    createVhost: notOwned,
    deleteVhost: notOwned,
    createUser: notOwned,
    deleteUser: notOwned,
    setPolicy: notOwned,
    deletePolicy: notOwned,
    enablePlugins: notOwned,
    close,
    [Symbol.asyncDispose]: close,
  };
};

/**
 * Returns a real RabbitMQ: the one that `TEST_AMQP_URL` names if it is set, otherwise one that is started from the
 * installed server, from a server that is installed with `apt-get` (Debian, as root), or in a container. A started
 * broker ends with this process.
 * @throws TestBrokerError `NO_BROKER`, `INSTALL_FAILED`, `START_FAILED`
 */
export const startBroker = async (): Promise<TestBroker> => {
  const url = process.env['TEST_AMQP_URL'];
  if (url) return externalBroker(url);
  return startOwnBroker();
};

/** The environment variable with the address of the test run's pool of brokers. */
export const POOL_VARIABLE = 'DISCOGS_EXTRACTOR_TEST_BROKER_POOL';

/**
 * Like {@link startBroker}, but ignores `TEST_AMQP_URL`: for tests that stop or block the broker. In a test run with a
 * pool, it borrows one that is as good as new.
 */
export const startOwnBroker = async (): Promise<TestBroker> => {
  const pool = process.env[POOL_VARIABLE];
  return pool ? leaseBroker(pool) : startNewBroker();
};

/** Like {@link startOwnBroker}, but never borrows: the broker ends with this process. */
export const startNewBroker = async (): Promise<TestBroker> => {
  const installation = await findOrInstall();
  if (installation) return startOwnedBroker(await nativeProcess(installation));
  if (await isDockerRunning()) return startOwnedBroker(await dockerProcess());
  throw new TestBrokerError(
    'NO_BROKER',
    'The tests need a RabbitMQ. Install the server (Debian and Ubuntu: apt-get install rabbitmq-server; macOS: ' +
      'brew install rabbitmq), or start Docker, or set TEST_AMQP_URL to a broker that the tests may use.',
  );
};
