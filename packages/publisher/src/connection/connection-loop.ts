import { backoffDelayMs } from '@discogs-extractor/internal/backoff';
import { PublisherError } from '../errors.js';
import type { PublisherEvent } from '../events.js';
import type { BrokerIdentity } from '../publisher.js';
import { type Redact, redactedCause } from '../redact.js';
import { REPLY_CODE, replyCodeOf } from '../reply-code.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { DeclarationError } from '../topology/declare-topology.js';
import { explainDeclarationRefusal } from '../topology/refusals.js';
import type { TopologyCheck } from '../topology/topology-check.js';
import type { SendWindow } from '../window/send-window.js';
import { brokerIdentity } from './broker-identity.js';
import { identifyPeer, type Peer } from './identify-peer.js';
import { loadTls } from './load-tls.js';
import type { ConnectionSource } from './open-connection.js';
import {
  explainConnectRefusal,
  explainPeer,
  explainPublishRefusal,
  isClientFault,
  maxMessageBytesOf,
  mayNotBeBroker,
  withPeer,
} from './refusals.js';
import { type DeliveryHandlers, Session } from './session.js';

/** connecting → setup → open ⇄ blocked → lost → backoff → connecting */
export type ConnectionState = 'connecting' | 'setup' | 'open' | 'blocked' | 'lost' | 'backoff';

/** What the loop reports to its publisher. */
export interface ConnectionOwner extends DeliveryHandlers {
  /** Whether the publisher has neither failed nor ended. */
  isAlive(): boolean;
  onStateChange(state: ConnectionState): void;
  /** The topology of a new connection is declared. Nothing may be sent yet. */
  onReady(session: Session): void;
  /** The connection is open. `oneByOne`: the broker closed the last one because of a message; find out which. */
  onUp(options: { readonly oneByOne: boolean }): void;
  /** The broker's alarm is over. */
  onUnblocked(): void;
  onDown(): void;
  report(event: PublisherEvent): void;
  fail(error: PublisherError): void;
}

/** How often in a row a broker may refuse the virtual host, or a message, before the publisher fails. */
const MAX_REFUSALS = 3;

/** How a connection ended. `fatal`: another attempt would not help. */
interface SessionOutcome {
  readonly reason: unknown;
  readonly fatal: PublisherError | undefined;
}

/** Keeps the publisher connected: makes one connection after another, with backoff, until that no longer helps. */
export class ConnectionLoop {
  readonly #options: ResolvedOptions;
  readonly #connections: ConnectionSource;
  readonly #redact: Redact;
  readonly #window: SendWindow;
  readonly #check: TopologyCheck;
  readonly #owner: ConnectionOwner;
  #state: ConnectionState = 'connecting';
  #session: Session | undefined;
  #broker: BrokerIdentity;
  #epoch = 0;
  /** Attempts in a row that failed, or whose connection was lost before it was of use. */
  #failures = 0;
  #vhostRefusals = 0;
  #publishRefusals = 0;
  /**
   * The broker closed the channel because of a message. The messages sent before it lost their confirms with the
   * channel; if the window sent them all again at once, so would they every time.
   */
  #probingOneByOne = false;
  #blockedSince: number | undefined;
  #blockedMs = 0;
  #confirmTimer: NodeJS.Timeout | undefined;
  /** What answered when an attempt failed with this message. */
  #examined: { readonly message: string; readonly peer: Peer } | undefined;
  readonly #examination = new AbortController();
  #endBackoff: (() => void) | undefined;

  constructor(
    options: ResolvedOptions,
    connections: ConnectionSource,
    redact: Redact,
    window: SendWindow,
    check: TopologyCheck,
    owner: ConnectionOwner,
  ) {
    this.#options = options;
    this.#connections = connections;
    this.#redact = redact;
    this.#window = window;
    this.#check = check;
    this.#owner = owner;
    this.#broker = brokerIdentity(options.address);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The current connection, or the last one. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** The broker of the last connection that was made. */
  get broker(): BrokerIdentity {
    return this.#broker;
  }

  /** Connections made after the first. */
  get reconnects(): number {
    return Math.max(0, this.#epoch - 1);
  }

  /** Time under an alarm of the broker, including the current one. */
  get blockedMs(): number {
    return this.#blockedMs + (this.#blockedSince === undefined ? 0 : performance.now() - this.#blockedSince);
  }

  /** Connects again and again until the publisher fails or ends. */
  async run(): Promise<void> {
    const { confirmTimeoutMs } = this.#options;
    if (confirmTimeoutMs > 0) {
      const intervalMs = Math.max(10, Math.min(1_000, confirmTimeoutMs / 4));
      this.#confirmTimer = setInterval(() => this.#checkConfirmTimeout(), intervalMs);
    }
    while (this.#owner.isAlive()) {
      const outcome = await this.#runSession(this.#createSession());
      if (!this.#owner.isAlive()) return;
      if (outcome.fatal) return this.#owner.fail(outcome.fatal);
      if (!(await this.#backOff(outcome.reason))) return;
    }
  }

  /** Makes no further attempts. The current session stays as it is. */
  stop(): void {
    clearInterval(this.#confirmTimer);
    this.#examination.abort();
    this.#endBlock();
    this.#endBackoff?.();
  }

  #createSession(): Session {
    const owner = this.#owner;
    const session = new Session(this.#epoch + 1, this.#options, this.#connections, {
      onAcked: (entry, tag) => owner.onAcked(entry, tag),
      onNacked: (entry) => owner.onNacked(entry),
      onReturned: (entry, replyCode) => owner.onReturned(entry, replyCode),
      onBatchSettled: () => owner.onBatchSettled(),
      onWritable: () => owner.onWritable(),
      onBlocked: (reason) => this.#onBlocked(reason),
      onUnblocked: () => this.#onUnblocked(),
      onEnded: () => {
        this.#endBlock();
        this.#setState('lost');
        owner.onDown();
      },
    });
    this.#session = session;
    return session;
  }

  async #runSession(session: Session): Promise<SessionOutcome> {
    const startedAt = performance.now();
    try {
      await this.#establish(session);
    } catch (error) {
      session.end(error);
      this.#failures++;
      const reason = this.#setupReason(error, await session.endReason);
      if (!session.isConnected && mayNotBeBroker(reason)) return this.#examinePeer(reason);
      return { reason, fatal: this.#explainSetupRefusal(reason) };
    }
    this.#vhostRefusals = 0;
    const reason = await session.endReason;
    const wasUseful = session.confirms > 0;
    // A connection that is lost again and again before it was of use counts as a failed attempt.
    const wasStable = wasUseful || performance.now() - startedAt > this.#options.backoff.maxMs;
    this.#failures = wasStable ? 0 : this.#failures + 1;
    return { reason, fatal: this.#onPublishRefusal(reason, session.outstanding > 0, wasUseful) };
  }

  /** Finds out whether the peer is a broker at all, unless one was there before or this was found out already. */
  async #examinePeer(reason: unknown): Promise<SessionOutcome> {
    const { address, tls } = this.#options;
    const cause = redactedCause(this.#redact, reason);
    const isNews = this.#epoch === 0 && cause.message !== this.#examined?.message;
    if (isNews) {
      const isTls = address.protocol === 'amqps' && (cause as { code?: unknown }).code === undefined;
      const peer = await identifyPeer(address, isTls ? await loadTls(tls) : undefined, this.#examination.signal);
      this.#examined = { message: cause.message, peer };
    }
    const { peer } = this.#examined ?? {};
    const fatal = (peer && explainPeer(peer, address, cause)) ?? this.#explainSetupRefusal(reason);
    return { reason: peer ? withPeer(reason, peer) : reason, fatal };
  }

  /** What to do after the end of a connection that was open; returns an error if another one would not help. */
  #onPublishRefusal(reason: unknown, hadOutstanding: boolean, wasUseful: boolean): PublisherError | undefined {
    const first = this.#window.firstUnsettled();
    const maxBytes = maxMessageBytesOf(reason);
    // Now that the limit is known, the window finds the messages that are too large.
    const isLearned = maxBytes !== undefined && this.#window.limitMessageBytes(maxBytes);
    const isRefusal =
      isClientFault(reason) ||
      // The publisher's own exchange is declared again; the exchange of a single message is not.
      (replyCodeOf(reason) === REPLY_CODE.NOT_FOUND && this.#window.hasOwnExchange());
    this.#probingOneByOne = isRefusal && hadOutstanding && !isLearned;
    this.#publishRefusals = this.#probingOneByOne ? (wasUseful ? 1 : this.#publishRefusals + 1) : 0;
    if (this.#publishRefusals < MAX_REFUSALS) return undefined;
    const error = explainPublishRefusal(reason, this.#redact, this.#options, first);
    if (error.code !== 'MESSAGE_REFUSED' || this.#options.onRefused === undefined) return error;
    this.#window.refuseFirst(error);
    this.#publishRefusals = 0;
    return undefined;
  }

  async #establish(session: Session): Promise<void> {
    const { connectTimeoutMs } = this.#options;
    const timer = setTimeout(
      () => session.endUnresponsive(new Error(`No connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    try {
      this.#setState('connecting');
      await session.open();
      this.#broker = brokerIdentity(this.#options.address, session.serverProperties);
      this.#setState('setup');
      const isFirst = this.#epoch === 0;
      if (!isFirst) await session.assertQueuesExist();
      await this.#check.events.listen(session);
      await this.#check.continuity.prove(session, { isFirst });
      const readings = await session.declareTopology();
      await this.#check.continuity.declare(session);
      // What happened until now is over: everything is declared.
      await this.#check.events.take();
      await this.#check.resume(session, readings);
      if (session.ended) throw new Error('Connection ended during setup');
      this.#epoch = session.epoch;
      this.#owner.onReady(session);
      this.#setState(session.blocked ? 'blocked' : 'open');
      this.#owner.report({ type: 'connected', epoch: session.epoch, republished: this.#window.toRepublish });
      this.#owner.onUp({ oneByOne: this.#probingOneByOne });
    } finally {
      clearTimeout(timer);
    }
  }

  /** A refused declaration knows what was declared. If the whole connection was lost, its end knows why. */
  #setupReason(error: unknown, endReason: unknown): unknown {
    if (error instanceof PublisherError) return error;
    if (!(error instanceof DeclarationError)) return endReason;
    return replyCodeOf(error.cause) === undefined && endReason !== error
      ? new DeclarationError(error.facts, endReason)
      : error;
  }

  #explainSetupRefusal(reason: unknown): PublisherError | undefined {
    const broker = this.#options.address.display;
    if (reason instanceof PublisherError) return reason;
    if (reason instanceof DeclarationError) {
      return this.#epoch > 0
        ? this.#check.explainRefusal(reason)
        : explainDeclarationRefusal(reason.cause, this.#redact, { broker, ...reason.facts });
    }
    const error = explainConnectRefusal(reason, this.#redact, broker);
    return error?.code === 'VHOST_REFUSED' && ++this.#vhostRefusals < MAX_REFUSALS ? undefined : error;
  }

  /** Waits before the next attempt; `false` if there is none. */
  async #backOff(reason: unknown): Promise<boolean> {
    const { address, backoff, connectAttempts, reconnectAttempts } = this.#options;
    const failures = this.#failures;
    const broker = address.display;
    const cause = redactedCause(this.#redact, reason instanceof DeclarationError ? reason.cause : reason);
    const details = { facts: { broker, attempts: failures, replyCode: replyCodeOf(cause) }, cause };
    this.#owner.report({
      type: 'lost',
      error: new PublisherError('CONNECTION_LOST', `No connection with ${broker}: ${cause.message}`, details),
      unsettled: this.#window.outbox.unsettled,
    });
    if (failures >= (this.#epoch > 0 ? reconnectAttempts : connectAttempts)) {
      const message = `${broker} cannot be reached after ${failures} ${failures === 1 ? 'attempt' : 'attempts'}: ${cause.message}`;
      this.#owner.fail(new PublisherError('UNREACHABLE', message, details));
      return false;
    }
    const delayMs = backoffDelayMs(Math.max(1, failures), backoff);
    this.#setState('backoff');
    this.#owner.report({ type: 'backoff', attempt: failures + 1, delayMs });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#endBackoff = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endBackoff = undefined;
    return true;
  }

  #onBlocked(reason: string): void {
    this.#blockedSince ??= performance.now();
    if (this.#state === 'open') this.#setState('blocked');
    this.#owner.report({ type: 'blocked', reason: this.#redact(String(reason)) });
  }

  #onUnblocked(): void {
    const durationMs = this.#endBlock();
    if (this.#state === 'blocked') this.#setState('open');
    this.#owner.report({ type: 'unblocked', durationMs });
    this.#owner.onUnblocked();
  }

  #endBlock(): number {
    if (this.#blockedSince === undefined) return 0;
    const durationMs = performance.now() - this.#blockedSince;
    this.#blockedMs += durationMs;
    this.#blockedSince = undefined;
    return durationMs;
  }

  #checkConfirmTimeout(): void {
    const session = this.#session;
    if (this.#state !== 'open' || !session || session.outstanding === 0) return;
    const { confirmTimeoutMs } = this.#options;
    if (session.idleMs > confirmTimeoutMs) session.end(new Error(`No confirm within ${confirmTimeoutMs} ms`));
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#owner.onStateChange(state);
  }
}
