import { jitteredDelay } from './backoff.js';
import { type Deferred, deferred, Waits, within } from './deferred.js';
import { PublisherError, type PublisherErrorFacts } from './errors.js';
import type { PublisherEvent, PublisherState } from './events.js';
import { NackHold } from './nack-hold.js';
import { isShortString, type ResolvedOptions } from './options.js';
import { type Entry, Outbox } from './outbox.js';
import type {
  CloseOptions,
  CloseReport,
  FlushOptions,
  OutgoingMessage,
  Publisher,
  PublisherStats,
} from './publisher.js';
import { connectRefusal, declareRefusal, isClientFault, publishRefusal, replyCodeOf } from './refusal.js';
import { createScrub, type Scrub, scrubbedCause } from './scrub.js';
import { Session } from './session.js';
import { DeclarationError } from './topology.js';
import { TopologyWatch } from './topology-watch.js';

type Life = 'running' | 'failed' | 'closing' | 'closed';
type Link = 'connecting' | 'setup' | 'open' | 'blocked' | 'lost' | 'backoff';

/** Times in a row that a broker may refuse the virtual host, or our messages, before we believe it. */
const REFUSALS = 3;
/** A message that only looks whether a queue still takes it has no place in the order. */
const PROBE = 0;

/**
 * The publisher's state machine. Its public state is derived from two: its life (running, failed, closing, closed) and its
 * link with the broker (connecting → setup → open ⇄ blocked → lost → backoff → connecting).
 */
export class WindowedPublisher implements Publisher {
  readonly #options: ResolvedOptions;
  readonly #scrub: Scrub;
  readonly #outbox = new Outbox();
  readonly #watch: TopologyWatch;
  readonly #opened = deferred();
  #life: Life = 'running';
  #link: Link = 'connecting';
  #announced: PublisherState = 'connecting';
  #error: PublisherError | undefined;
  #aborted: { reason: unknown } | undefined;

  #session: Session | undefined;
  #sessionEnd: Deferred<unknown> | undefined;
  #epoch = 0;
  /** Next message to send on this connection; a new connection starts behind the watermark again. */
  #cursor = 1;
  /** Highest number ever sent: what is sent again up to here is a re-publish. */
  #everSent = 0;
  #writable = true;
  #hold: NackHold | undefined;
  /**
   * The broker closed the channel for a fault of ours. The messages before the one it did not like lost their
   * confirms with the channel: sent by the window again, they would never get them.
   */
  #careful = false;
  #holdTimer: NodeJS.Timeout | undefined;
  #wakeFromBackoff: (() => void) | undefined;

  #room: Deferred<void> | undefined;
  readonly #waits = new Waits();
  #notifying = false;
  #closing: Promise<CloseReport> | undefined;

  #gated = false;
  readonly #timers: NodeJS.Timeout[] = [];
  #lastProgress = 0;

  #nacks = 0;
  #returns = 0;
  #republished = 0;
  #blockedSince: number | undefined;
  #blockedMs = 0;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#scrub = createScrub(options.address);
    this.#watch = new TopologyWatch(options, this.#scrub, {
      outbox: this.#outbox,
      isAlive: () => this.#isAlive(),
      canSend: () => this.#canSend(),
      until: (test) => this.#until(test),
      pause: (milliseconds) => this.#pause(milliseconds),
      repeat: ({ routingKey, messageId, body }) => {
        this.#send({ sequence: PROBE, routingKey, messageId, body, settled: false, returned: false });
      },
      gate: (closed) => {
        this.#gated = closed;
        this.#pump();
        this.#waits.poke();
      },
      report: (event) => this.#report(event),
      fail: (error) => this.#fail(error),
    });
  }

  get state(): PublisherState {
    if (this.#life !== 'running') return this.#life;
    return this.#link === 'open' && !this.#hasRoom() ? 'full' : this.#link;
  }

  get error(): PublisherError | undefined {
    return this.#error;
  }

  get confirmed(): number {
    return this.#outbox.confirmed;
  }

  get verified(): number {
    return this.#watch.verified;
  }

  get stats(): PublisherStats {
    const outbox = this.#outbox;
    const now = this.#blockedSince === undefined ? 0 : performance.now() - this.#blockedSince;
    return {
      published: outbox.published,
      acked: outbox.settled,
      unsettled: outbox.unsettled,
      windowBytes: outbox.bytes,
      nacks: this.#nacks,
      returns: this.#returns,
      reconnects: Math.max(0, this.#epoch - 1),
      republished: this.#republished,
      blockedSeconds: (this.#blockedMs + now) / 1000,
    };
  }

  /** Connects; resolves once the topology stands. */
  async start(): Promise<void> {
    const { signal, confirmTimeout, topologyCheckInterval } = this.#options;
    signal?.throwIfAborted();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (confirmTimeout > 0) {
      this.#timers.push(setInterval(() => this.#watchConfirms(), Math.max(10, Math.min(1_000, confirmTimeout / 4))));
    }
    if (topologyCheckInterval > 0) {
      this.#timers.push(setInterval(() => this.#tickWatch(), Math.max(10, topologyCheckInterval)));
    }
    void this.#run();
    try {
      await this.#opened.promise;
    } catch (error) {
      await this.close({ timeout: 0 });
      throw error;
    }
  }

  publish(message: OutgoingMessage): Promise<void> | undefined {
    const { routingKey, body, messageId } = message;
    if (this.#life !== 'running') return Promise.reject(this.#refusalNow());
    if (!(body instanceof Uint8Array) || typeof routingKey !== 'string' || !isShortString(routingKey)) {
      throw new PublisherError('INVALID_MESSAGE', 'A message needs a body of bytes and a routing key of at most 255.');
    }
    if (messageId !== undefined && (typeof messageId !== 'string' || !isShortString(messageId))) {
      throw new PublisherError('INVALID_MESSAGE', 'A message id has at most 255 bytes.', { routingKey });
    }
    if (this.#outbox.unsettled === 0 && this.#link === 'open' && !this.#gated) {
      this.#watch.afterPause(this.#session as Session, performance.now() - this.#lastProgress);
    }
    const buffer = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#outbox.add(routingKey, messageId, buffer);
    this.#pump();
    if (this.#hasRoom()) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  async flush({ signal }: FlushOptions = {}): Promise<void> {
    const target = this.#outbox.published;
    await this.#until(() => this.#outbox.confirmed >= target, signal);
    while (this.verified < target) {
      await this.#until(() => this.#link === 'open', signal);
      await within(this.#watch.look(this.#session as Session), signal);
      if (this.#life === 'failed' || this.#life === 'closed') throw this.#refusalNow();
    }
  }

  close(options: CloseOptions = {}): Promise<CloseReport> {
    const { timeout = 5_000 } = options;
    if (!(timeout >= 0)) {
      throw new PublisherError('INVALID_OPTIONS', `timeout must be a number of milliseconds from 0 up, not ${timeout}`);
    }
    this.#closing ??= this.#close(timeout);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // The link: one connection after the other.

  async #run(): Promise<void> {
    let attempts = 0;
    let vhostRefusals = 0;
    let faults = 0;
    while (this.#isAlive()) {
      const session = this.#newSession();
      const end = this.#sessionEnd as Deferred<unknown>;
      const openedAt = performance.now();
      let error: PublisherError | undefined;
      let reason: unknown;
      try {
        await this.#establish(session);
        vhostRefusals = 0;
        reason = await end.promise;
        if (!this.#isAlive()) return;
        const progress = session.confirms > 0;
        // A connection that is taken away again and again before it was of use counts as a failed attempt.
        const stood = progress || performance.now() - openedAt > this.#options.backoff.max;
        attempts = stood ? 0 : attempts + 1;
        const fault = isClientFault(reason) && session.tags.outstanding > 0;
        faults = fault ? (progress ? 1 : faults + 1) : 0;
        this.#careful = fault;
        if (faults >= REFUSALS) error = publishRefusal(reason, this.#scrub, this.#firstUnsettledFacts());
      } catch (thrown) {
        session.end(thrown);
        if (!this.#isAlive()) return;
        attempts++;
        reason = this.#setupReason(thrown, await end.promise);
        error = this.#refusalOf(reason);
        if (error?.code === 'VHOST_REFUSED' && ++vhostRefusals < REFUSALS) error = undefined;
      }
      if (error) return this.#fail(error);
      if (!(await this.#backOff(attempts, reason))) return;
    }
  }

  #newSession(): Session {
    const end = deferred<unknown>();
    const session: Session = new Session(this.#epoch + 1, this.#options, {
      acked: (entry, tag) => this.#onAck(entry, tag),
      nacked: (entry) => this.#onNack(entry),
      returned: (entry, replyCode) => this.#onReturn(entry, replyCode),
      settledSome: () => this.#onSettledSome(),
      blocked: (reason) => this.#onBlocked(reason),
      unblocked: () => this.#onUnblocked(),
      writable: () => {
        this.#writable = true;
        this.#pump();
        this.#waits.poke();
      },
      ended: (reason) => {
        this.#stopHold();
        this.#endBlock();
        this.#setLink('lost');
        end.resolve(reason);
        this.#waits.poke();
      },
    });
    this.#session = session;
    this.#sessionEnd = end;
    return session;
  }

  async #establish(session: Session): Promise<void> {
    const { connectTimeout } = this.#options;
    const timer = setTimeout(() => session.end(new Error(`no connection within ${connectTimeout} ms`)), connectTimeout);
    try {
      this.#setLink('connecting');
      await session.open();
      this.#setLink('setup');
      // Made anew without a look, a deleted queue would hide that its messages are gone.
      if (this.#epoch > 0) await session.findQueues();
      const readings = await session.declare();
      if (session.ended) throw new Error('ended during setup');
      this.#epoch = session.epoch;
      this.#watch.resume(session, readings);
      this.#cursor = this.#outbox.confirmed + 1;
      this.#writable = true;
      this.#gated = false;
      this.#lastProgress = performance.now();
      this.#setLink(session.blocked ? 'blocked' : 'open');
      const republished = Math.max(0, this.#everSent - this.#outbox.confirmed);
      this.#report({ type: 'connected', epoch: session.epoch, republished });
      if (this.#careful) {
        this.#hold = new NackHold(this.#options);
        this.#stepHold(this.#hold.resume());
      }
      this.#pump();
      this.#opened.resolve();
      this.#waits.poke();
    } finally {
      clearTimeout(timer);
    }
  }

  /** A refused declaration knows what it was about; where the whole connection went, its end knows why. */
  #setupReason(thrown: unknown, ended: unknown): unknown {
    if (!(thrown instanceof DeclarationError)) return ended;
    return replyCodeOf(thrown.cause) === undefined && ended !== thrown
      ? new DeclarationError(thrown.facts, ended)
      : thrown;
  }

  /** What will not mend by trying again. */
  #refusalOf(reason: unknown): PublisherError | undefined {
    const broker = this.#options.address.display;
    if (!(reason instanceof DeclarationError)) return connectRefusal(reason, this.#scrub, { broker });
    const facts = { broker, ...reason.facts };
    return this.#epoch > 0 ? this.#watch.refusalOf(reason) : declareRefusal(reason.cause, this.#scrub, facts);
  }

  /** Waits for the next attempt, after `failures` in a row; `false` when there is none. */
  async #backOff(failures: number, reason: unknown): Promise<boolean> {
    const { address, backoff, connectAttempts, reconnectAttempts } = this.#options;
    const cause = scrubbedCause(this.#scrub, reason instanceof DeclarationError ? reason.cause : reason);
    const replyCode = replyCodeOf(cause);
    const facts = {
      broker: address.display,
      attempts: failures,
      ...(replyCode !== undefined && { replyCode }),
    };
    const lost = new PublisherError(
      'CONNECTION_LOST',
      `No connection with ${address.display}: ${cause.message}`,
      facts,
      cause,
    );
    this.#report({ type: 'lost', error: lost, unsettled: this.#outbox.unsettled });
    if (failures >= (this.#epoch > 0 ? reconnectAttempts : connectAttempts)) {
      this.#fail(
        new PublisherError(
          'UNREACHABLE',
          `${address.display} cannot be reached after ${failures} attempts: ${cause.message}`,
          facts,
          cause,
        ),
      );
      return false;
    }
    const delay = jitteredDelay(Math.max(1, failures), backoff);
    this.#setLink('backoff');
    this.#report({ type: 'backoff', attempt: failures + 1, delay });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.#wakeFromBackoff = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeFromBackoff = undefined;
    return true;
  }

  // Sending.

  #hasRoom(): boolean {
    const outbox = this.#outbox;
    return outbox.published - outbox.confirmed < this.#options.maxInFlight && outbox.bytes < this.#options.maxBytes;
  }

  #canSend(): boolean {
    return (
      this.#link === 'open' && this.#writable && !this.#gated && (this.#life === 'running' || this.#life === 'closing')
    );
  }

  /** Sends what the window and the socket take. */
  #pump(): void {
    if (this.#hold || !this.#canSend()) return;
    const outbox = this.#outbox;
    const { maxInFlight } = this.#options;
    while (this.#cursor <= outbox.published && this.#cursor - outbox.confirmed <= maxInFlight) {
      const entry = outbox.at(this.#cursor++);
      if (!entry.settled && !this.#send(entry)) return;
    }
  }

  #send(entry: Entry): boolean {
    const session = this.#session as Session;
    // A probe, too, is a message that the broker had already.
    if (entry.sequence <= this.#everSent) this.#republished++;
    else this.#everSent = entry.sequence;
    if (session.tags.outstanding === 0) this.#lastProgress = performance.now();
    this.#writable = session.send(entry);
    return this.#writable;
  }

  // What the broker says.

  #onAck(entry: Entry, tag: number): void {
    this.#watch.ledger.confirmed(tag, entry);
    if (entry.sequence === PROBE) return;
    this.#hold?.acked();
    this.#outbox.settle(entry);
  }

  #onNack(entry: Entry): void {
    if (entry.sequence === PROBE) {
      this.#watch.ledger.absolve();
      return;
    }
    this.#nacks++;
    this.#hold ??= new NackHold(this.#options);
    this.#hold.nacked(entry);
  }

  #onReturn(entry: Entry, replyCode: number): void {
    this.#returns++;
    const { routingKey, messageId, sequence } = entry;
    const exchange = this.#options.exchange.name;
    const number = sequence === PROBE ? {} : { sequence };
    this.#fail(
      new PublisherError(
        'UNROUTABLE',
        `No queue took ${sequence === PROBE ? 'a message' : `message ${sequence}`} (routing key ${routingKey}): the queues bound to exchange ${exchange} are gone or were unbound. Restore them, then publish again from message ${this.verified + 1} on.`,
        {
          exchange,
          routingKey,
          replyCode,
          ...number,
          verified: this.verified,
          ...(messageId !== undefined && { messageId }),
        },
      ),
    );
  }

  #onSettledSome(): void {
    this.#lastProgress = performance.now();
    if (this.#hold && this.#session?.tags.outstanding === 0) this.#stepHold();
    this.#pump();
    if (this.#room && this.#hasRoom()) {
      this.#room.resolve();
      this.#room = undefined;
    }
    this.#waits.poke();
    if (this.#options.onConfirmed && !this.#notifying) {
      // Confirms come many to a read of the socket: told once, after the last of them.
      this.#notifying = true;
      queueMicrotask(() => {
        this.#notifying = false;
        this.#options.onConfirmed?.(this.#outbox.confirmed);
      });
    }
  }

  #stepHold(step = this.#hold?.next()): void {
    const hold = this.#hold;
    if (!hold || !step || !this.#canStepHold()) return;
    switch (step.kind) {
      case 'over':
        this.#hold = undefined;
        return;
      case 'hopeless': {
        const { sequence, routingKey, messageId } = step.entry;
        const facts = { sequence, routingKey, attempts: step.attempts, exchange: this.#options.exchange.name };
        this.#fail(
          new PublisherError(
            'NACKED',
            `The broker refused message ${sequence} ${step.attempts} times in a row: most likely a queue is full (x-overflow reject-publish) and nobody consumes from it.`,
            messageId === undefined ? facts : { ...facts, messageId },
          ),
        );
        return;
      }
      case 'wait':
        this.#report({ type: 'nack', refused: hold.refused, attempt: hold.failures, delay: step.delay });
        this.#holdTimer = setTimeout(() => this.#stepHold(hold.resume()), step.delay);
        return;
      case 'send': {
        // A round is small or the window at most, so the socket's buffer takes it whole.
        for (const entry of step.entries) this.#send(entry);
        for (let fresh = step.fresh; fresh > 0 && this.#cursor <= this.#outbox.published; ) {
          const entry = this.#outbox.at(this.#cursor++);
          if (entry.settled) continue;
          this.#send(entry);
          fresh--;
        }
        // Nothing left to send in rounds: what comes next flows as ever.
        if (this.#session?.tags.outstanding === 0) this.#hold = undefined;
      }
    }
  }

  #canStepHold(): boolean {
    return (
      this.#session !== undefined && !this.#session.ended && (this.#life === 'running' || this.#life === 'closing')
    );
  }

  #stopHold(): void {
    clearTimeout(this.#holdTimer);
    this.#hold = undefined;
  }

  #onBlocked(reason: string): void {
    this.#blockedSince ??= performance.now();
    if (this.#link === 'open') this.#setLink('blocked');
    this.#report({ type: 'blocked', reason: this.#scrub(String(reason)) });
  }

  #onUnblocked(): void {
    const seconds = this.#endBlock();
    this.#lastProgress = performance.now();
    if (this.#link === 'blocked') this.#setLink('open');
    this.#report({ type: 'unblocked', seconds });
    this.#pump();
    this.#waits.poke();
  }

  #endBlock(): number {
    if (this.#blockedSince === undefined) return 0;
    const milliseconds = performance.now() - this.#blockedSince;
    this.#blockedMs += milliseconds;
    this.#blockedSince = undefined;
    return milliseconds / 1000;
  }

  #watchConfirms(): void {
    const session = this.#session;
    if (this.#link !== 'open' || !session || session.tags.outstanding === 0) return;
    const { confirmTimeout } = this.#options;
    if (performance.now() - this.#lastProgress > confirmTimeout) {
      session.end(new Error(`no confirm within ${confirmTimeout} ms`));
    }
  }

  #tickWatch(): void {
    if (this.#link === 'open' && this.#life === 'running') this.#watch.tick(this.#session as Session);
  }

  // Waiting and ending.

  /** Resolves when `test` holds; rejects when the publisher ends before. */
  async #until(test: () => boolean, signal?: AbortSignal): Promise<void> {
    if (this.#life === 'failed' || this.#life === 'closed') throw this.#refusalNow();
    await this.#waits.until(test, signal);
  }

  async #pause(milliseconds: number): Promise<void> {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      this.#waits.poke();
    }, milliseconds);
    try {
      await this.#until(() => over);
    } finally {
      clearTimeout(timer);
    }
  }

  #isAlive(): boolean {
    return this.#life === 'running' || this.#life === 'closing';
  }

  #refusalNow(): unknown {
    return this.#aborted
      ? this.#aborted.reason
      : (this.#error ?? new PublisherError('CLOSED', 'The publisher is closed.'));
  }

  #rejectWaits(reason: unknown): void {
    this.#opened.reject(reason);
    this.#room?.reject(reason);
    this.#room = undefined;
    this.#waits.rejectAll(reason);
  }

  /** For good. The connection stays until `close`, so that confirms on their way still move the watermark. */
  #fail(error: PublisherError): void {
    if (!this.#isAlive()) return;
    this.#error = error;
    if (this.#life === 'running') this.#setLife('failed');
    this.#stopHold();
    this.#report({ type: 'failed', error });
    this.#rejectWaits(error);
    this.#drained?.resolve();
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal?.reason;
    this.#aborted = { reason };
    this.#drained?.resolve();
    this.#rejectWaits(reason);
    this.#tearDown();
    this.#session?.end(reason);
  };

  /** Resolves when `close` need not wait any longer. */
  #drained: Deferred<void> | undefined;

  async #close(timeout: number): Promise<CloseReport> {
    const session = this.#session;
    if (this.#life !== 'closed') {
      const failed = this.#life === 'failed';
      if (!failed) this.#setLife('closing');
      const drained = deferred();
      this.#drained = drained;
      const done = failed
        ? () => !session || session.ended || session.tags.outstanding === 0
        : () => this.#outbox.unsettled === 0;
      // As long as timers go, that is 24.8 days, is as good as for ever.
      const timer = setTimeout(drained.resolve, Math.min(timeout, 2 ** 31 - 1));
      await Promise.race([drained.promise, this.#waits.until(done).catch(() => {})]);
      clearTimeout(timer);
      this.#tearDown();
      await this.#session?.close();
      this.#rejectWaits(this.#refusalNow());
    }
    const { published, confirmed } = this.#outbox;
    const unsettled = Array.from(this.#outbox.unsettledEntries(), ({ sequence, routingKey, messageId }) => ({
      sequence,
      routingKey,
      messageId,
    }));
    return { published, confirmed, unsettled };
  }

  #tearDown(): void {
    this.#setLife('closed');
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopHold();
    this.#endBlock();
    this.#wakeFromBackoff?.();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  #firstUnsettledFacts(): PublisherErrorFacts {
    const exchange = this.#options.exchange.name;
    for (const { sequence, routingKey, messageId } of this.#outbox.unsettledEntries()) {
      return { exchange, sequence, routingKey, ...(messageId !== undefined && { messageId }) };
    }
    return { exchange };
  }

  // Telling.

  #setLife(life: Life): void {
    this.#life = life;
    this.#announce();
  }

  #setLink(link: Link): void {
    this.#link = link;
    this.#announce();
  }

  #announce(): void {
    const from = this.#announced;
    const to = this.#life === 'running' ? this.#link : this.#life;
    if (from === to) return;
    this.#announced = to;
    this.#report({ type: 'state', from, to });
  }

  /** A listener that throws is a fault of its own: nobody here can mend it, and it must not stop what is under way. */
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
