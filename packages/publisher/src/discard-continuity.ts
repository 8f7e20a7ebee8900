import { type BrokerConnectionOptions, CONNECTION_OPTION_NAMES, withBroker } from './identify-broker.js';
import type { ExchangeOptions, QueueOptions } from './options.js';
import { checks, continuityToken, resolveTopology } from './resolve-options.js';
import { deleteContinuity } from './topology/continuity.js';

/** What {@link discardContinuity} accepts. */
export interface DiscardContinuityOptions extends BrokerConnectionOptions {
  /** The token that the publisher was given as `continuity.token`. */
  token: string;
  /** Its exchange. */
  exchange: string | ExchangeOptions;
  /** Its queues, with their routing keys and partitions: without these, bindings stay. */
  queues: readonly QueueOptions[];
}

const OPTION_NAMES: Readonly<Record<keyof DiscardContinuityOptions, true>> = {
  ...CONNECTION_OPTION_NAMES,
  token: true,
  exchange: true,
  queues: true,
};

/**
 * Removes the objects that a publisher with the option `continuity` has left on the broker, once nothing is to be
 * resumed with that token. Objects that are not there are no error.
 * @throws PublisherError like {@link identifyBroker}; `ACCESS_REFUSED`; `CONNECTION_LOST` if the connection ends before
 */
export const discardContinuity = async (options: DiscardContinuityOptions): Promise<void> => {
  const { token, exchange, queues, ...connection } = checks.object('', options, OPTION_NAMES);
  continuityToken('token', token);
  const topology = resolveTopology({ exchange, queues: checks.list('queues', queues) });
  await withBroker(connection, { exchange: `${token}.…` }, (publisher) =>
    publisher.request((channel) => deleteContinuity(channel, token, topology)),
  );
};
