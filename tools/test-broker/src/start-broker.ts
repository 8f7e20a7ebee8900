import { amqpUrl, type TestBroker } from './broker.js';
import { canInstall } from './debian.js';
import { dockerAnswers, dockerProcess } from './docker-process.js';
import { TestBrokerError } from './errors.js';
import { findInstallation, install } from './installation.js';
import { nativeProcess } from './native-process.js';
import { ownBroker } from './owned-broker.js';

/** A broker that somebody else runs: it can be used, not injured. */
export const givenBroker = (url: string, ctl?: TestBroker['ctl']): TestBroker => {
  const parts = new URL(url);
  const host = parts.hostname;
  const port = Number(parts.port || 5672);
  const username = decodeURIComponent(parts.username || 'guest');
  const password = decodeURIComponent(parts.password || 'guest');
  const vhost = decodeURIComponent(parts.pathname.slice(1)) || '/';
  const notOwned = async (): Promise<never> => {
    throw new TestBrokerError(
      'NOT_OWNED',
      'This broker is shared or was given by TEST_AMQP_URL: a test that injures its broker needs its own (unset TEST_AMQP_URL).',
    );
  };
  const close = async (): Promise<void> => {};
  return {
    origin: 'given',
    url,
    host,
    port,
    urlFor: (other) => amqpUrl({ host, port, username, password, vhost, ...other }),
    ctl: ctl ?? notOwned,
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
    close,
    [Symbol.asyncDispose]: close,
  };
};

/**
 * A real RabbitMQ: the one that `TEST_AMQP_URL` names; else one started here from the installed server; else the
 * server is installed with `apt-get` (Debian, as root); else a container. It ends with this process.
 * @throws TestBrokerError `NO_BROKER`, `INSTALL_FAILED`, `START_FAILED`
 */
export const startBroker = async (): Promise<TestBroker> => {
  const given = process.env['TEST_AMQP_URL'];
  if (given) return givenBroker(given);
  return startOwnBroker();
};

/** Like {@link startBroker}, whatever `TEST_AMQP_URL` says: for tests that injure the broker. */
export const startOwnBroker = async (): Promise<TestBroker> => {
  const installation = (await findInstallation()) ?? ((await canInstall()) ? await install() : undefined);
  if (installation) return ownBroker(await nativeProcess(installation));
  if (await dockerAnswers()) return ownBroker(await dockerProcess());
  throw new TestBrokerError(
    'NO_BROKER',
    'The tests need a RabbitMQ. Install the server (Debian and Ubuntu: apt-get install rabbitmq-server; macOS: ' +
      'brew install rabbitmq), or start Docker, or set TEST_AMQP_URL to a broker that the tests may use.',
  );
};
