import { type BrokerConnectionOptions, CONNECTION_OPTION_NAMES, connectOnly } from './identify-broker.js';
import type { BrokerIdentity } from './publisher.js';
import { checks } from './resolve-options.js';
import { type QueueReading, readingOf } from './topology/declare-topology.js';
import { isMissing } from './topology/refusals.js';

/** What {@link inspectQueues} accepts. */
export interface InspectQueuesOptions extends BrokerConnectionOptions {
  /** The names of the queues. */
  queues: readonly string[];
}

/** The result of {@link inspectQueues}. */
export interface QueuesInspection {
  readonly broker: BrokerIdentity;
  /** By name; `undefined` for a queue that does not exist. */
  readonly queues: ReadonlyMap<string, QueueReading | undefined>;
}

const OPTION_NAMES: Readonly<Record<keyof InspectQueuesOptions, true>> = { ...CONNECTION_OPTION_NAMES, queues: true };

/**
 * Reads how many messages and consumers queues have. Declares, publishes and takes nothing.
 * @throws PublisherError like {@link identifyBroker}; a refusal to read a queue is the broker's own error
 */
export const inspectQueues = async (options: InspectQueuesOptions): Promise<QueuesInspection> => {
  const { queues, ...connection } = checks.object('', options, OPTION_NAMES);
  const names = checks.list('queues', queues).map((name) => checks.text('queues', name));
  await using publisher = await connectOnly(connection);
  const readings = new Map<string, QueueReading | undefined>();
  for (const name of names) {
    // The broker closes the channel on which a queue is missing.
    const reading = await publisher
      .request((channel) => channel.checkQueue(name))
      .then(readingOf)
      .catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
    readings.set(name, reading);
  }
  return { broker: publisher.broker, queues: readings };
};
