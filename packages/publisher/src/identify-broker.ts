import { createPublisher } from './create-publisher.js';
import type { PublisherOptions } from './options.js';
import type { BrokerIdentity } from './publisher.js';
import { checks } from './resolve-options.js';

/** What {@link identifyBroker} accepts: the options of a publisher that concern its connection. */
export type IdentifyBrokerOptions = Pick<
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

const OPTION_NAMES: Readonly<Record<keyof IdentifyBrokerOptions, true>> = {
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

/**
 * Connects, reads which broker this is, and disconnects. Declares and publishes nothing.
 *
 * It waits for a broker that is not there yet (see `connectAttempts`), and rejects when waiting does not help.
 * @throws PublisherError `INVALID_OPTIONS`, `INVALID_URL`, `UNREACHABLE`, `BAD_CREDENTIALS`, `VHOST_REFUSED`,
 * `TLS_FAILED`; or the reason of `signal`
 */
export const identifyBroker = async (options: IdentifyBrokerOptions): Promise<BrokerIdentity> => {
  checks.object('', options, OPTION_NAMES);
  // The default exchange always exists, so nothing is declared.
  await using publisher = await createPublisher({ ...options, exchange: '', topologyCheckIntervalMs: 0 });
  return publisher.broker;
};
