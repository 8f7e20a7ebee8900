import type { PublisherOptions } from './options.js';
import type { Publisher } from './publisher.js';
import { resolveOptions } from './resolve-options.js';
import { WindowedPublisher } from './windowed-publisher.js';

/**
 * Connects, declares the topology, and resolves with an open publisher.
 *
 * It waits for a broker that is not there yet (see `connectAttempts`), and rejects when waiting does not help.
 * @throws PublisherError `INVALID_OPTIONS`, `INVALID_URL`, `UNREACHABLE`, `BAD_CREDENTIALS`, `VHOST_REFUSED`,
 * `ACCESS_REFUSED`, `TLS_FAILED`, `NOT_AMQP`, `TOPOLOGY_CONFLICT`; or the reason of `signal`
 */
export const createPublisher = async (options: PublisherOptions): Promise<Publisher> => {
  const publisher = new WindowedPublisher(resolveOptions(options));
  await publisher.start();
  return publisher;
};
