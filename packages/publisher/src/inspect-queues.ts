import type { Channel } from 'amqplib';
import { type BrokerConnectionOptions, CONNECTION_OPTION_NAMES, connectOnly } from './identify-broker.js';
import type { BrokerIdentity } from './publisher.js';
import { checks } from './resolve-options.js';
import { type QueueReading, readingOf } from './topology/declare-topology.js';
import { isMissing } from './topology/refusals.js';

/** What {@link inspectQueues} accepts. */
export interface InspectQueuesOptions extends BrokerConnectionOptions {
  /** The names of the queues. */
  queues: readonly string[];
  /** The names of exchanges to look for. @default [] */
  exchanges?: readonly string[] | undefined;
}

/** The result of {@link inspectQueues}. */
export interface QueuesInspection {
  readonly broker: BrokerIdentity;
  /** By name; `undefined` for a queue that does not exist. */
  readonly queues: ReadonlyMap<string, QueueReading | undefined>;
  /** The names of those exchanges that exist. */
  readonly exchanges: ReadonlySet<string>;
}

const OPTION_NAMES: Readonly<Record<keyof InspectQueuesOptions, true>> = {
  ...CONNECTION_OPTION_NAMES,
  queues: true,
  exchanges: true,
};

/**
 * Reads how many messages and consumers queues have, and which exchanges exist. Declares, publishes and takes nothing.
 * @throws PublisherError like {@link identifyBroker}; a refusal to read a queue or an exchange is the broker's own error
 */
export const inspectQueues = async (options: InspectQueuesOptions): Promise<QueuesInspection> => {
  const { queues, exchanges = [], ...connection } = checks.object('', options, OPTION_NAMES);
  const queueNames = checks.list('queues', queues).map((name) => checks.text('queues', name));
  const exchangeNames = checks.list('exchanges', exchanges).map((name) => checks.text('exchanges', name));
  await using publisher = await connectOnly(connection);
  // The broker closes the channel on which something is missing.
  const unlessMissing = <T>(work: (channel: Channel) => Promise<T>): Promise<T | undefined> =>
    publisher.request(work).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
  const readings = new Map<string, QueueReading | undefined>();
  for (const name of queueNames) {
    const reply = await unlessMissing((channel) => channel.checkQueue(name));
    readings.set(name, reply && readingOf(reply));
  }
  const existing = new Set<string>();
  for (const name of exchangeNames) {
    if (await unlessMissing((channel) => channel.checkExchange(name))) existing.add(name);
  }
  return { broker: publisher.broker, queues: readings, exchanges: existing };
};
