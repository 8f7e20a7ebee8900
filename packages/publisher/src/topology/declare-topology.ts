import type { Channel, Replies } from 'amqplib';
import type { PublisherErrorFacts } from '../errors.js';
import type { ResolvedOptions, ResolvedQueue } from '../resolve-options.js';

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

/** An exchange and queues bound to it. */
export type Topology = Pick<ResolvedOptions, 'exchange' | 'queues'>;

/** The default exchange and the `amq.` exchanges always exist, and not every user may declare them. */
export const isBuiltIn = (exchange: string): boolean => exchange === '' || exchange.startsWith('amq.');

/**
 * Declares exchange, queues and bindings, and returns what the queues hold. What is expected is only checked.
 * @throws DeclarationError
 */
export const declareTopology = async (channel: Channel, { exchange, queues }: Topology): Promise<QueueReadings> => {
  await declareExchange(channel, exchange);
  const readings = new Map<string, QueueReading>();
  for (const queue of queues) {
    const { deadLetter } = queue;
    if (deadLetter) await declareTopology(channel, { exchange: deadLetter.exchange, queues: [deadLetter.queue] });
    readings.set(queue.name, await declareQueue(channel, exchange.name, queue));
    await bindQueue(channel, exchange.name, queue);
  }
  return readings;
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
  const { name } = topology.exchange;
  if (topology.declare === false) return new Map();
  if (name !== '') await withFacts({ exchange: name }, () => channel.checkExchange(name));
  return readQueues(channel, topology);
};

/**
 * Declares the bindings again, which restores those that were removed.
 * @throws DeclarationError
 */
export const rebindQueues = async (channel: Channel, { exchange, queues }: Topology): Promise<void> => {
  for (const queue of queues) await bindQueue(channel, exchange.name, queue);
};

const bindQueue = async (channel: Channel, exchange: string, queue: Topology['queues'][number]): Promise<void> => {
  for (const routingKey of queue.routingKeys) {
    await withFacts({ exchange, queue: queue.name, routingKey }, () =>
      channel.bindQueue(queue.name, exchange, routingKey),
    );
  }
};
