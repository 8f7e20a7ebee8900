import type { Channel } from 'amqplib';
import { PublisherError, type PublisherErrorFacts } from '../errors.js';
import type { PublisherEvent } from '../events.js';
import { type Redact, redactedCause } from '../redact.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { SendWindow } from '../window/send-window.js';
import { DeclarationError, type QueueReadings, readQueues, rebindQueues, type Topology } from './declare-topology.js';
import { QueueGrowthCheck, type Shortfall } from './queue-growth.js';
import { explainDeclarationRefusal, isMissing } from './refusals.js';

/** The bindings of a queue are declared again after this many shortfalls in a row. */
const SHORTFALLS_BEFORE_REBIND = 3;
/** After that, the queue is read this often, and this far apart: a queue that drops messages does it by then. */
const READINGS_AFTER_REBIND = 3;
const READING_INTERVAL_MS = 250;
/** After a pause this long, the queues are read before anything is sent: consumers may have come and gone. */
const MIN_PAUSE_MS = 100;

/** The connection that the topology is checked on. */
export interface CheckedConnection {
  readonly ended: boolean;
  /** The delivery tag of the last message sent. */
  readonly lastTag: number;
  /** Runs `work` on a channel of its own, since the broker closes a channel on which it refuses a request. */
  request<T>(work: (channel: Channel) => Promise<T>): Promise<T>;
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
  readonly #options: ResolvedOptions;
  readonly #redact: Redact;
  readonly #window: SendWindow;
  readonly #owner: TopologyCheckOwner;
  #verified = 0;
  #running: Promise<void> | undefined;

  constructor(options: ResolvedOptions, redact: Redact, window: SendWindow, owner: TopologyCheckOwner) {
    this.#options = options;
    this.#redact = redact;
    this.#window = window;
    this.#owner = owner;
    this.growth = new QueueGrowthCheck(options);
  }

  /** The watermark as of the last check that found the topology complete. */
  get verified(): number {
    return this.#options.topologyCheckIntervalMs > 0 ? this.#verified : this.#window.outbox.confirmed;
  }

  /** A new connection has declared the topology: compares its queues with what the connection before left in them. */
  resume(connection: CheckedConnection, readings: QueueReadings): void {
    const { shortfalls } = this.growth.compare(this.growth.expectedGrowth(), readings, 0);
    this.growth.restart(readings, 0);
    if (shortfalls.length > 0) this.#start(connection, shortfalls);
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
    connection
      .request((channel) => readQueues(channel, this.#options))
      .then((readings) => {
        if (connection.ended) return;
        this.growth.restart(readings, connection.lastTag);
        this.#setSendingPaused(false);
      })
      .catch((error: unknown) => this.#onFailure(connection, error));
  }

  /** What a refused reading of a queue means; `undefined` if another attempt may succeed. */
  explainRefusal({ cause, facts }: DeclarationError): PublisherError | undefined {
    const broker = this.#options.address.display;
    return isMissing(cause)
      ? this.#missingQueueError({ broker, ...facts }, cause)
      : explainDeclarationRefusal(cause, this.#redact, { broker, ...facts });
  }

  #setSendingPaused(paused: boolean): void {
    this.#window.setSendingPaused(paused);
    this.#owner.recheck();
  }

  #start(connection: CheckedConnection, shortfalls: readonly Shortfall[] = []): Promise<void> {
    const running: Promise<void> = this.#checkUntilClear(connection, shortfalls)
      .catch((error: unknown) => this.#onFailure(connection, error))
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }

  /** Reads the queues. If one falls short, reads again until it is clear or its binding is known to be missing. */
  async #checkUntilClear(connection: CheckedConnection, known: readonly Shortfall[]): Promise<void> {
    const { isAlive, report, fail } = this.#owner;
    let shortfalls = known;
    for (;;) {
      if (shortfalls.length > 0) await this.#awaitMessages(connection, shortfalls);
      if (connection.ended || !isAlive()) return;
      const watermark = this.#window.outbox.confirmed;
      const expectedGrowth = this.growth.expectedGrowth();
      const readings = await connection.request((channel) => readQueues(channel, this.#options));
      if (connection.ended || !isAlive()) return;
      const result = this.growth.compare(expectedGrowth, readings, connection.lastTag);
      shortfalls = result.shortfalls;
      for (const { queue, expected, found } of shortfalls) report({ type: 'shortfall', queue, expected, found });
      for (const shortfall of shortfalls) {
        if (shortfall.consecutiveShortfalls < SHORTFALLS_BEFORE_REBIND) continue;
        const isBindingMissing = await this.#isBindingMissing(connection, shortfall);
        if (connection.ended || !isAlive()) return;
        if (isBindingMissing) return fail(this.#missingBindingError(shortfall.queue));
        shortfalls = shortfalls.filter(({ queue }) => queue !== shortfall.queue);
      }
      if (shortfalls.length === 0) {
        if (result.hasUncheckable) await connection.request((channel) => rebindQueues(channel, this.#options));
        this.#verified = Math.max(this.#verified, watermark);
        return;
      }
    }
  }

  /**
   * Declares the bindings of a queue again, so that it is certainly bound. If it grows now, they were missing. If it
   * does not, they are not the cause: a policy of the broker makes it drop messages, or a client takes them.
   */
  async #isBindingMissing(connection: CheckedConnection, shortfall: Shortfall): Promise<boolean> {
    const { growth } = this;
    const { isAlive, report } = this.#owner;
    const { queue } = shortfall;
    const { exchange, queues } = this.#options;
    const onlyThis: Topology = { exchange, queues: queues.filter(({ name }) => name === queue) };
    const read = async () => (await connection.request((channel) => readQueues(channel, onlyThis))).get(queue);
    await connection.request((channel) => rebindQueues(channel, onlyThis));
    growth.startRebindCheck(queue, await read(), connection.lastTag);
    for (let reading = 1; reading <= READINGS_AFTER_REBIND; reading++) {
      const before = growth.confirmedSinceRebind(queue);
      const needsMessage = () => growth.hasShortfall(queue) && growth.confirmedSinceRebind(queue) === before;
      await this.#awaitMessages(connection, [shortfall], needsMessage);
      await this.#pause(READING_INTERVAL_MS);
      if (connection.ended || !isAlive() || !growth.hasShortfall(queue)) return false;
      const expected = growth.confirmedSinceRebind(queue);
      const grew = growth.grewSinceRebind(queue, expected, await read());
      if (grew) return true;
      if (grew === undefined) {
        growth.clear(queue);
        return false;
      }
    }
    growth.ignoreCount(queue);
    report({ type: 'uncounted', queue });
    return false;
  }

  /**
   * Waits until a message was confirmed for each queue that fell short. If none is in flight, sends a known message
   * again.
   */
  async #awaitMessages(
    connection: CheckedConnection,
    shortfalls: readonly Shortfall[],
    needsMessage = (queue: string): boolean => this.growth.needsMessage(queue),
  ): Promise<void> {
    const window = this.#window;
    const waiting = (): Shortfall[] => shortfalls.filter(({ queue }) => needsMessage(queue));
    const isDone = (): boolean => connection.ended || waiting().length === 0;
    await this.#owner.until(() => isDone() || (window.outbox.unsettled === 0 && window.canSend()));
    if (isDone()) return;
    for (const { sample } of waiting()) window.sendProbe(sample);
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
    const fatal = error instanceof DeclarationError ? this.explainRefusal(error) : undefined;
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

  #missingBindingError(queue: string): PublisherError {
    const { verified } = this;
    const exchange = this.#options.exchange.name;
    return new PublisherError(
      'TOPOLOGY_MISSING',
      `Queue ${queue} receives none of the published messages: its binding to exchange ${exchange} was removed. Publish again from message ${verified + 1} on.`,
      { facts: { broker: this.#options.address.display, exchange, queue, verified } },
    );
  }
}
