import { type Channel, type ChannelModel, type ConfirmChannel, connect, credentials, type Message } from 'amqplib';
import { createDeferred } from '../deferred.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { checkTopology, declareTopology, type QueueReadings, readQueues } from '../topology/declare-topology.js';
import type { CheckedConnection } from '../topology/topology-check.js';
import type { OutboxEntry } from '../window/outbox.js';
import type { MessageTransport } from '../window/send-window.js';
import { createSender, type MessageSender } from '../wire/message-sender.js';
import { TagTable } from '../wire/tag-table.js';
import { loadTls } from './load-tls.js';

/** What the broker reports about messages. */
export interface DeliveryHandlers {
  /** The broker has the message and did not return it. */
  onAcked(entry: OutboxEntry, tag: number): void;
  onNacked(entry: OutboxEntry): void;
  onReturned(entry: OutboxEntry, replyCode: number): void;
  /** After each batch of the above. */
  onBatchSettled(): void;
  /** The session accepts messages again after `send` returned `false`. */
  onWritable(): void;
}

/** What a session reports. After `onEnded`, nothing more is reported. */
export interface SessionHandlers extends DeliveryHandlers {
  onBlocked(reason: string): void;
  onUnblocked(): void;
  onEnded(): void;
}

/** How long the broker may take to close the connection before the socket is cut. */
const MAX_CLOSE_MS = 2_000;

const noop = (): void => {};

/**
 * One connection with one confirm channel, from the TCP connect to its end; never reused. Whatever a dead connection
 * still emits stays in its session.
 */
export class Session implements MessageTransport, CheckedConnection {
  readonly epoch: number;
  readonly #options: ResolvedOptions;
  readonly #handlers: SessionHandlers;
  readonly #tags = new TagTable();
  /** Aborting destroys the socket at every stage, including the handshake, for which amqplib has no other way. */
  readonly #socket = new AbortController();
  readonly #endReason = createDeferred<unknown>();
  #model: ChannelModel | undefined;
  #channel: ConfirmChannel | undefined;
  #sender: MessageSender | undefined;
  #checkChannel: ConfirmChannel | undefined;
  #ended = false;
  #blocked = false;
  #confirms = 0;
  #lastProgress = 0;

  constructor(epoch: number, options: ResolvedOptions, handlers: SessionHandlers) {
    this.epoch = epoch;
    this.#options = options;
    this.#handlers = handlers;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves with the reason when the session ends on its own; never after {@link Session.close}. */
  get endReason(): Promise<unknown> {
    return this.#endReason.promise;
  }

  /** Whether the broker accepted the connection. */
  get isConnected(): boolean {
    return this.#model !== undefined;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** What the broker says about itself, while connected. */
  get serverProperties(): Readonly<Record<string, unknown>> {
    return this.#model?.connection.serverProperties ?? {};
  }

  get maxFrameBytes(): number {
    return this.#sender?.maxFrameBytes ?? Number.POSITIVE_INFINITY;
  }

  get outstanding(): number {
    return this.#tags.outstanding;
  }

  get lastTag(): number {
    return this.#tags.last;
  }

  /** Acks, nacks and returns that arrived on this connection. */
  get confirms(): number {
    return this.#confirms;
  }

  /** Milliseconds since the last confirm, or since the first message that is outstanding was sent. */
  get idleMs(): number {
    return performance.now() - this.#lastProgress;
  }

  /** Connects and opens the confirm channel. */
  async open(): Promise<void> {
    const { address, heartbeatMs, connectionName, tls, connectTimeoutMs } = this.#options;
    const { frameMax, channelMax, authMechanism } = address.parameters;
    const tlsOptions = address.protocol === 'amqps' ? await loadTls(tls) : {};
    const model = await connect(
      {
        protocol: address.protocol,
        hostname: address.hostname,
        port: address.port,
        username: address.username,
        password: address.password,
        // amqplib decodes it again.
        vhost: encodeURIComponent(address.vhost),
        heartbeat: heartbeatMs / 1_000,
        ...(frameMax !== undefined && { frameMax }),
        ...(channelMax !== undefined && { channelMax }),
      },
      {
        ...tlsOptions,
        ...(authMechanism === 'external' && { credentials: credentials.external() }),
        noDelay: true,
        timeout: connectTimeoutMs,
        signal: this.#socket.signal,
        ...(connectionName !== undefined && { clientProperties: { connection_name: connectionName } }),
      } as Parameters<typeof connect>[1] & { recovery?: never },
    );
    // amqplib emits errors even after the end, so these listeners are never removed.
    model.on('error', (error: Error) => this.end(error));
    model.on('close', (error?: Error) => this.end(error ?? new Error('Connection closed')));
    model.on('blocked', (reason: string) => {
      if (this.#ended) return;
      this.#blocked = true;
      this.#handlers.onBlocked(reason);
    });
    model.on('unblocked', () => {
      if (this.#ended) return;
      this.#blocked = false;
      this.#lastProgress = performance.now();
      this.#handlers.onUnblocked();
    });
    this.#model = model;
    if (this.#ended) this.#socket.abort();

    const channel = await model.createConfirmChannel();
    channel.on('error', (error: Error) => this.end(error));
    channel.on('close', () => this.end(new Error('Channel closed')));
    channel.on('ack', ({ deliveryTag, multiple }) => this.#onConfirm(deliveryTag, multiple, true));
    channel.on('nack', ({ deliveryTag, multiple }) => this.#onConfirm(deliveryTag, multiple, false));
    channel.on('return', (message) => this.#onReturn(message));
    this.#channel = channel;
    this.#sender = createSender(model, channel, this.#options, () => {
      if (!this.#ended) this.#handlers.onWritable();
    });
  }

  /**
   * Checks that the queues exist. After a loss, declaring a deleted queue again would hide that its messages are gone.
   */
  async assertQueuesExist(): Promise<void> {
    await this.request((channel) => readQueues(channel, this.#options));
  }

  async declareTopology(): Promise<QueueReadings> {
    const { declare } = this.#options;
    const channel = this.#channel as ConfirmChannel;
    const readings = await (declare === true ? declareTopology : checkTopology)(channel, this.#options);
    this.#lastProgress = performance.now();
    return readings;
  }

  async openChannel(): Promise<Channel> {
    const channel = await (this.#model as ChannelModel).createChannel();
    channel.on('error', noop);
    return channel;
  }

  async request<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
    return work(await this.#openCheckChannel());
  }

  send(entry: OutboxEntry): boolean {
    if (this.#tags.outstanding === 0) this.#lastProgress = performance.now();
    this.#tags.add(entry);
    try {
      return (this.#sender as MessageSender).send(entry);
    } catch (error) {
      // The channel is closed; its event follows.
      this.end(error);
      return false;
    }
  }

  /** Ends the session immediately. The first reason counts. */
  end(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    this.#handlers.onEnded();
    this.#endReason.resolve(reason);
  }

  /** Closes the connection in agreement with the broker, which has a short time to respond. Calls no handler. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#sender?.flush();
    const timeout = createDeferred();
    const timer = setTimeout(timeout.resolve, MAX_CLOSE_MS);
    const closed = async (): Promise<void> => this.#model?.close();
    await Promise.race([closed().catch(noop), timeout.promise]);
    clearTimeout(timer);
    this.#release();
  }

  /** When heartbeats are lost, amqplib ends the stream but keeps the socket, which would never close. */
  #release(): void {
    this.#socket.abort();
    this.#checkChannel = undefined;
  }

  async #openCheckChannel(): Promise<ConfirmChannel> {
    if (this.#checkChannel) return this.#checkChannel;
    const channel = await (this.#model as ChannelModel).createConfirmChannel();
    channel.on('error', noop);
    channel.on('close', () => {
      if (this.#checkChannel === channel) this.#checkChannel = undefined;
    });
    this.#checkChannel = channel;
    return channel;
  }

  #onConfirm(deliveryTag: number, multiple: boolean, isAck: boolean): void {
    if (this.#ended) return;
    this.#confirms++;
    const handlers = this.#handlers;
    this.#tags.take(deliveryTag, multiple, (entry, tag) => {
      if (entry.returned) return;
      if (isAck) handlers.onAcked(entry, tag);
      else handlers.onNacked(entry);
    });
    this.#lastProgress = performance.now();
    handlers.onBatchSettled();
  }

  /**
   * A return has no delivery tag, but the whole message: it is the oldest outstanding one with the same routing key, id
   * and body. If several are equal, it does not matter which. A return that matches no message must not let one count
   * as confirmed, so the oldest of all is taken.
   */
  #onReturn(message: Message): void {
    if (this.#ended) return;
    this.#confirms++;
    const { exchange, routingKey, replyCode } = message.fields as unknown as {
      exchange: string;
      routingKey: string;
      replyCode: number;
    };
    const { messageId } = message.properties as { messageId?: string };
    const isReturned = (entry: OutboxEntry): boolean =>
      !entry.returned &&
      entry.routingKey === routingKey &&
      (entry.own?.exchange ?? this.#options.exchange.name) === exchange &&
      entry.messageId === messageId &&
      entry.body.equals(message.content);
    const entry = this.#tags.find(isReturned) ?? this.#tags.find((other) => !other.returned);
    if (!entry) return;
    entry.returned = true;
    this.#handlers.onReturned(entry, replyCode);
  }
}
