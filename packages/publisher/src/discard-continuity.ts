import { MAX_PARTITIONS, partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
import { type BrokerConnectionOptions, CONNECTION_OPTION_NAMES, withBroker } from './identify-broker.js';
import { checks, continuityToken } from './resolve-options.js';
import { deleteContinuity } from './topology/continuity.js';

/** What {@link discardContinuity} accepts. */
export interface DiscardContinuityOptions extends BrokerConnectionOptions {
  /** The token that the publisher was given as `continuity.token`. */
  token: string;
  /** The names of its queues. */
  queues: readonly string[];
  /** The number of partitions that each of them has. @default 1 */
  partitions?: number | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof DiscardContinuityOptions, true>> = {
  ...CONNECTION_OPTION_NAMES,
  token: true,
  queues: true,
  partitions: true,
};

/**
 * Removes the objects that a publisher with the option `continuity` has left on the broker, once nothing is to be
 * resumed with that token. Objects that are not there are no error.
 * @throws PublisherError like {@link identifyBroker}; `ACCESS_REFUSED`; `CONNECTION_LOST` if the connection ends before
 */
export const discardContinuity = async (options: DiscardContinuityOptions): Promise<void> => {
  const { token, queues, partitions = 1, ...connection } = checks.object('', options, OPTION_NAMES);
  continuityToken('token', token);
  checks.wholeNumber('partitions', partitions, { min: 1, max: MAX_PARTITIONS });
  // With partitions, there is one for the exchange of this name too.
  const names = checks
    .list('queues', queues)
    .flatMap((name) => [...new Set([checks.text('queues', name), ...partitionQueueNames(name, partitions)])]);
  await withBroker(connection, { exchange: `${token}.…` }, (publisher) =>
    publisher.request((channel) => deleteContinuity(channel, token, names)),
  );
};
