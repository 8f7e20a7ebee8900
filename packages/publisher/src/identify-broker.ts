import { parseBrokerUrls } from './broker-address.js';
import { PublisherError, type PublisherErrorFacts } from './errors.js';
import type { PublisherOptions } from './options.js';
import type { BrokerIdentity } from './publisher.js';
import { createRedact, redactedCause } from './redact.js';
import { checks, resolveOptions } from './resolve-options.js';
import { explainDeclarationRefusal } from './topology/refusals.js';
import { WindowedPublisher } from './windowed-publisher.js';

/** The options of a publisher that concern its connection. */
export type BrokerConnectionOptions = Pick<
  PublisherOptions,
  | 'url'
  | 'backoff'
  | 'connectAttempts'
  | 'connectTimeoutMs'
  | 'heartbeatMs'
  | 'connectionName'
  | 'tls'
  | 'signal'
  | 'onEvent'
>;

/** The names of {@link BrokerConnectionOptions}. */
export const CONNECTION_OPTION_NAMES: Readonly<Record<keyof BrokerConnectionOptions, true>> = {
  url: true,
  backoff: true,
  connectAttempts: true,
  connectTimeoutMs: true,
  heartbeatMs: true,
  connectionName: true,
  tls: true,
  signal: true,
  onEvent: true,
};

/** Connects and declares nothing: the default exchange always exists. */
export const connectOnly = async (options: BrokerConnectionOptions): Promise<WindowedPublisher> => {
  const publisher = new WindowedPublisher(resolveOptions({ ...options, exchange: '', topologyCheckIntervalMs: 0 }));
  await publisher.start();
  return publisher;
};

/**
 * Runs `work` with a connection of its own.
 * @param facts - of the error for what the broker refuses
 * @throws PublisherError those of {@link identifyBroker}, `ACCESS_REFUSED`, `CONNECTION_LOST`; those of `work`
 */
export const withBroker = async <T>(
  options: BrokerConnectionOptions,
  facts: PublisherErrorFacts,
  work: (publisher: WindowedPublisher) => Promise<T>,
): Promise<T> => {
  await using publisher = await connectOnly(options);
  try {
    return await work(publisher);
  } catch (error) {
    if (error instanceof PublisherError) throw error;
    const redact = createRedact(parseBrokerUrls(options.url));
    const cause = redactedCause(redact, error);
    const broker = publisher.broker.display;
    throw (
      explainDeclarationRefusal(error, redact, { broker, ...facts }) ??
      new PublisherError('CONNECTION_LOST', `The connection with ${broker} ended: ${cause.message}`, {
        facts: { broker, ...facts },
        cause,
      })
    );
  }
};

/**
 * Connects, reads which broker this is, and disconnects. Declares and publishes nothing.
 *
 * It waits for a broker that is not there yet (see `connectAttempts`), and rejects when waiting does not help.
 * @throws PublisherError `INVALID_OPTIONS`, `INVALID_URL`, `UNREACHABLE`, `BAD_CREDENTIALS`, `VHOST_REFUSED`,
 * `TLS_FAILED`, `NOT_AMQP`; or the reason of `signal`
 */
export const identifyBroker = async (options: BrokerConnectionOptions): Promise<BrokerIdentity> => {
  checks.object('', options, CONNECTION_OPTION_NAMES);
  await using publisher = await connectOnly(options);
  return publisher.broker;
};
