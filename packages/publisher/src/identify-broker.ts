import type { PublisherOptions } from './options.js';
import type { BrokerIdentity } from './publisher.js';
import { checks, resolveOptions } from './resolve-options.js';
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
