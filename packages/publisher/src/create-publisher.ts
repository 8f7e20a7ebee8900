import { type PublisherOptions, resolveOptions } from './options.js';
import type { Publisher } from './publisher.js';
import { WindowedPublisher } from './windowed-publisher.js';

/**
 * Connects, declares the topology, and resolves with a publisher that is open.
 *
 * A broker that is not there yet is waited for (see `connectAttempts`); what will not mend by waiting rejects.
 * @throws PublisherError `INVALID_OPTIONS`, `INVALID_URL`, `UNREACHABLE`, `BAD_CREDENTIALS`, `VHOST_REFUSED`,
 * `ACCESS_REFUSED`, `TLS_FAILED`, `TOPOLOGY_CONFLICT`; or the reason of `signal`
 */
export const createPublisher = async (options: PublisherOptions): Promise<Publisher> => {
  const publisher = new WindowedPublisher(resolveOptions(options));
  await publisher.start();
  return publisher;
};
