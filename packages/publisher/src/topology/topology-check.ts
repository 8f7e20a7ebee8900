import type { Channel, ConfirmChannel } from 'amqplib';
import { PublisherError, type PublisherErrorFacts } from '../errors.js';
import type { PublisherEvent } from '../events.js';
import { type Redact, redactedCause } from '../redact.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { SendWindow } from '../window/send-window.js';
import { BrokerEvents, type TopologyChanges } from './broker-events.js';
import { Continuity } from './continuity.js';
import { DeclarationError, type QueueReadings, readQueues, rebindQueues, topologyOfQueue } from './declare-topology.js';
import { MAX_READINGS_WITHOUT_LEADER, READING_INTERVAL_MS } from './leader-wait.js';
import { QueueGrowthCheck, type SampleMessage, type Shortfall } from './queue-growth.js';
import { explainDeclarationRefusal, isMissing, isUnavailable } from './refusals.js';

/**
 * A queue that falls short is read this often, and this far apart: by then, a queue that drops messages has dropped
 * more, a client has returned what it did not ack, and a quorum queue has a leader.
 */
const CLOSER_READINGS = 3;
/** Bindings without which nothing is lost at once are declared again this often only: each costs all nodes some time. */
const REBIND_INTERVAL_MS = 2_000;
/** After a pause this long, the queues are read before anything is sent: consumers may have come and gone. */
const MIN_PAUSE_MS = 100;

/** The connection that the topology is checked on. */
export interface CheckedConnection {
  readonly ended: boolean;
  /** The delivery tag of the last message sent. */
  readonly lastTag: number;
  /** Messages sent and not confirmed. */
  readonly outstanding: number;
  /** Runs `work` on a channel of its own, since the broker closes a channel on which it refuses a request. */
  request<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T>;
  /** Opens another channel, which ends with the connection. */
  openChannel(): Promise<Channel>;
  end(reason: unknown): void;
}

/** What the check needs of its publisher. */
export interface TopologyCheckOwner {
  /** Whether the publisher has neither failed nor ended. */
  isAlive(): boolean;
  /** Resolves when `test` holds; rejects when the publisher ends before. */
  until(test: () => boolean): Promise<void>;
  /** Evaluates the conditions of all waiters. */
  recheck(): void;
  report(event: PublisherEvent): void;
  fail(error: PublisherError): void;
}

/**
 * Checks queues and bindings while messages are published. Whatever is missing fails the publisher, since messages
 * acked in the meantime did not reach all of their queues.
 */
export class TopologyCheck {
  readonly growth: QueueGrowthCheck;
  readonly continuity: Continuity;
  readonly events: BrokerEvents;
  readonly #options: ResolvedOptions;
  readonly #redact: Redact;
  readonly #window: SendWindow;
  readonly #owner: TopologyCheckOwner;
  #verified = 0;
  /** The watermark when the counts started. Messages that arrive during a check can hide what a queue lacks by then. */
  #countedFrom = 0;
  #running: Promise<void> | undefined;
  /** A queue that took nothing for a while, since the last connection that was set up. */
  #unavailable: PublisherErrorFacts | undefined;
  #lastRebind = Number.NEGATIVE_INFINITY;

  constructor(options: ResolvedOptions, redact: Redact, window: SendWindow, owner: TopologyCheckOwner) {
    this.#options = options;
    this.#redact = redact;
    this.#window = window;
    this.#owner = owner;
    this.growth = new QueueGrowthCheck(options);
    this.events = new BrokerEvents(options);
    const check = this;
    this.continuity = new Continuity(options, redact, {
      get verified() {
        return check.verified;
      },
      get confirmed() {
        return window.outbox.confirmed;
      },
      onUnavailable: ({ message }) => owner.report({ type: 'continuity-unavailable', reason: message }),
    });
  }

  /** The watermark as of the last check that found the topology complete. */
  get verified(): number {
    return this.#options.topologyCheckIntervalMs > 0 ? this.#verified : this.#window.outbox.confirmed;
  }

  /** Messages that queues are known to lack. */
  get missing(): number {
    return this.growth.missing;
  }

  /**
   * A new connection has declared the topology, and nothing was sent on it: compares its queues with what the
   * connection before left in them.
   * @throws PublisherError `TOPOLOGY_LOST`, `QUEUE_UNAVAILABLE`
   */
  async resume(connection: CheckedConnection, declared: QueueReadings): Promise<void> {
    const { growth } = this;
    if (this.#options.topologyCheckIntervalMs === 0) return;
    const unavailable = this.#unavailable;
    this.#unavailable = undefined;
    // While it took nothing, the broker confirmed what another queue, or an alternate exchange, took.
    if (unavailable && this.#verified < this.#window.outbox.confirmed) throw this.#unavailableError(unavailable);
    const expectedGrowth = growth.expectedGrowth();
    let readings = declared;
    let { shortfalls } = growth.compare(expectedGrowth, readings, connection);
    for (let reading = 1; shortfalls.length > 0 && reading <= this.#maxReadings(shortfalls, readings); reading++) {
      await this.#pause(READING_INTERVAL_MS);
      readings = await connection.request((channel) => readQueues(channel, this.#options));
      ({ shortfalls } = growth.compare(expectedGrowth, readings, connection));
    }
    this.#reportShortfalls(shortfalls);
    const lost = this.continuity.hasSecondBindings
      ? undefined
      : this.#messagesLost(expectedGrowth, readings, shortfalls);
    for (const shortfall of shortfalls) this.#recordMissing(shortfall);
    this.#restartCounts(readings, connection);
    if (lost) throw lost;
  }

  /** Starts a check if one is due. Call it at each interval. */
  runIfDue(connection: CheckedConnection): void {
    const { outbox } = this.#window;
    if (!this.#running && (this.#verified < outbox.confirmed || outbox.unsettled > 0)) this.#start(connection);
  }

  /** Resolves when the current check, or a new one, has ended. It may have failed the publisher. */
  run(connection: CheckedConnection): Promise<void> {
    return this.#running ?? this.#start(connection);
  }

  /**
   * Call it before the first message after a pause. While nothing was in flight, consumers may have come and gone, so
   * the counts start again from a reading made before anything is sent.
   */
  prepareAfterPause(connection: CheckedConnection, pauseMs: number): void {
    if (this.#options.topologyCheckIntervalMs === 0 || !this.growth.hasCountableQueues || this.#running) return;
    if (pauseMs < MIN_PAUSE_MS) return;
    // What was confirmed before the pause is checked first.
    if (this.#verified < this.#window.outbox.confirmed) {
      this.#start(connection);
      return;
    }
    this.#setSendingPaused(true);
    this.#occupy(connection, this.#restartAfterPause(connection));
  }

  async #restartAfterPause(connection: CheckedConnection): Promise<void> {
    const expectedGrowth = this.growth.expectedGrowth();
    const readings = await connection.request((channel) => readQueues(channel, this.#options));
    if (connection.ended) return;
    // What clients took in the meantime is no sign of a lost binding, but it is missing.
    const { shortfalls } = this.growth.compare(expectedGrowth, readings, connection);
    for (const shortfall of shortfalls) this.#recordMissing(shortfall);
    this.#restartCounts(readings, connection);
    this.#setSendingPaused(false);
  }

  /**
   * What a refused reading of a queue means; `undefined` if another attempt may succeed. That a queue is unavailable is
   * remembered for {@link TopologyCheck.resume}.
   */
  onRefused({ cause, facts }: DeclarationError): PublisherError | undefined {
    const broker = this.#options.address.display;
    if (isUnavailable(cause)) this.#unavailable = { broker, ...facts };
    return isMissing(cause) && facts.queue !== undefined
      ? this.#missingQueueError({ broker, ...facts }, cause)
      : explainDeclarationRefusal(cause, this.#redact, { broker, ...facts });
  }

  /** Why one of the queues exists, but takes nothing at present; `undefined` if none is like that. */
  async findUnavailable(connection: CheckedConnection): Promise<DeclarationError | undefined> {
    try {
      await connection.request((channel) => readQueues(channel, this.#options));
      return undefined;
    } catch (error) {
      if (!(error instanceof DeclarationError) || !isUnavailable(error.cause)) return undefined;
      this.onRefused(error);
      return error;
    }
  }

  #setSendingPaused(paused: boolean): void {
    this.#window.setSendingPaused(paused);
    this.#owner.recheck();
  }

  #start(connection: CheckedConnection): Promise<void> {
    return this.#occupy(connection, this.#check(connection));
  }

  /** Nothing else reads the queues until `work` has ended: a reading changes the counts that another one relies on. */
  #occupy(connection: CheckedConnection, work: Promise<void>): Promise<void> {
    const running: Promise<void> = work
      .catch((error: unknown) => this.#onFailure(connection, error))
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }

  /** Reads the queues. What one of them lacks is missing, unless it had lost its binding. */
  async #check(connection: CheckedConnection): Promise<void> {
    const { isAlive, fail } = this.#owner;
    const { growth, continuity } = this;
    const now = performance.now();
    const isUrgent = this.#options.partitions === undefined && !continuity.hasSecondBindings;
    const rebinds = isUrgent || now - this.#lastRebind >= REBIND_INTERVAL_MS;
    if (rebinds) this.#lastRebind = now;
    for (let reading = 1; ; reading++) {
      const watermark = this.#window.outbox.confirmed;
      const expectedGrowth = growth.expectedGrowth();
      const readings = await connection.request((channel) => readQueues(channel, this.#options));
      await continuity.check(connection, { rebinds });
      const changes = await this.events.take();
      if (connection.ended || !isAlive()) return;
      const cause = changes && this.#causeOfLoss(changes, expectedGrowth, readings);
      if (cause) return fail(cause);
      for (const queue of changes?.droppingQueues ?? []) this.#markDropping(queue);
      const { shortfalls, hasUncheckable } = growth.compare(expectedGrowth, readings, connection);
      const isRemovalCertain = ({ queue }: Shortfall): boolean => growth.isDropping(queue);
      // A lost binding is no cause if there is a second one, or if the broker reports those that are removed.
      const isBound = continuity.hasSecondBindings || changes !== undefined;
      // What a client returns is not missing.
      const maxReadings = this.#maxReadings(shortfalls, readings);
      if (isBound && reading < maxReadings && !shortfalls.every(isRemovalCertain)) {
        await this.#pause(READING_INTERVAL_MS);
        if (connection.ended || !isAlive()) return;
        continue;
      }
      this.#reportShortfalls(shortfalls);
      for (const shortfall of shortfalls) {
        if (isBound || isRemovalCertain(shortfall)) {
          growth.markDropping(shortfall.queue);
          this.#recordMissing(shortfall);
          continue;
        }
        if (shortfall.hasShrunk) {
          if (growth.hasMissing(shortfall.queue)) this.#markDropping(shortfall.queue);
          this.#recordMissing(shortfall);
          continue;
        }
        const error = await this.#lookCloser(connection, shortfall);
        if (connection.ended || !isAlive()) return;
        if (error) return fail(error);
      }
      if (rebinds && (hasUncheckable || continuity.hasSecondBindings) && this.#options.declare === true) {
        await connection.request((channel) => rebindQueues(channel, this.#options));
      }
      this.#verified = Math.max(this.#verified, watermark);
      return;
    }
  }

  /**
   * Finds out why a queue lacks messages. Reads it again, each time after a message for it was confirmed: first as it is,
   * then with its bindings declared again. Returns the error for a binding that was removed. If the queue lacks more
   * although it is bound, a policy of the broker makes it drop messages, or a client takes them.
   */
  async #lookCloser(connection: CheckedConnection, first: Shortfall): Promise<PublisherError | undefined> {
    const { growth } = this;
    const { isAlive } = this.#owner;
    const { queue, sample } = first;
    const onlyThis = topologyOfQueue(this.#options, queue);
    const read = async (): Promise<Shortfall | undefined> => {
      const expectedGrowth = growth.expectedGrowth();
      const readings = await connection.request((channel) => readQueues(channel, onlyThis));
      return growth.compare(expectedGrowth, readings, connection).shortfalls[0];
    };
    const readLater = async (): Promise<{ grown: number; expected: number; shortfall: Shortfall } | undefined> => {
      await this.#awaitMessage(connection, queue, sample);
      await this.#pause(READING_INTERVAL_MS);
      if (connection.ended || !isAlive()) return undefined;
      const before = growth.lastReading(queue);
      const expected = growth.confirmedSinceReading(queue);
      const shortfall = await read();
      const now = growth.lastReading(queue);
      // A consumer came, or the queue refused a message, which shows that it is bound; or it has the messages again.
      if (!shortfall || before === undefined || expected === undefined || now === undefined) return undefined;
      return { grown: now - before, expected, shortfall };
    };
    const isDropping = (shortfall: Shortfall): undefined => {
      this.#markDropping(queue);
      this.#recordMissing(shortfall);
    };
    let later = await readLater();
    if (!later) return undefined;
    if (later.grown >= later.expected) {
      // It is bound, now at least.
      if (first.mayBeEmptied) return void this.#recordMissing(later.shortfall);
    } else {
      if (later.grown < 0) return isDropping(later.shortfall);
      // It may have been bound again in the meantime, after some of these messages: only what comes now is a sign.
      await connection.request((channel) => rebindQueues(channel, onlyThis));
      if (!(await read())) return undefined;
    }
    for (let reading = 2; reading <= CLOSER_READINGS; reading++) {
      later = await readLater();
      if (!later) return undefined;
      if (later.grown < later.expected) return isDropping(later.shortfall);
    }
    // A consumer was seen: another one may have come and gone between two readings.
    if (growth.hadConsumer(queue)) return void this.#recordMissing(later.shortfall);
    const { expected, found } = later.shortfall;
    return this.#missingBindingError(queue, expected - found);
  }

  /** How often queues that fall short are read at most. */
  #maxReadings(shortfalls: readonly Shortfall[], readings: QueueReadings): number {
    return shortfalls.some(({ queue }) => this.growth.mayLackLeader(queue, readings))
      ? MAX_READINGS_WITHOUT_LEADER
      : CLOSER_READINGS;
  }

  #restartCounts(readings: QueueReadings, connection: CheckedConnection): void {
    this.growth.restart(readings, connection);
    this.#countedFrom = this.#window.outbox.confirmed;
  }

  #markDropping(queue: string): void {
    this.growth.markDropping(queue);
    this.#owner.report({ type: 'uncounted', queue });
  }

  #reportShortfalls(shortfalls: readonly Shortfall[]): void {
    for (const { queue, expected, found } of shortfalls) {
      if (!this.growth.isDropping(queue)) this.#owner.report({ type: 'shortfall', queue, expected, found });
    }
  }

  #recordMissing(shortfall: Shortfall): void {
    const { queue } = shortfall;
    const missing = this.growth.recordMissing(shortfall);
    if (missing !== undefined) this.#owner.report({ type: 'missing', queue, missing });
  }

  /**
   * Waits until a message was confirmed for a queue that the next reading of it can find. If none is in flight, sends a
   * known message again.
   */
  async #awaitMessage(connection: CheckedConnection, queue: string, sample: SampleMessage): Promise<void> {
    const window = this.#window;
    const isDone = (): boolean => connection.ended || this.growth.confirmedSinceReading(queue) !== 0;
    await this.#owner.until(() => isDone() || (window.outbox.unsettled === 0 && window.canSend()));
    if (isDone()) return;
    window.sendProbe(sample);
    await this.#owner.until(isDone);
  }

  async #pause(milliseconds: number): Promise<void> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      this.#owner.recheck();
    }, milliseconds);
    try {
      await this.#owner.until(() => isOver);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A check that was cut short by a lost connection is repeated on the next one. */
  #onFailure(connection: CheckedConnection, error: unknown): void {
    if (connection.ended || !this.#owner.isAlive()) return;
    const fatal =
      error instanceof PublisherError ? error : error instanceof DeclarationError ? this.onRefused(error) : undefined;
    if (fatal) this.#owner.fail(fatal);
    else connection.end(error);
  }

  #missingQueueError(facts: PublisherErrorFacts, cause: unknown): PublisherError {
    const { verified } = this;
    return new PublisherError(
      'TOPOLOGY_MISSING',
      `Queue ${facts.queue} is gone, and with it the messages that were published to it. Publish again from message ${verified + 1} on.`,
      { facts: { ...facts, verified }, cause: redactedCause(this.#redact, cause) },
    );
  }

  #unavailableError(facts: PublisherErrorFacts): PublisherError {
    const { verified } = this;
    return new PublisherError(
      'QUEUE_UNAVAILABLE',
      `Queue ${facts.queue} took nothing for some time, most likely because its node was down. It may lack messages that were confirmed meanwhile. Publish again from message ${verified + 1} on.`,
      { facts: { ...facts, verified } },
    );
  }

  /** The error for what the broker reported, unless nothing is lost by it. */
  #causeOfLoss(
    { deletedExchanges, deletedQueues, unboundQueues }: TopologyChanges,
    expectedGrowth: ReadonlyMap<string, number>,
    readings: QueueReadings,
  ): PublisherError | undefined {
    const { continuity, growth } = this;
    const [deleted] = deletedQueues;
    if (deleted !== undefined) return continuity.lossOf({ reason: 'queue-replaced', queue: deleted });
    const [exchange] = deletedExchanges;
    if (exchange !== undefined) return continuity.lossOf({ reason: 'exchange-replaced', exchange });
    const [unbound] = unboundQueues;
    // With second bindings, nothing is lost.
    if (unbound === undefined || continuity.hasSecondBindings) return undefined;
    return this.#missingBindingError(unbound, growth.lackOf(unbound, expectedGrowth, readings));
  }

  #missingBindingError(queue: string, lost: number | undefined): PublisherError {
    const verified = Math.min(this.verified, this.#countedFrom);
    const exchange = this.#options.exchange.name;
    return new PublisherError(
      'TOPOLOGY_MISSING',
      `Queue ${queue} lacks ${lost ?? 'some'} of the published messages: its binding to exchange ${exchange} was removed for some time. Publish again from message ${verified + 1} on.`,
      { facts: { broker: this.#options.address.display, exchange, queue, verified, lost } },
    );
  }

  /**
   * If every queue that can be counted lacks messages after a reconnect, the broker lost them. A single queue may have
   * been emptied by a client in the meantime.
   */
  #messagesLost(
    expectedGrowth: ReadonlyMap<string, number>,
    readings: QueueReadings,
    shortfalls: readonly Shortfall[],
  ): PublisherError | undefined {
    const { growth } = this;
    const isCounted = (queue: string): boolean =>
      (expectedGrowth.get(queue) ?? 0) > 0 &&
      !growth.isDropping(queue) &&
      growth.readingOf(queue, readings)?.consumers === 0;
    const counted = [...expectedGrowth.keys()].filter(isCounted);
    const short = shortfalls.filter(({ queue }) => !growth.isDropping(queue));
    const [first] = short;
    if (!first || short.length < counted.length || growth.hadConsumer(first.queue)) return undefined;
    const { verified } = this;
    const exchange = this.#options.exchange.name;
    const { queue } = first;
    const lost = Math.min(first.expected - first.found, this.#window.outbox.confirmed);
    return new PublisherError(
      'TOPOLOGY_LOST',
      `The broker lost messages that it had confirmed: queue ${queue} lacks ${lost} of them after the reconnect. Publish again from message 1 on.`,
      {
        facts: { broker: this.#options.address.display, exchange, queue, reason: 'messages-lost', verified, lost },
      },
    );
  }
}
