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

  constructor(options: ResolvedOptions, owner: SendWindowOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Messages refused by the broker so far. */
  get nacks(): number {
    return this.#nacks;
  }

  /** Messages sent again so far. */
  get republished(): number {
    return this.#republished;
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
    const { outbox } = this;
    const { maxInFlight } = this.#options;
    while (this.#cursor <= outbox.published && this.#cursor - outbox.confirmed <= maxInFlight) {
      const entry = outbox.at(this.#cursor++);
      if (!entry.settled && !this.#send(entry)) return;
    }
  }

  setSendingPaused(paused: boolean): void {
    this.#sendingPaused = paused;
    this.pump();
  }

  /** Sends a confirmed message again, outside of the sequence. */
  sendProbe({ routingKey, messageId, body }: Pick<OutboxEntry, 'routingKey' | 'messageId' | 'body'>): void {
    this.#send({ sequence: PROBE_SEQUENCE, routingKey, messageId, body, settled: false, returned: false });
  }

  /** The transport accepts messages again. */
  onWritable(): void {
    this.#writable = true;
    this.pump();
  }

  onAcked(entry: OutboxEntry): void {
    this.#nackRetry?.recordAck();
    this.outbox.settle(entry);
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
    for (let left = count; left > 0 && this.#cursor <= this.outbox.published; ) {
      const entry = this.outbox.at(this.#cursor++);
      if (entry.settled) continue;
      this.#send(entry);
      left--;
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
