import { PublisherError, type PublisherErrorFacts } from './errors.js';
import type { PublisherEvent } from './events.js';
import type { ResolvedOptions } from './options.js';
import type { Outbox } from './outbox.js';
import { type KnownMessage, QueueLedger, type Shortfall } from './queue-ledger.js';
import { declareRefusal, isMissing } from './refusal.js';
import { type Scrub, scrubbedCause } from './scrub.js';
import type { Session } from './session.js';
import { DeclarationError, type QueueReadings, readQueues, rebindQueues, type Topology } from './topology.js';

/** A queue that falls short so many readings in a row, the later ones at close range, is tried. */
const SHORTFALLS = 3;
/** So often a queue is read in its trial, and so many milliseconds apart: what drops messages does it by then. */
const TRIALS = 3;
const TRIAL_MS = 250;
/** After so long without a confirm the queues are read before anything is sent: consumers may have come and gone. */
const IDLE_MS = 100;

/** What the watch needs of its publisher. */
export interface WatchContext {
  readonly outbox: Outbox;
  /** The publisher has neither failed nor ended. */
  isAlive(): boolean;
  /** Messages flow. */
  canSend(): boolean;
  /** Resolves when `test` holds; rejects when the publisher ends before. */
  until(test: () => boolean): Promise<void>;
  /** Resolves after so many milliseconds; rejects when the publisher ends before. */
  pause(milliseconds: number): Promise<void>;
  /** Sends a confirmed message once more. */
  repeat(message: KnownMessage): void;
  /** Holds new messages back, or lets them go. */
  gate(closed: boolean): void;
  report(event: PublisherEvent): void;
  fail(error: PublisherError): void;
}

/**
 * Looks after queues and bindings while messages flow. Whatever is missing fails the publisher: what was acked in
 * the meantime is not where it should be.
 */
export class TopologyWatch {
  readonly ledger: QueueLedger;
  readonly #options: ResolvedOptions;
  readonly #scrub: Scrub;
  readonly #context: WatchContext;
  #verified = 0;
  #look: Promise<void> | undefined;

  constructor(options: ResolvedOptions, scrub: Scrub, context: WatchContext) {
    this.#options = options;
    this.#scrub = scrub;
    this.#context = context;
    this.ledger = new QueueLedger(options);
  }

  /** The watermark as of the last look that found the topology whole. */
  get verified(): number {
    return this.#options.topologyCheckInterval > 0 ? this.#verified : this.#context.outbox.confirmed;
  }

  /** A new connection has declared the topology: its queues are compared with what the one before left. */
  resume(session: Session, readings: QueueReadings): void {
    const { shortfalls } = this.ledger.compare(this.ledger.expectations(), readings, 0);
    this.ledger.restart(readings, 0);
    if (shortfalls.length > 0) this.#start(session, shortfalls);
  }

  /** For a timer: looks where there is something to look after. */
  tick(session: Session): void {
    const { outbox } = this.#context;
    if (!this.#look && (this.#verified < outbox.confirmed || outbox.unsettled > 0)) this.#start(session);
  }

  /** Resolves when the look that is under way, or a new one, has ended; it may have failed the publisher. */
  look(session: Session): Promise<void> {
    return this.#look ?? this.#start(session);
  }

  /**
   * Before the first message after a pause: while nothing was on its way, consumers may have come and gone, so counts
   * start anew from a reading made before anything is sent.
   */
  afterPause(session: Session, sinceLastConfirm: number): void {
    if (this.#options.topologyCheckInterval === 0 || !this.ledger.judges || this.#look) return;
    if (sinceLastConfirm < IDLE_MS) return;
    // What was confirmed before the pause is judged first.
    if (this.#verified < this.#context.outbox.confirmed) {
      this.#start(session);
      return;
    }
    this.#context.gate(true);
    session
      .ask((channel) => readQueues(channel, this.#options))
      .then((readings) => {
        if (session.ended) return;
        this.ledger.restart(readings, session.tags.last);
        this.#context.gate(false);
      })
      .catch((error: unknown) => this.#onFailure(session, error));
  }

  #start(session: Session, shortfalls: readonly Shortfall[] = []): Promise<void> {
    const look: Promise<void> = this.#lookAround(session, shortfalls)
      .catch((error: unknown) => this.#onFailure(session, error))
      .finally(() => {
        if (this.#look === look) this.#look = undefined;
      });
    this.#look = look;
    return look;
  }

  /** Reads the queues; where one falls short, reads again and again until it is cleared or convicted. */
  async #lookAround(session: Session, suspects: readonly Shortfall[]): Promise<void> {
    const { outbox, isAlive, report, fail } = this.#context;
    let shortfalls = suspects;
    for (;;) {
      if (shortfalls.length > 0) await this.#gatherEvidence(session, shortfalls);
      if (session.ended || !isAlive()) return;
      const watermark = outbox.confirmed;
      const expectations = this.ledger.expectations();
      const readings = await session.ask((channel) => readQueues(channel, this.#options));
      if (session.ended || !isAlive()) return;
      const seen = this.ledger.compare(expectations, readings, session.tags.last);
      shortfalls = seen.shortfalls;
      for (const { queue, expected, found } of shortfalls) report({ type: 'shortfall', queue, expected, found });
      for (const shortfall of shortfalls.filter(({ times }) => times >= SHORTFALLS)) {
        const gone = await this.#isBindingGone(session, shortfall);
        if (session.ended || !isAlive()) return;
        if (gone) return fail(this.#missingBinding(shortfall.queue));
        shortfalls = shortfalls.filter(({ queue }) => queue !== shortfall.queue);
      }
      if (shortfalls.length === 0) {
        if (seen.blind) await session.ask((channel) => rebindQueues(channel, this.#options));
        this.#verified = Math.max(this.#verified, watermark);
        return;
      }
    }
  }

  /**
   * Tries a suspect queue: its bindings are asserted again, so that from here on it is bound for certain. If it grows now, they were
   * missing. If it does not, they are not what is at fault: a policy of the broker makes it drop messages, or somebody takes them.
   */
  async #isBindingGone(session: Session, shortfall: Shortfall): Promise<boolean> {
    const { isAlive, pause, report } = this.#context;
    const { queue } = shortfall;
    const { exchange, queues } = this.#options;
    const only: Topology = { exchange, queues: queues.filter(({ name }) => name === queue) };
    const read = async () => (await session.ask((channel) => readQueues(channel, only))).get(queue);
    await session.ask((channel) => rebindQueues(channel, only));
    this.ledger.openTrial(queue, await read(), session.tags.last);
    for (let trial = 1; trial <= TRIALS; trial++) {
      const before = this.ledger.inTrial(queue);
      const lacks = (): boolean => this.ledger.isSuspect(queue) && this.ledger.inTrial(queue) === before;
      await this.#gatherEvidence(session, [shortfall], lacks);
      await pause(TRIAL_MS);
      if (session.ended || !isAlive() || !this.ledger.isSuspect(queue)) return false;
      const expected = this.ledger.inTrial(queue);
      const grew = this.ledger.grewInTrial(queue, expected, await read());
      if (grew) return true;
      if (grew === undefined) {
        this.ledger.acquit(queue, { uncounted: false });
        return false;
      }
    }
    this.ledger.acquit(queue, { uncounted: true });
    report({ type: 'uncounted', queue });
    return false;
  }

  /** Waits until each suspect queue should have got a message; where none is on its way, sends a known one again. */
  async #gatherEvidence(
    session: Session,
    shortfalls: readonly Shortfall[],
    lacks = (queue: string): boolean => this.ledger.lacksEvidence(queue),
  ): Promise<void> {
    const { outbox, canSend, until, repeat } = this.#context;
    const missing = (): Shortfall[] => shortfalls.filter(({ queue }) => lacks(queue));
    const done = (): boolean => session.ended || missing().length === 0;
    await until(() => done() || (outbox.unsettled === 0 && canSend()));
    if (done()) return;
    for (const { sample } of missing()) repeat(sample);
    await until(done);
  }

  /** A look that a lost connection cut short is made again on the next one. */
  #onFailure(session: Session, error: unknown): void {
    if (session.ended || !this.#context.isAlive()) return;
    const fatal = error instanceof DeclarationError ? this.refusalOf(error) : undefined;
    if (fatal) this.#context.fail(fatal);
    else session.end(error);
  }

  /** What a refused look at a queue means; `undefined` where another attempt may succeed. */
  refusalOf({ cause, facts }: DeclarationError): PublisherError | undefined {
    const broker = this.#options.address.display;
    return isMissing(cause)
      ? this.#missingQueue({ broker, ...facts }, cause)
      : declareRefusal(cause, this.#scrub, { broker, ...facts });
  }

  #missingQueue(facts: PublisherErrorFacts, cause: unknown): PublisherError {
    return new PublisherError(
      'TOPOLOGY_MISSING',
      `Queue ${facts.queue} is gone, and the messages published since then with it. Publish again from message ${this.verified + 1} on.`,
      { ...facts, verified: this.verified },
      scrubbedCause(this.#scrub, cause),
    );
  }

  #missingBinding(queue: string): PublisherError {
    const exchange = this.#options.exchange.name;
    return new PublisherError(
      'TOPOLOGY_MISSING',
      `Queue ${queue} gets nothing that is published: its binding to exchange ${exchange} was removed. Publish again from message ${this.verified + 1} on.`,
      { broker: this.#options.address.display, exchange, queue, verified: this.verified },
    );
  }
}
