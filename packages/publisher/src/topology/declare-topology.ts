import type { Channel, Replies } from 'amqplib';
import type { PublisherErrorFacts } from '../errors.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { PartitionBinding, ResolvedQueue } from '../resolved-topology.js';

/** What a queue reports about itself. */
export interface QueueReading {
  /**
   * Messages ready for delivery: those that consumers hold without having acknowledged them are not among them. A stream
   * reports all that it keeps, some seconds late.
   */
  readonly messages: number;
  readonly consumers: number;
}

/** What the broker replies to a declaration of a queue, passive or not. */
export const readingOf = ({ messageCount, consumerCount }: Replies.AssertQueue): QueueReading => ({
  messages: messageCount,
  consumers: consumerCount,
});

/** Readings by queue name. */
export type QueueReadings = ReadonlyMap<string, QueueReading>;

/** A declaration that the broker refused. `facts` say what was being declared. */
export class DeclarationError extends Error {
  readonly facts: PublisherErrorFacts;

  constructor(facts: PublisherErrorFacts, cause: unknown) {
    super('The declaration was refused', { cause });
    this.facts = facts;
  }
}

const withFacts = async <T>(facts: PublisherErrorFacts, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw new DeclarationError(facts, error);
  }
};

/** An exchange and queues bound to it; `partitions` have exchanges of their own in between. */
export type Topology = Pick<ResolvedOptions, 'exchange' | 'queues' | 'partitions'>;

/** The default exchange and the `amq.` exchanges always exist, and not every user may declare them. */
export const isBuiltIn = (exchange: string): boolean => exchange === '' || exchange.startsWith('amq.');

/**
 * Declares exchange, queues and bindings, and returns what the queues hold. What is expected is only checked.
 * @throws DeclarationError
 */
export const declareTopology = async (
  channel: Channel,
  { exchange, queues, partitions }: Topology,
): Promise<QueueReadings> => {
  await declareExchange(channel, exchange);
  for (const each of partitions?.exchanges ?? []) await declareExchange(channel, each.exchange);
  const readings = new Map<string, QueueReading>();
  for (const queue of queues) {
    const { deadLetter } = queue;
    if (deadLetter) {
      await declareTopology(channel, { ...deadLetter, queues: [deadLetter.queue], partitions: undefined });
    }
    readings.set(queue.name, await declareQueue(channel, exchange.name, queue));
    await bindQueue(channel, exchange.name, queue);
  }
  // Only now, there is a queue for each message.
  await bindPartitionExchanges(channel, { exchange, partitions });
  return readings;
};

/** The part of a topology that a queue is in: the queue itself, or all partitions of the one of this name. */
export const topologyOfQueue = ({ exchange, queues, partitions }: Topology, queue: string): Topology => ({
  exchange,
  queues: queues.filter(({ name, partition }) => name === queue || partition?.exchange === queue),
  partitions: partitions && {
    ...partitions,
    exchanges: partitions.exchanges.filter((each) => each.exchange.name === queue),
  },
});

/**
 * Deletes the consistent-hash exchanges of partitions, to be declared again. They distribute messages by the order in
 * which partitions were bound, and a broker that starts again, or a partition that is declared again, changes it. One
 * that is declared again has it as before, so that a key stays in its partition.
 * @throws DeclarationError also if one is an exchange of another type
 */
export const deletePartitionExchanges = async (
  channel: Channel,
  { partitions }: Pick<Topology, 'partitions'>,
): Promise<void> => {
  if (partitions?.kind !== 'hash') return;
  for (const { exchange } of partitions.exchanges) {
    await declareExchange(channel, exchange);
    await withFacts({ exchange: exchange.name }, () => channel.deleteExchange(exchange.name));
  }
};

const declareExchange = async (channel: Channel, exchange: Topology['exchange']): Promise<void> => {
  const { name, type, durable, autoDelete, arguments: args } = exchange;
  if (isBuiltIn(name)) return;
  await withFacts({ exchange: name }, () =>
    exchange.isExpected
      ? channel.checkExchange(name)
      : channel.assertExchange(name, type, { durable, autoDelete, arguments: args }),
  );
};

const declareQueue = async (channel: Channel, exchange: string, queue: ResolvedQueue): Promise<QueueReading> => {
  const { name, durable, arguments: args } = queue;
  const reply = await withFacts({ exchange, queue: name }, () =>
    queue.isExpected ? channel.checkQueue(name) : channel.assertQueue(name, { durable, arguments: args }),
  );
  return readingOf(reply);
};

/**
 * Reads the queues without changing anything. If one is missing, the broker closes the channel.
 * @throws DeclarationError
 */
export const readQueues = async (channel: Channel, { exchange, queues }: Topology): Promise<QueueReadings> => {
  const readings = new Map<string, QueueReading>();
  for (const queue of queues) {
    const facts = { exchange: exchange.name, queue: queue.name };
    const reply = await withFacts(facts, () => channel.checkQueue(queue.name));
    readings.set(queue.name, readingOf(reply));
  }
  return readings;
};

/**
 * Checks that exchange and queues exist, if they are to be checked, and returns what the queues hold.
 * @throws DeclarationError
 */
export const checkTopology = async (
  channel: Channel,
  topology: Topology & Pick<ResolvedOptions, 'declare'>,
): Promise<QueueReadings> => {
  if (topology.declare === false) return new Map();
  const exchanges = [topology.exchange, ...(topology.partitions?.exchanges ?? []).map(({ exchange }) => exchange)];
  for (const { name } of exchanges) {
    if (name !== '') await withFacts({ exchange: name }, () => channel.checkExchange(name));
  }
  return readQueues(channel, topology);
};

/**
 * Declares the bindings again, which restores those that were removed.
 * @throws DeclarationError
 */
export const rebindQueues = async (channel: Channel, topology: Topology): Promise<void> => {
  for (const queue of topology.queues) await bindQueue(channel, topology.exchange.name, queue);
  await bindPartitionExchanges(channel, topology);
};

const bindPartitionExchanges = async (
  channel: Channel,
  { exchange, partitions }: Pick<Topology, 'exchange' | 'partitions'>,
): Promise<void> => {
  for (const { exchange: destination, routingKeys } of partitions?.exchanges ?? []) {
    for (const routingKey of routingKeys) {
      await withFacts({ exchange: destination.name, routingKey }, () =>
        channel.bindExchange(destination.name, exchange.name, routingKey),
      );
    }
  }
};

const bindQueue = async (channel: Channel, exchange: string, queue: ResolvedQueue): Promise<void> => {
  const { name } = queue;
  for (const { exchange: source, routingKey, arguments: args } of bindingsOf(exchange, queue)) {
    await withFacts({ exchange: source, queue: name, routingKey }, () =>
      channel.bindQueue(name, source, routingKey, args),
    );
  }
};

/** The bindings of a queue: to the publisher's exchange, and to that of the partitions it belongs to. */
export const bindingsOf = (exchange: string, { routingKeys, partition }: ResolvedQueue): PartitionBinding[] => [
  ...routingKeys.map((routingKey) => ({ exchange, routingKey, arguments: {} })),
  ...(partition ? [partition] : []),
];
