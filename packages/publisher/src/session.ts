import { type Channel, type ChannelModel, type ConfirmChannel, connect, type Message } from 'amqplib';
import { createSender, type MessageSender } from './message-sender.js';
import type { ResolvedOptions } from './options.js';
import type { Entry } from './outbox.js';
import { TagTable } from './tag-table.js';
import { declareTopology, type QueueReadings, readQueues } from './topology.js';

/** What a session tells the publisher. After `ended`, nothing more comes. */
export interface SessionHandlers {
  /** The broker has the message and did not return it. */
  acked(entry: Entry, tag: number): void;
  nacked(entry: Entry): void;
  returned(entry: Entry, replyCode: number): void;
  /** After each batch of the above. */
  settledSome(): void;
  blocked(reason: string): void;
  unblocked(): void;
  /** The channel takes messages again after `send` answered `false`. */
  writable(): void;
  ended(reason: unknown): void;
}

/** How long a broker may take to say goodbye before the socket is cut. */
const GOODBYE_MS = 2_000;

const noop = (): void => {};

/**
 * One connection with one confirm channel, from the TCP connect to its end; never reused. Whatever a dead
 * connection still emits stays in its session.
 */
export class Session {
  readonly epoch: number;
  readonly tags = new TagTable();
  readonly #options: ResolvedOptions;
  readonly #handlers: SessionHandlers;
  /** Aborting destroys the socket in every stage, the handshake included, which amqplib has no other way for. */
  readonly #socket = new AbortController();
  #model: ChannelModel | undefined;
  #channel: ConfirmChannel | undefined;
  #sender: MessageSender | undefined;
  #checkChannel: Channel | undefined;
  #ended = false;
  #blocked = false;
  #confirms = 0;

  constructor(epoch: number, options: ResolvedOptions, handlers: SessionHandlers) {
    this.epoch = epoch;
    this.#options = options;
    this.#handlers = handlers;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Acks, nacks and returns that came on this connection. */
  get confirms(): number {
    return this.#confirms;
  }

  /** Connects and opens the confirm channel. */
  async open(): Promise<void> {
    const { address, heartbeat, connectionName, tls, connectTimeout } = this.#options;
    const model = await connect(
      {
        protocol: address.protocol,
        hostname: address.hostname,
        port: address.port,
        username: address.username,
        password: address.password,
        // amqplib unescapes this again.
        vhost: encodeURIComponent(address.vhost),
        heartbeat,
      },
      {
        ...tls,
        noDelay: true,
        timeout: connectTimeout,
        signal: this.#socket.signal,
        ...(connectionName !== undefined && { clientProperties: { connection_name: connectionName } }),
      } as Parameters<typeof connect>[1] & { recovery?: never },
    );
    // amqplib re-emits errors that nobody may be listening to any more: these listeners stay.
    model.on('error', (error: Error) => this.end(error));
    model.on('close', (error?: Error) => this.end(error ?? new Error('connection closed')));
    model.on('blocked', (reason: string) => {
      if (this.#ended) return;
      this.#blocked = true;
      this.#handlers.blocked(reason);
    });
    model.on('unblocked', () => {
      if (this.#ended) return;
      this.#blocked = false;
      this.#handlers.unblocked();
    });
    this.#model = model;
    if (this.#ended) this.#socket.abort();

    const channel = await model.createConfirmChannel();
    channel.on('error', (error: Error) => this.end(error));
    channel.on('close', () => this.end(new Error('channel closed')));
    channel.on('ack', ({ deliveryTag, multiple }) => this.#onConfirm(deliveryTag, multiple, true));
    channel.on('nack', ({ deliveryTag, multiple }) => this.#onConfirm(deliveryTag, multiple, false));
    channel.on('return', (message) => this.#onReturn(message));
    this.#channel = channel;
    this.#sender = createSender(model, channel, this.#options, () => {
      if (!this.#ended) this.#handlers.writable();
    });
  }

  /** Looks for the queues without touching them: after a loss, one that is gone is found before it is made anew. */
  async findQueues(): Promise<void> {
    const channel = await this.#auxiliary();
    await readQueues(channel, this.#options);
  }

  declare(): Promise<QueueReadings> {
    return declareTopology(this.#channel as ConfirmChannel, this.#options);
  }

  /** Runs `work` on a channel of its own, since a refused question costs the channel it was asked on. */
  async ask<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    return work(await this.#auxiliary());
  }

  /** Sends a message under the next delivery tag. `false`: the message is taken, but wait for `writable`. */
  send(entry: Entry): boolean {
    this.tags.add(entry);
    try {
      return (this.#sender as MessageSender).send(entry);
    } catch (error) {
      // The channel is closed, and its event on the way.
      this.end(error);
      return false;
    }
  }

  /** Ends the session at once. The first reason counts. */
  end(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    this.#handlers.ended(reason);
  }

  /** Says goodbye to the broker, waiting for its answer for a short time, and tells no handler. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#sender?.flush();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_MS);
    });
    const goodbye = async (): Promise<void> => {
      await this.#model?.close();
    };
    await Promise.race([goodbye().catch(noop), patience]);
    clearTimeout(timer);
    this.#release();
  }

  /** After a heartbeat loss, amqplib ends the stream but leaves the socket; a stalled peer would keep it for ever. */
  #release(): void {
    this.#socket.abort();
    this.#checkChannel = undefined;
  }

  async #auxiliary(): Promise<Channel> {
    if (this.#checkChannel) return this.#checkChannel;
    const channel = await (this.#model as ChannelModel).createChannel();
    channel.on('error', noop);
    channel.on('close', () => {
      if (this.#checkChannel === channel) this.#checkChannel = undefined;
    });
    this.#checkChannel = channel;
    return channel;
  }

  #onConfirm(deliveryTag: number, multiple: boolean, ack: boolean): void {
    if (this.#ended) return;
    this.#confirms++;
    const { acked, nacked } = this.#handlers;
    this.tags.take(deliveryTag, multiple, (entry, tag) => {
      if (entry.returned) return;
      if (ack) acked(entry, tag);
      else nacked(entry);
    });
    this.#handlers.settledSome();
  }

  /**
   * A return has no delivery tag, but the whole message: it is the oldest outstanding one with that key, id and body.
   * Where two are equal in all three, either is as good. One that is not recognised must not pass for confirmed, so the
   * oldest of all takes its place.
   */
  #onReturn(message: Message): void {
    if (this.#ended) return;
    this.#confirms++;
    const { routingKey, replyCode } = message.fields as unknown as { routingKey: string; replyCode: number };
    const { messageId } = message.properties as { messageId?: string };
    const isIt = (it: Entry): boolean =>
      !it.returned && it.routingKey === routingKey && it.messageId === messageId && it.body.equals(message.content);
    const entry = this.tags.find(isIt) ?? this.tags.find((it) => !it.returned);
    if (!entry) return;
    entry.returned = true;
    this.#handlers.returned(entry, replyCode);
  }
}
