import type { Channel, ChannelModel, ConfirmChannel, Message } from 'amqplib';
import { createDeferred } from '../deferred.js';
import type { BrokerNode, ResolvedOptions } from '../resolve-options.js';
import { checkTopology, declareTopology, type QueueReadings, readQueues } from '../topology/declare-topology.js';
import type { CheckedConnection } from '../topology/topology-check.js';
import type { OutboxEntry } from '../window/outbox.js';
import type { MessageTransport } from '../window/send-window.js';
import { createSender, type MessageSender } from '../wire/message-sender.js';
import { TagTable } from '../wire/tag-table.js';
import { type Connecting, type ConnectionSource, MAX_CLOSE_MS, type OpenConnection } from './open-connection.js';

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

/**
 * On a connection, the broker handles a request after the messages that were sent before it. With more of them than this
 * in flight, requests get a connection of their own.
 */
const MAX_OUTSTANDING_BEFORE_REQUEST = 100;

const noop = (): void => {};

/** Bytes that arrived on a connection. */
const bytesReadOn = ({ model }: OpenConnection): number | undefined =>
  (model.connection as unknown as { stream?: { bytesRead?: number } }).stream?.bytesRead;

/**
 * One confirm channel, from the TCP connect to its end; never reused. Its connection is its own, or one that it shares
 * with the sessions of other publishers and leaves at its end. Whatever a dead connection still emits stays in its
 * session.
 *
 * If its connection is its own, it gets a second one for requests when it has many messages in flight. It ends with
 * either of them.
 */
export class Session implements MessageTransport, CheckedConnection {
  readonly epoch: number;
  readonly #options: ResolvedOptions;
  readonly #connections: ConnectionSource;
  readonly #handlers: SessionHandlers;
  readonly #tags = new TagTable();
  /** Aborting destroys the socket of a connection of its own at every stage, and ends the wait for a shared one. */
  readonly #abort = new AbortController();
  readonly #endReason = createDeferred<unknown>();
  #connecting: Connecting | undefined;
  #connection: OpenConnection | undefined;
  #checkConnecting: Promise<void> | undefined;
  /** The second connection, once it is open. */
  #checkModel: ChannelModel | undefined;
  #bytesRead: number | undefined;
  /** Removes the listeners from the connection. */
  #unlisten = noop;
  /** The channels that are open. */
  readonly #channels = new Set<Channel>();
  #channel: ConfirmChannel | undefined;
  #sender: MessageSender | undefined;
  #checkChannel: ConfirmChannel | undefined;
  #ended = false;
  #blocked = false;
  #confirms = 0;
  #lastProgress = 0;

  constructor(epoch: number, options: ResolvedOptions, connections: ConnectionSource, handlers: SessionHandlers) {
    this.epoch = epoch;
    this.#options = options;
    this.#connections = connections;
    this.#handlers = handlers;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves with the reason when the session ends on its own; never after {@link Session.close}. */
  get endReason(): Promise<unknown> {
    return this.#endReason.promise;
  }

  /** The node that it connects to, or is connected to, once that is chosen. */
  get node(): BrokerNode | undefined {
    return this.#connecting?.node;
  }

  /** Whether the broker accepted the connection. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** What the broker says about itself, while connected. */
  get serverProperties(): Readonly<Record<string, unknown>> {
    return this.#connection?.model.connection.serverProperties ?? {};
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

  /** Begins to connect to the next node, and returns that. */
  connect(): BrokerNode {
    this.#connecting = this.#connections.connect(this.#abort.signal);
    return this.#connecting.node;
  }

  /** Completes the connection and opens the confirm channel. */
  async open(): Promise<void> {
    const connection = await (this.#connecting as Connecting).opened;
    this.#connection = connection;
    this.#bytesRead = bytesReadOn(connection);
    this.#listen(connection);
    if (this.#ended) this.#release();

    const channel = await this.#open((model) => model.createConfirmChannel());
    channel.on('error', (error: Error) => this.end(error));
    channel.on('close', () => this.end(new Error('Channel closed')));
    channel.on('ack', ({ deliveryTag, multiple }) => this.#onConfirm(deliveryTag, multiple, true));
    channel.on('nack', ({ deliveryTag, multiple }) => this.#onConfirm(deliveryTag, multiple, false));
    channel.on('return', (message) => this.#onReturn(message));
    this.#channel = channel;
    this.#sender = createSender(connection.model, channel, this.#options, () => {
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
    const declare = this.#options.declare === true ? declareTopology : checkTopology;
    const readings = await declare(this.#channel as ConfirmChannel, this.#options);
    this.#lastProgress = performance.now();
    return readings;
  }

  async openChannel(): Promise<Channel> {
    return this.#open((model) => model.createChannel());
  }

  async request<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
    return work(await this.#openCheckChannel());
  }

  send(entry: OutboxEntry): boolean {
    if (this.#tags.outstanding === 0) this.#lastProgress = performance.now();
    entry.returned = false;
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

  /** Ends the session because the broker took too long, and a shared connection as well if nothing arrived on it. */
  endUnresponsive(reason: Error): void {
    const connection = this.#connection;
    this.end(reason);
    if (connection && bytesReadOn(connection) === this.#bytesRead) this.#connections.cut?.(connection, reason);
  }

  /**
   * Closes connection or channels in agreement with the broker, which has a short time to respond. Calls no handler.
   */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#sender?.flush();
    this.#sender?.close();
    const timeout = createDeferred();
    const timer = setTimeout(timeout.resolve, MAX_CLOSE_MS);
    const closed = async (): Promise<unknown> =>
      this.#isShared
        ? Promise.all(this.#closeChannels())
        : Promise.all([this.#connection?.model.close(), this.#checkModel?.close()]);
    await Promise.race([closed().catch(noop), timeout.promise]);
    clearTimeout(timer);
    this.#release();
  }

  get #isShared(): boolean {
    return this.#connections.cut !== undefined;
  }

  /** When heartbeats are lost, amqplib ends the stream but keeps the socket, which would never close. */
  #release(): void {
    this.#abort.abort();
    this.#sender?.close();
    this.#checkChannel = undefined;
    this.#unlisten();
    if (this.#isShared) this.#closeChannels();
  }

  #closeChannels(): Promise<unknown>[] {
    const channels = [...this.#channels];
    this.#channels.clear();
    // One that is closed already, or whose connection is, rejects.
    return channels.map(async (channel) => channel.close().catch(noop));
  }

  #listen({ model, blockedReason }: OpenConnection): void {
    const listeners = {
      error: (error: Error) => this.end(error),
      close: (error?: Error) => this.end(error ?? new Error('Connection closed')),
      blocked: (reason: string) => {
        if (this.#ended) return;
        this.#blocked = true;
        this.#handlers.onBlocked(reason);
      },
      unblocked: () => {
        if (this.#ended) return;
        this.#blocked = false;
        this.#lastProgress = performance.now();
        this.#handlers.onUnblocked();
      },
    };
    for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
    this.#unlisten = () => {
      for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
    };
    // A shared connection may be blocked already.
    if (blockedReason !== undefined) listeners.blocked(blockedReason);
  }

  /** Opens a channel that ends with the session. @param model - of the connection. @default that of the messages */
  async #open<T extends Channel>(
    create: (model: ChannelModel) => Promise<T>,
    model = (this.#connection as OpenConnection).model,
  ): Promise<T> {
    const channel = await create(model);
    this.#channels.add(channel);
    // The broker has closed it: closing it again would be an error of the whole connection.
    const forget = (): boolean => this.#channels.delete(channel);
    channel.on('error', forget);
    channel.on('close', forget);
    if (this.#ended) this.#release();
    return channel;
  }

  async #openCheckChannel(): Promise<ConfirmChannel> {
    if (this.#checkModel === undefined && this.outstanding > MAX_OUTSTANDING_BEFORE_REQUEST) {
      this.#checkConnecting ??= this.#connectForChecks();
      await this.#checkConnecting;
    }
    if (this.#checkChannel) return this.#checkChannel;
    const channel = await this.#open((model) => model.createConfirmChannel(), this.#checkModel);
    channel.on('close', () => {
      if (this.#checkChannel === channel) this.#checkChannel = undefined;
    });
    this.#checkChannel = channel;
    return channel;
  }

  /** Without a second connection, such as with a limit of connections, checks take longer, which does no harm. */
  async #connectForChecks(): Promise<void> {
    const connection = await this.#connections
      .connectForChecks?.((this.#connecting as Connecting).node, this.#abort.signal)
      .catch(noop);
    if (!connection) return;
    const { model } = connection;
    this.#checkModel = model;
    this.#checkChannel = undefined;
    const end = (error?: Error): void => this.end(error ?? new Error('Connection closed'));
    model.on('error', end);
    model.on('close', end);
    if (this.#ended) this.#release();
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
