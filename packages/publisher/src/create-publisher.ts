import { awaitExpected } from './await-expected.js';
import type { PublisherOptions } from './options.js';
import type { Publisher } from './publisher.js';
import { resolveOptions } from './resolve-options.js';
import { WindowedPublisher } from './windowed-publisher.js';

/**
 * Connects, declares the topology, and resolves with an open publisher.
 *
 * It waits for a broker that is not there yet (see `connectAttempts`), and for what other programs declare (see
 * `expectTimeoutMs`); it rejects when waiting does not help.
 * @throws PublisherError `INVALID_OPTIONS`, `INVALID_URL`, `UNREACHABLE`, `BAD_CREDENTIALS`, `VHOST_REFUSED`,
 * `ACCESS_REFUSED`, `TLS_FAILED`, `NOT_AMQP`, `TOPOLOGY_CONFLICT`, `TOPOLOGY_MISSING`, `TOPOLOGY_LOST`; or the reason of `signal`
 */
export const createPublisher = async (options: PublisherOptions): Promise<Publisher> => {
  const resolved = resolveOptions(options);
  await awaitExpected(resolved);
  const publisher = new WindowedPublisher(resolved);
  await publisher.start();
  return publisher;
};
