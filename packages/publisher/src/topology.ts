import type { Channel } from 'amqplib';
import type { PublisherErrorFacts } from './errors.js';
import type { ResolvedOptions } from './options.js';

/** What a queue said of itself. */
export interface QueueReading {
  /** Messages ready for delivery. */
  readonly messages: number;
  readonly consumers: number;
}

/** Readings by queue name. */
export type QueueReadings = ReadonlyMap<string, QueueReading>;

/** A refused declaration, with what was being declared. */
export class DeclarationError extends Error {
  readonly facts: PublisherErrorFacts;

  constructor(facts: PublisherErrorFacts, cause: unknown) {
    super('declaration refused', { cause });
    this.facts = facts;
  }
}

const concerning = async <T>(facts: PublisherErrorFacts, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw new DeclarationError(facts, error);
  }
};

/** An exchange and queues bound to it. */
export type Topology = Pick<ResolvedOptions, 'exchange' | 'queues'>;

/** The broker's default exchange and its `amq.` ones are there already and cannot be declared by everybody. */
const isBuiltIn = (exchange: string): boolean => exchange === '' || exchange.startsWith('amq.');

/**
 * Declares exchange, queues and bindings, and answers what the queues hold.
 * @throws DeclarationError
 */
export const declareTopology = async (channel: Channel, { exchange, queues }: Topology): Promise<QueueReadings> => {
  const { name, type, durable, autoDelete } = exchange;
  if (!isBuiltIn(name)) {
    await concerning({ exchange: name }, () =>
      channel.assertExchange(name, type, { durable, autoDelete, arguments: exchange.arguments }),
    );
  }
  const readings = new Map<string, QueueReading>();
  for (const queue of queues) {
    const facts = { exchange: name, queue: queue.name };
    const options = { durable: queue.durable, arguments: queue.arguments };
    const reply = await concerning(facts, () => channel.assertQueue(queue.name, options));
    readings.set(queue.name, { messages: reply.messageCount, consumers: reply.consumerCount });
    for (const routingKey of queue.routingKeys) {
      await concerning({ ...facts, routingKey }, () => channel.bindQueue(queue.name, name, routingKey));
    }
  }
  return readings;
};

/**
 * Looks whether the queues are there, changing nothing. A missing one costs the channel.
 * @throws DeclarationError
 */
export const readQueues = async (channel: Channel, { exchange, queues }: Topology): Promise<QueueReadings> => {
  const readings = new Map<string, QueueReading>();
  for (const queue of queues) {
    const facts = { exchange: exchange.name, queue: queue.name };
    const reply = await concerning(facts, () => channel.checkQueue(queue.name));
    readings.set(queue.name, { messages: reply.messageCount, consumers: reply.consumerCount });
  }
  return readings;
};

/**
 * Restores bindings that may have been lost unseen.
 * @throws DeclarationError
 */
export const rebindQueues = async (channel: Channel, { exchange, queues }: Topology): Promise<void> => {
  for (const queue of queues) {
    for (const routingKey of queue.routingKeys) {
      const facts = { exchange: exchange.name, queue: queue.name, routingKey };
      await concerning(facts, () => channel.bindQueue(queue.name, exchange.name, routingKey));
    }
  }
};
