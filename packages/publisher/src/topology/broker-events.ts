import { randomBytes } from 'node:crypto';
import type { Channel, ConfirmChannel, Message } from 'amqplib';
import type { ResolvedOptions } from '../resolve-options.js';
import { bindingsOf } from './declare-topology.js';

/** Where RabbitMQ's plug-in rabbitmq_event_exchange publishes what happens on the broker. */
const EVENT_EXCHANGE = 'amq.rabbitmq.event';
const EVENTS = ['queue.deleted', 'exchange.deleted', 'binding.deleted', 'queue.policy.updated'];

/** Arguments of a policy that make a queue drop messages. */
const DROPPING_ARGUMENTS = ['max-length', 'max-length-bytes', 'message-ttl', 'expires'];

/** How long the broker may take to report an event, in milliseconds. */
const MAX_EVENT_DELAY_MS = 5_000;

/** What happened to the publisher's exchange and queues since the last look. */
export interface TopologyChanges {
  /** Its own, or those of partitions. */
  readonly deletedExchanges: Set<string>;
  readonly deletedQueues: Set<string>;
  readonly unboundQueues: Set<string>;
  /** Queues that got a policy which makes them drop messages. */
  readonly droppingQueues: Set<string>;
}

const noChanges = (): TopologyChanges => ({
  deletedExchanges: new Set(),
  deletedQueues: new Set(),
  unboundQueues: new Set(),
  droppingQueues: new Set(),
});

/** The connection on which events are received. */
export interface EventConnection {
  readonly ended: boolean;
  request<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T>;
  /** Opens another channel, which ends with the connection. */
  openChannel(): Promise<Channel>;
}

/**
 * Listens to the events of a broker with the plug-in rabbitmq_event_exchange. They tell what nothing else does: that a
 * binding was removed, or a queue declared again, even if it has consumers.
 */
export class BrokerEvents {
  readonly #options: ResolvedOptions;
  #channel: Channel | undefined;
  #queue = '';
  #changes = noChanges();
  readonly #fences = new Map<string, () => void>();

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** Whether the broker reports its events on the current connection. */
  get isListening(): boolean {
    return this.#channel !== undefined;
  }

  /** Listens on a new connection, if the broker has the plug-in, and the user may read from its exchange. */
  async listen(connection: EventConnection): Promise<void> {
    this.#channel = undefined;
    if (this.#options.topologyCheckIntervalMs === 0) return;
    try {
      await connection.request((channel) => channel.checkExchange(EVENT_EXCHANGE));
      const channel = await connection.openChannel();
      const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
      for (const event of EVENTS) await channel.bindQueue(queue, EVENT_EXCHANGE, event);
      await channel.consume(queue, (message) => message && this.#onEvent(message), { noAck: true });
      channel.once('close', () => {
        if (this.#channel === channel) this.#channel = undefined;
      });
      this.#queue = queue;
      this.#channel = channel;
    } catch (error) {
      // Without the plug-in or the permissions, there are no events.
      if (connection.ended) throw error;
    }
  }

  /** Returns everything that happened until now; `undefined` if the broker does not report it. */
  async take(): Promise<TopologyChanges | undefined> {
    const channel = this.#channel;
    if (!channel) return undefined;
    // Events are reported in their order, so after this one there is none that happened before.
    const fence = `fence.${randomBytes(8).toString('hex')}`;
    let timer: NodeJS.Timeout | undefined;
    const seen = new Promise<boolean>((resolve) => {
      this.#fences.set(fence, () => resolve(true));
      timer = setTimeout(() => resolve(false), MAX_EVENT_DELAY_MS);
      channel.once('close', () => resolve(false));
    });
    try {
      await channel.bindQueue(this.#queue, EVENT_EXCHANGE, fence);
      await channel.unbindQueue(this.#queue, EVENT_EXCHANGE, fence);
      if (!(await seen)) {
        this.#channel = undefined;
        return undefined;
      }
    } finally {
      clearTimeout(timer);
      this.#fences.delete(fence);
    }
    const changes = this.#changes;
    this.#changes = noChanges();
    return changes;
  }

  #onEvent({ fields: { routingKey: event }, properties: { headers = {} } }: Message): void {
    const { vhost, name, source_name: source, destination_name: destination, routing_key: key } = headers;
    if (event === 'binding.deleted' && source === EVENT_EXCHANGE) this.#fences.get(String(key))?.();
    if (vhost !== this.#options.address.vhost) return;
    const { exchange, queues, partitions } = this.#options;
    const changes = this.#changes;
    const isOurs = queues.some((queue) => queue.name === name);
    if (event === 'queue.deleted' && isOurs) changes.deletedQueues.add(name);
    const exchanges = [exchange.name, ...(partitions?.exchanges ?? []).map((each) => each.exchange.name)];
    if (event === 'exchange.deleted' && exchanges.includes(name)) changes.deletedExchanges.add(name);
    if (event === 'queue.policy.updated' && isOurs && hasDroppingArgument(headers['definition'])) {
      changes.droppingQueues.add(name);
    }
    if (event !== 'binding.deleted') return;
    const bindings =
      headers['destination_kind'] === 'queue'
        ? queues.filter((queue) => queue.name === destination).flatMap((queue) => bindingsOf(exchange.name, queue))
        : (partitions?.exchanges ?? [])
            .filter((each) => each.exchange.name === destination)
            .flatMap(({ routingKeys }) => routingKeys.map((routingKey) => ({ exchange: exchange.name, routingKey })));
    // A consistent-hash exchange gives the messages of a partition that it does not have to the others.
    const isSpread = partitions?.kind === 'hash' && source !== exchange.name;
    if (!isSpread && bindings.some((each) => each.exchange === source && each.routingKey === key)) {
      changes.unboundQueues.add(destination);
    }
  }
}

const hasDroppingArgument = (definition: unknown): boolean =>
  typeof definition === 'object' && definition !== null && DROPPING_ARGUMENTS.some((name) => name in definition);
