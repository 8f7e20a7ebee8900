import { abortable, MAX_TIMER_MS } from '@discogs-extractor/internal/abort';
import { createOptionChecks } from '@discogs-extractor/internal/option-checks';
import type { ConfirmChannel } from 'amqplib';
import { ConnectionLoop } from './connection/connection-loop.js';
import { type ConnectionSource, createOwnConnections } from './connection/open-connection.js';
import { ConditionWaiters, createDeferred, type Deferred, markHandled } from './deferred.js';
import { PublisherError } from './errors.js';
import type { PublisherEvent, PublisherState } from './events.js';
import { type OwnProperties, type ResolvedProperties, resolveProperties, shortString } from './message-properties.js';
import { PartitionRouter } from './partition-router.js';
import { headerKeyOf } from './partitions.js';
import {
  type BrokerIdentity,
  CLOSE_OPTION_NAMES,
  type CloseOptions,
  type CloseReport,
  FLUSH_OPTION_NAMES,
  type FlushOptions,
  MESSAGE_NAMES,
  type OutgoingMessage,
  PUBLISH_ALL_OPTION_NAMES,
  type Publisher,
  type PublisherStats,
} from './publisher.js';
import { createRedact } from './redact.js';
import { checks, type ResolvedOptions } from './resolve-options.js';
import { isShortString, MAX_SHORT_STRING_BYTES } from './short-string.js';
import { TopologyCheck } from './topology/topology-check.js';
import type { OutboxEntry } from './window/outbox.js';
import { PROBE_SEQUENCE, SendWindow } from './window/send-window.js';
import { encodeProperties } from './wire/properties-encoder.js';

/** Ends with `closed`; the state of the connection matters only while `running`. */
type Lifecycle = 'running' | 'failed' | 'closing' | 'closed';

const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;

/**
 * The public face of the publisher: its lifecycle, and what callers wait for. Messages are kept and sent by the
 * window, over the connection that the loop provides, while the topology is checked.
 */
export class WindowedPublisher implements Publisher {
  readonly #options: ResolvedOptions;
  readonly #window: SendWindow;
  readonly #check: TopologyCheck;
  /** `undefined` if no queue has partitions. */
  readonly #router: PartitionRouter | undefined;
  readonly #connection: ConnectionLoop;
  readonly #waiters = new ConditionWaiters();
  readonly #opened = createDeferred();
  readonly #ended = createDeferred();
  #lifecycle: Lifecycle = 'running';
  #reportedState: PublisherState = 'connecting';
  #error: PublisherError | undefined;
  #abort: { readonly reason: unknown } | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  /** What a caller of `publish` waits for while the window is full. */
  #capacity: Deferred<void> | undefined;
  #isConfirmedReportDue = false;
  #closing: Promise<CloseReport> | undefined;
  /** Ends the wait of `close` for outstanding confirms. */
  #endClosingWait: (() => void) | undefined;
  #returns = 0;
  /** Looks for what may have caused returns. */
  #returnCheck: Promise<Error | undefined> | undefined;
  /** Returned messages that `onReturned` was called for. */
  #settledReturns = 0;
  #isFailingRefused = false;

  /** @param connections - where it gets its connections from */
  constructor(options: ResolvedOptions, connections: ConnectionSource = createOwnConnections(options)) {
    this.#options = options;
    const { partitions, properties } = options;
    this.#router = partitions && new PartitionRouter(partitions, properties);
    const redact = createRedact(options.nodes.map(({ address }) => address));
    const owner = {
      isAlive: () => this.#isAlive(),
      report: (event: PublisherEvent) => this.#report(event),
      fail: (error: PublisherError) => this.#fail(error),
    };
    const recheck = (): void => this.#waiters.recheck();
    const pump = (): void => {
      this.#window.pump();
      recheck();
    };
    this.#window = new SendWindow(options, {
      ...owner,
      isOpen: () => this.#connection.state === 'open' && owner.isAlive(),
      onRefused: (entry, error) => this.#onRefused(entry, error),
      failRefused: (error) => this.#failRefused(error),
    });
    this.#check = new TopologyCheck(options, redact, this.#window, {
      ...owner,
      until: (test) => this.#until(test),
      recheck,
    });
    this.#connection = new ConnectionLoop(options, connections, redact, this.#window, this.#check, {
      ...owner,
      onStateChange: () => this.#reportState(),
      onReady: (session) => this.#window.attach(session),
      onUp: ({ oneByOne }) => {
        this.#window.start({ oneByOne });
        this.#opened.resolve();
        recheck();
      },
      onDown: () => {
        this.#window.stopRetry();
        recheck();
      },
      onUnblocked: pump,
      onWritable: () => {
        this.#window.onWritable();
        recheck();
      },
      onAcked: (entry, tag) => {
        this.#check.growth.recordConfirmed(tag, entry);
        if (entry.sequence !== PROBE_SEQUENCE) this.#window.onAcked(entry);
      },
      onNacked: (entry) => {
        // A queue that refuses the probe is bound.
        if (entry.sequence === PROBE_SEQUENCE) this.#check.growth.clearAll();
        else this.#window.onNacked(entry);
      },
      onReturned: (entry, replyCode) => this.#onReturned(entry, replyCode),
      onBatchSettled: () => this.#onBatchSettled(),
    });
  }

  get state(): PublisherState {
    if (this.#lifecycle !== 'running') return this.#lifecycle;
    const { state } = this.#connection;
    return state === 'open' && !this.#window.hasCapacity() ? 'full' : state;
  }

  /** Resolves when it is closed or aborted. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get broker(): BrokerIdentity {
    return this.#connection.broker;
  }

  get continuity(): string | undefined {
    return this.#check.continuity.token;
  }

  get error(): PublisherError | undefined {
    return this.#error;
  }

  get published(): number {
    return this.#window.outbox.published;
  }

  get confirmed(): number {
    return this.#window.outbox.confirmed;
  }

  get verified(): number {
    return this.#check.verified;
  }

  get stats(): PublisherStats {
    const { outbox, nacks, refused, republished } = this.#window;
    const { reconnects, blockedMs } = this.#connection;
    return {
      published: outbox.published,
      acked: outbox.settled - refused - this.#settledReturns,
      unsettled: outbox.unsettled,
      windowBytes: outbox.bytes,
      nacks,
      returns: this.#returns,
      refused,
      reconnects,
      republished,
      missing: this.#check.missing,
      blockedMs,
    };
  }

  /** Connects; resolves once the topology is declared. */
  async start(): Promise<void> {
    const { signal, topologyCheckIntervalMs } = this.#options;
    signal?.throwIfAborted();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (topologyCheckIntervalMs > 0) {
      this.#checkTimer = setInterval(() => this.#runDueCheck(), Math.max(10, topologyCheckIntervalMs));
    }
    void this.#connection.run();
    try {
      await this.#opened.promise;
    } catch (error) {
      await this.close({ timeoutMs: 0 });
      throw error;
    }
  }

  /** Runs `work` on a channel of its own. */
  async request<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
    const { session } = this.#connection;
    if (!session || session.ended) throw this.#endError();
    return session.request(work);
  }

  publish(message: OutgoingMessage): Promise<void> | undefined {
    if (this.#lifecycle !== 'running') return markHandled(Promise.reject(this.#endError()));
    this.#accept(message);
    return this.#awaitCapacity();
  }

  publishConfirmed(message: OutgoingMessage): Promise<number> {
    if (this.#lifecycle !== 'running') return markHandled(Promise.reject(this.#endError()));
    const confirmation = createDeferred<number>();
    this.#accept(message, confirmation);
    return confirmation.promise;
  }

  async publishAll(
    messages: Iterable<OutgoingMessage> | AsyncIterable<OutgoingMessage>,
    options: Pick<FlushOptions, 'signal'> = {},
  ): Promise<number> {
    const signal = checks.optionalSignal('signal', checks.object('', options, PUBLISH_ALL_OPTION_NAMES).signal);
    let count = 0;
    for await (const message of messages) {
      signal?.throwIfAborted();
      const full = this.publish(message);
      count++;
      if (full) await abortable(full, signal);
    }
    await this.flush(options);
    return count;
  }

  #accept(message: OutgoingMessage, confirmation?: Deferred<number>): void {
    const { routingKey, body, messageId } = message;
    if (!(body instanceof Uint8Array)) {
      throw new PublisherError('INVALID_MESSAGE', `The body of a message must be a Uint8Array, got ${typeof body}`);
    }
    assertShortString('routing key', routingKey, routingKey);
    if (messageId !== undefined) assertShortString('message id', messageId, routingKey);
    let own = hasOwnProperties(message) ? resolveOwnProperties(message, this.#options.properties) : undefined;
    const { partitionKey } = message;
    if (partitionKey !== undefined) this.#assertPartitionKey(partitionKey, routingKey);
    if (this.#router) own = this.#router.propertiesOf(routingKey, partitionKey, own);
    const { session, state } = this.#connection;
    if (this.#window.outbox.unsettled === 0 && session && state === 'open') {
      this.#check.prepareAfterPause(session, session.idleMs);
    }
    const buffer = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const key = partitionKey === undefined ? undefined : headerKeyOf(partitionKey);
    this.#window.outbox.add(routingKey, messageId, buffer, own, confirmation, key);
    this.#window.pump();
  }

  #assertPartitionKey(key: unknown, routingKey: string): void {
    if (typeof key === 'string' && this.#router) return;
    const expected = this.#router ? 'be a string' : 'be absent, since no queue has partitions';
    throw new PublisherError('INVALID_MESSAGE', `The partitionKey of a message must ${expected}`, {
      facts: { routingKey },
    });
  }

  #awaitCapacity(): Promise<void> | undefined {
    if (this.#window.hasCapacity()) return undefined;
    this.#capacity ??= createDeferred();
    return this.#capacity.promise;
  }

  async flush(options: FlushOptions = {}): Promise<void> {
    const { published } = this.#window.outbox;
    const { upTo, signal: given } = checks.object('', options, FLUSH_OPTION_NAMES);
    const signal = checks.optionalSignal('signal', given);
    const target = upTo === undefined ? published : checks.wholeNumber('upTo', upTo, { min: 0, max: published });
    await this.#until(() => this.confirmed >= target, signal);
    while (this.verified < target) {
      await this.#until(() => this.#connection.state === 'open', signal);
      const { session } = this.#connection;
      if (session) await abortable(this.#check.run(session), signal);
      if (this.#hasEnded()) throw this.#endError();
    }
  }

  close(options: CloseOptions = {}): Promise<CloseReport> {
    const { timeoutMs = DEFAULT_CLOSE_TIMEOUT_MS } = checks.object('', options, CLOSE_OPTION_NAMES);
    if (timeoutMs !== Number.POSITIVE_INFINITY) checks.finiteNumber('timeoutMs', timeoutMs, { min: 0 });
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onReturned(entry: OutboxEntry, replyCode: number): void {
    this.#returns++;
    const { routingKey, messageId, sequence, own } = entry;
    const { verified } = this;
    const exchange = own?.exchange ?? this.#options.exchange.name;
    const isProbe = sequence === PROBE_SEQUENCE;
    const error = new PublisherError(
      'UNROUTABLE',
      `No queue took ${isProbe ? 'a message' : `message ${sequence}`} (routing key ${routingKey}): the queues bound to exchange ${exchange} are gone, or their bindings were removed. Restore them, then publish again from message ${verified + 1} on.`,
      { facts: { exchange, routingKey, messageId, replyCode, verified, sequence: isProbe ? undefined : sequence } },
    );
    const { onReturned } = this.#options;
    // A queue took the probe before, so its binding is gone.
    if (onReturned === undefined || isProbe) {
      void this.#failUnroutable(entry, error);
      return;
    }
    entry.confirmation?.reject(error);
    this.#settledReturns++;
    this.#window.settle(entry);
    onReturned({ sequence, exchange, routingKey, messageId, replyCode });
  }

  /** Fails, unless a queue only is on a node that is down: the next connection then waits for it, and sends again. */
  async #failUnroutable(entry: OutboxEntry, error: PublisherError): Promise<void> {
    const { session } = this.#connection;
    if (session && this.#options.queues.length > 0) {
      this.#returnCheck ??= this.#check.findUnavailable(session).finally(() => {
        this.#returnCheck = undefined;
      });
      const unavailable = await this.#returnCheck;
      if (unavailable !== undefined) session.end(unavailable);
      if (session.ended) return;
    }
    entry.confirmation?.reject(error);
    this.#fail(error);
  }

  #onRefused(entry: OutboxEntry, error: PublisherError): void {
    const { sequence, routingKey, messageId, body, own } = entry;
    const exchange = own?.exchange ?? this.#options.exchange.name;
    this.#options.onRefused?.({ sequence, exchange, routingKey, messageId, body, error });
    this.#onProgress();
  }

  /** Fails, but not before what is confirmed by now is verified. */
  #failRefused(error: PublisherError): void {
    if (this.#isFailingRefused) return;
    this.#isFailingRefused = true;
    const { session } = this.#connection;
    const checked = session && this.verified < this.confirmed ? this.#check.run(session) : Promise.resolve();
    void checked.finally(() => this.#fail(error));
  }

  #onBatchSettled(): void {
    this.#window.onBatchSettled();
    this.#onProgress();
  }

  /** Messages were settled. */
  #onProgress(): void {
    if (this.#capacity && this.#window.hasCapacity()) {
      this.#capacity.resolve();
      this.#capacity = undefined;
    }
    this.#waiters.recheck();
    if (this.#options.onConfirmed && !this.#isConfirmedReportDue) {
      // One read of the socket often carries many confirms: report once, after the last of them.
      this.#isConfirmedReportDue = true;
      queueMicrotask(() => {
        this.#isConfirmedReportDue = false;
        this.#options.onConfirmed?.(this.confirmed);
      });
    }
  }

  #runDueCheck(): void {
    const { session, state } = this.#connection;
    if (session && state === 'open' && this.#lifecycle === 'running') this.#check.runIfDue(session);
  }

  /** Resolves when `test` holds; rejects when the publisher ends before. */
  async #until(test: () => boolean, signal?: AbortSignal): Promise<void> {
    if (this.#hasEnded()) throw this.#endError();
    await this.#waiters.until(test, signal);
  }

  #isAlive(): boolean {
    return this.#lifecycle === 'running' || this.#lifecycle === 'closing';
  }

  #hasEnded(): boolean {
    return this.#lifecycle === 'failed' || this.#lifecycle === 'closed';
  }

  /** Why nothing is accepted or waited for any more. */
  #endError(): unknown {
    return this.#abort ? this.#abort.reason : (this.#error ?? new PublisherError('CLOSED', 'The publisher is closed'));
  }

  #rejectWaiters(reason: unknown): void {
    this.#opened.reject(reason);
    this.#capacity?.reject(reason);
    this.#capacity = undefined;
    this.#waiters.rejectAll(reason);
    for (const { confirmation } of this.#window.outbox.unsettledEntries()) confirmation?.reject(reason);
  }

  /** Fails for good. The connection stays until `close`, so that confirms in flight still move the watermark. */
  #fail(error: PublisherError): void {
    if (!this.#isAlive()) return;
    this.#error = error;
    if (this.#lifecycle === 'running') this.#setLifecycle('failed');
    this.#window.stopRetry();
    this.#report({ type: 'failed', error });
    this.#rejectWaiters(error);
    this.#endClosingWait?.();
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal?.reason;
    this.#abort = { reason };
    this.#endClosingWait?.();
    this.#rejectWaiters(reason);
    this.#tearDown();
    this.#connection.session?.end(reason);
  };

  async #close(timeoutMs: number): Promise<CloseReport> {
    if (this.#lifecycle !== 'closed') {
      await this.#settleOutstanding(timeoutMs);
      this.#tearDown();
      await this.#connection.session?.close();
      this.#rejectWaiters(this.#endError());
    }
    const { outbox } = this.#window;
    return {
      published: outbox.published,
      confirmed: outbox.confirmed,
      unsettled: Array.from(outbox.unsettledEntries(), ({ sequence, routingKey, messageId }) => ({
        sequence,
        routingKey,
        messageId,
      })),
    };
  }

  /** Waits until nothing is unsettled; after a failure, until nothing is in flight. */
  async #settleOutstanding(timeoutMs: number): Promise<void> {
    const { session } = this.#connection;
    const hasFailed = this.#lifecycle === 'failed';
    if (!hasFailed) this.#setLifecycle('closing');
    const isDone = hasFailed
      ? () => !session || session.ended || session.outstanding === 0
      : () => this.#window.outbox.unsettled === 0;
    const end = createDeferred();
    this.#endClosingWait = end.resolve;
    const timer = setTimeout(end.resolve, Math.min(timeoutMs, MAX_TIMER_MS));
    await Promise.race([end.promise, this.#waiters.until(isDone).catch(() => {})]);
    clearTimeout(timer);
  }

  #tearDown(): void {
    this.#setLifecycle('closed');
    this.#ended.resolve();
    clearInterval(this.#checkTimer);
    this.#window.stopRetry();
    this.#connection.stop();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  #setLifecycle(lifecycle: Lifecycle): void {
    this.#lifecycle = lifecycle;
    this.#reportState();
  }

  #reportState(): void {
    const from = this.#reportedState;
    const to = this.#lifecycle === 'running' ? this.#connection.state : this.#lifecycle;
    if (from === to) return;
    this.#reportedState = to;
    this.#report({ type: 'state', from, to });
  }

  /** A listener that throws becomes an uncaught exception, but does not stop what the publisher is doing. */
  #report(event: PublisherEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }
}

const assertShortString = (what: string, value: unknown, routingKey: unknown): void => {
  if (typeof value === 'string' && isShortString(value)) return;
  throw new PublisherError(
    'INVALID_MESSAGE',
    `The ${what} of a message must be a string of at most ${MAX_SHORT_STRING_BYTES} bytes`,
    { facts: { routingKey: typeof routingKey === 'string' ? routingKey : undefined } },
  );
};

/** The checks of messages. */
const messageChecks = createOptionChecks((message) => new PublisherError('INVALID_MESSAGE', message), 'member');

/** Whether a message has properties of its own: few have, so they are not looked at otherwise. */
const hasOwnProperties = (message: OutgoingMessage): boolean => {
  for (const name in message) {
    if (name !== 'routingKey' && name !== 'body' && name !== 'messageId' && name !== 'partitionKey') return true;
  }
  return false;
};

const resolveOwnProperties = (message: OutgoingMessage, defaults: ResolvedProperties): OwnProperties => {
  messageChecks.object('', message, MESSAGE_NAMES);
  const { exchange } = message;
  const properties = resolveProperties(messageChecks, '', message, defaults);
  return {
    exchange: exchange === undefined ? undefined : shortString(messageChecks, 'exchange', exchange),
    properties,
    encoded: encodeProperties(properties),
  };
};
