import { PublisherError } from '../errors.js';
import type { PublisherEvent } from '../events.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { NackRetry, type RetryStep } from './nack-retry.js';
import { Outbox, type OutboxEntry } from './outbox.js';

/** The sequence number of a probe: a message that only tests whether a queue takes it. */
export const PROBE_SEQUENCE = 0;

/** The connection that a window sends on. */
export interface MessageTransport {
  readonly ended: boolean;
  /** Messages sent and not confirmed. */
  readonly outstanding: number;
  /** The largest frame, in bytes: the properties of a message must fit into one. */
  readonly maxFrameBytes: number;
  /** Sends a message. `false`: it was accepted, but send nothing more until the transport is writable. */
  send(entry: OutboxEntry): boolean;
}

/** What a window needs of its publisher. */
export interface SendWindowOwner {
  /** Whether the publisher has neither failed nor ended. */
  isAlive(): boolean;
  /** Whether the connection is open, and not blocked by the broker. */
  isOpen(): boolean;
  report(event: PublisherEvent): void;
  fail(error: PublisherError): void;
  /** A message was settled because the broker does not take it. */
  onRefused(entry: OutboxEntry, error: PublisherError): void;
  /** The same, but nothing takes such messages: the publisher must fail. Every message before it is confirmed. */
  failRefused(error: PublisherError): void;
}

/**
 * Keeps the messages that are not settled, and decides which of them is sent when: at most `maxInFlight` past the
 * watermark, from the watermark on again after a new connection, and in rounds after a nack.
 */
export class SendWindow {
  readonly outbox = new Outbox();
  readonly #options: ResolvedOptions;
  readonly #owner: SendWindowOwner;
  #transport: MessageTransport | undefined;
  /** The next message to send on this connection. */
  #cursor = 1;
  /** The highest number ever sent: sending a message up to here is a re-publish. */
  #highestSent = 0;
  #writable = true;
  #sendingPaused = false;
  /** While set, messages are sent in rounds only. */
  #nackRetry: NackRetry | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #nacks = 0;
  #republished = 0;
  #refused = 0;
  #maxMessageBytes: number;

  constructor(options: ResolvedOptions, owner: SendWindowOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#maxMessageBytes = options.maxMessageBytes;
  }

  /** Messages refused by the broker so far. */
  get nacks(): number {
    return this.#nacks;
  }

  /** Messages sent again so far. */
  get republished(): number {
    return this.#republished;
  }

  /** Messages that were settled because the broker does not take them. */
  get refused(): number {
    return this.#refused;
  }

  /** Messages that were sent before and are not confirmed: a new connection sends them again. */
  get toRepublish(): number {
    return Math.max(0, this.#highestSent - this.outbox.confirmed);
  }

  hasCapacity(): boolean {
    const { outbox } = this;
    return outbox.published - outbox.confirmed < this.#options.maxInFlight && outbox.bytes < this.#options.maxBytes;
  }

  canSend(): boolean {
    return this.#writable && !this.#sendingPaused && this.#owner.isOpen();
  }

  /** Uses a new connection from now on, beginning after the watermark. */
  attach(transport: MessageTransport): void {
    this.#transport = transport;
    this.#cursor = this.outbox.confirmed + 1;
    this.#writable = true;
    this.#sendingPaused = false;
  }

  /**
   * Begins to send on the attached connection.
   * @param oneByOne - starts with single messages, to find the one that makes the broker close the channel
   */
  start({ oneByOne }: { readonly oneByOne: boolean }): void {
    if (oneByOne) {
      this.#nackRetry = new NackRetry(this.#options);
      this.#applyRetryStep(this.#nackRetry.sendRound());
    }
    this.pump();
  }

  /** Stops the retry of nacked messages: the connection, or the publisher, has ended. */
  stopRetry(): void {
    clearTimeout(this.#retryTimer);
    this.#nackRetry = undefined;
  }

  /** Sends as much as the window and the socket take. */
  pump(): void {
    if (this.#nackRetry || !this.canSend()) return;
    for (let entry = this.#next(); entry; entry = this.#next()) if (!this.#send(entry)) return;
  }

  /**
   * The broker refused a message for its size. Returns whether that was news: messages larger than `maxBytes` are not
   * sent any more.
   */
  limitMessageBytes(maxBytes: number): boolean {
    if (maxBytes >= this.#maxMessageBytes) return false;
    this.#maxMessageBytes = maxBytes;
    return true;
  }

  /** The message after the watermark, if there is one. */
  firstUnsettled(): OutboxEntry | undefined {
    const { confirmed, published } = this.outbox;
    return confirmed < published ? this.outbox.at(confirmed + 1) : undefined;
  }

  /** Whether a message that is not settled goes to another exchange than that of the publisher. */
  hasOwnExchange(): boolean {
    for (const { own } of this.outbox.unsettledEntries()) if (own?.exchange !== undefined) return true;
    return false;
  }

  /** Settles the message after the watermark, which the broker does not take. */
  refuseFirst(error: PublisherError): void {
    const entry = this.firstUnsettled();
    if (entry) this.#settleRefused(entry, error);
  }

  setSendingPaused(paused: boolean): void {
    this.#sendingPaused = paused;
    this.pump();
  }

  /** Sends a confirmed message again, outside of the sequence. */
  sendProbe(message: Pick<OutboxEntry, 'routingKey' | 'messageId' | 'body' | 'own' | 'partitionKey'>): void {
    const { routingKey, messageId, body, own, partitionKey } = message;
    const state = { confirmation: undefined, settled: false, returned: false };
    this.#send({ sequence: PROBE_SEQUENCE, routingKey, messageId, body, own, partitionKey, ...state });
  }

  /** The transport accepts messages again. */
  onWritable(): void {
    this.#writable = true;
    this.pump();
  }

  onAcked(entry: OutboxEntry): void {
    this.#nackRetry?.recordAck();
    this.settle(entry);
  }

  /** The broker is done with a message: it has it, or has returned it. */
  settle(entry: OutboxEntry): void {
    this.outbox.settle(entry);
    entry.confirmation?.resolve(entry.sequence);
  }

  onNacked(entry: OutboxEntry): void {
    this.#nacks++;
    this.#nackRetry ??= new NackRetry(this.#options);
    this.#nackRetry.recordNack(entry);
  }

  /** A batch of confirms was handled. */
  onBatchSettled(): void {
    if (this.#nackRetry && this.#transport?.outstanding === 0) this.#applyRetryStep(this.#nackRetry.next());
    this.pump();
  }

  /**
   * The next message to send; `undefined` if there is none within the window. Messages that the broker does not take
   * are settled on the way, or are where sending ends.
   */
  #next(): OutboxEntry | undefined {
    const { outbox } = this;
    const { maxInFlight } = this.#options;
    while (this.#cursor <= outbox.published && this.#cursor - outbox.confirmed <= maxInFlight) {
      const entry = outbox.at(this.#cursor);
      if (!entry.settled) {
        const error = this.#refusalOf(entry);
        if (error === undefined) {
          this.#cursor++;
          return entry;
        }
        if (this.#options.onRefused === undefined) {
          if (outbox.confirmed === entry.sequence - 1) this.#owner.failRefused(error);
          return undefined;
        }
        this.#settleRefused(entry, error);
      }
      this.#cursor++;
    }
    return undefined;
  }

  #settleRefused(entry: OutboxEntry, error: PublisherError): void {
    this.#refused++;
    entry.confirmation?.reject(error);
    this.outbox.settle(entry);
    this.#owner.onRefused(entry, error);
  }

  /** Why the broker would not take a message, as far as that is known before it is sent. */
  #refusalOf(entry: OutboxEntry): PublisherError | undefined {
    const { body, own } = entry;
    if (body.length > this.#maxMessageBytes) {
      return refusedError(this.#options, entry, {
        why: `more than the ${this.#maxMessageBytes} that are allowed: raise max_message_size of the broker (and maxMessageBytes), or shorten it`,
        maxBytes: this.#maxMessageBytes,
      });
    }
    const maxFrameBytes = this.#transport?.maxFrameBytes ?? Number.POSITIVE_INFINITY;
    if (own === undefined) return undefined;
    const headBytes = own.encoded.before.length + own.encoded.after.length;
    return headBytes + MAX_OTHER_HEAD_BYTES > maxFrameBytes
      ? refusedError(this.#options, entry, {
          why: `but ${headBytes} bytes of properties, which do not fit into a frame of ${maxFrameBytes} (frame_max): shorten its headers`,
          maxBytes: maxFrameBytes,
        })
      : undefined;
  }

  #send(entry: OutboxEntry): boolean {
    // A probe is a message that the broker had before, too.
    if (entry.sequence <= this.#highestSent) this.#republished++;
    else this.#highestSent = entry.sequence;
    this.#writable = (this.#transport as MessageTransport).send(entry);
    return this.#writable;
  }

  #applyRetryStep(step: RetryStep): void {
    const retry = this.#nackRetry;
    const transport = this.#transport;
    if (!retry || !transport || transport.ended || !this.#owner.isAlive()) return;
    switch (step.kind) {
      case 'done':
        this.#nackRetry = undefined;
        return;
      case 'exhausted':
        this.#owner.fail(this.#nackedError(step.entry, step.attempts));
        return;
      case 'wait': {
        const { delayMs } = step;
        this.#owner.report({ type: 'nack', refused: retry.refused, attempt: retry.failures, delayMs });
        this.#retryTimer = setTimeout(() => this.#applyRetryStep(retry.sendRound()), delayMs);
        return;
      }
      case 'send':
        // A round is never larger than the window, so the socket's buffer takes all of it.
        for (const entry of step.entries) this.#send(entry);
        this.#sendNew(step.newMessages);
        // Nothing was left to send in rounds.
        if (transport.outstanding === 0) this.#nackRetry = undefined;
    }
  }

  #sendNew(count: number): void {
    for (let left = count; left > 0; left--) {
      const entry = this.#next();
      if (!entry) return;
      this.#send(entry);
    }
  }

  #nackedError({ sequence, routingKey, messageId }: OutboxEntry, attempts: number): PublisherError {
    const exchange = this.#options.exchange.name;
    return new PublisherError(
      'NACKED',
      `The broker refused message ${sequence} ${attempts} times in a row. Most likely a queue is full (x-overflow reject-publish): consume from it, or raise its limit.`,
      { facts: { sequence, routingKey, messageId, attempts, exchange } },
    );
  }
}

/** Bytes of the header frame besides the properties: its overhead, class, size and flags, and the message id. */
const MAX_OTHER_HEAD_BYTES = 300;

/** The error for a message that the broker does not take. @param why - continues `Message 7 has 1000 bytes, ` */
export const refusedError = (
  { exchange }: Pick<ResolvedOptions, 'exchange'>,
  { sequence, routingKey, messageId, body, own }: OutboxEntry,
  { why, ...facts }: { readonly why: string; readonly maxBytes?: number; readonly replyCode?: number | undefined },
  cause?: unknown,
): PublisherError => {
  const id = messageId === undefined ? '' : `, id ${messageId}`;
  return new PublisherError(
    'MESSAGE_REFUSED',
    `Message ${sequence} (routing key ${routingKey}${id}) has ${body.length} bytes, ${why}`,
    {
      facts: {
        ...{ sequence, routingKey, messageId, bytes: body.length, exchange: own?.exchange ?? exchange.name },
        ...facts,
      },
      cause,
    },
  );
};
