import { backoffDelayMs } from '@discogs-extractor/internal/backoff';
import { type NodeFailureFacts, PublisherError } from '../errors.js';
import type { PublisherEvent } from '../events.js';
import type { BrokerIdentity } from '../publisher.js';
import { type Redact, redactedCause } from '../redact.js';
import { REPLY_CODE, replyCodeOf } from '../reply-code.js';
import type { BrokerNode, ResolvedOptions } from '../resolve-options.js';
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
  readonly node: BrokerNode;
  readonly reason: unknown;
  readonly fatal: PublisherError | undefined;
}

/** Why a node was of no use when it was last tried. */
interface NodeFailure {
  readonly node: BrokerNode;
  /** Without credentials. */
  readonly cause: Error;
  /** Waiting does not help. */
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
  /** The nodes that failed since the last connection that was set up. */
  readonly #failed = new Map<BrokerNode, NodeFailure>();
  /**
   * The broker closed the channel because of a message. The messages sent before it lost their confirms with the
   * channel; if the window sent them all again at once, so would they every time.
   */
  #probingOneByOne = false;
  #blockedSince: number | undefined;
  #blockedMs = 0;
  #confirmTimer: NodeJS.Timeout | undefined;
  /** What answered at a node when an attempt failed with this message. */
  readonly #examined = new Map<BrokerNode, { readonly message: string; readonly peer: Peer }>();
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
    this.#broker = brokerIdentity(options.nodes[0].address);
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
      this.#reportLost(outcome);
      if (!this.#connections.rotation.isRoundOver) continue;
      if (!(await this.#backOff(outcome))) return;
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
      const reason = this.#setupReason(error, await session.endReason);
      const { node } = session;
      // A shared connection that is closed has none.
      if (node === undefined) return { node: this.#options.nodes[0], reason, fatal: this.#explainRefusal(reason) };
      const isNoBroker = !session.isConnected && mayNotBeBroker(reason);
      const outcome = isNoBroker
        ? await this.#examinePeer(node, reason)
        : { node, reason, fatal: this.#explainRefusal(reason, node) };
      const fatal = this.#onSetupFailure(outcome, session.isConnected);
      return { ...outcome, fatal };
    }
    this.#vhostRefusals = 0;
    const node = session.node as BrokerNode;
    const reason = await session.endReason;
    const wasUseful = session.confirms > 0;
    // A connection that is lost again and again before it was of use counts as a failed attempt.
    const wasStable = wasUseful || performance.now() - startedAt > this.#options.backoff.maxMs;
    if (wasStable) {
      this.#failures = 0;
      this.#connections.rotation.leave(node);
    } else {
      this.#countFailure(node, reason, undefined);
    }
    return { node, reason, fatal: this.#onPublishRefusal(reason, session.outstanding > 0, wasUseful) };
  }

  /**
   * What a node alone refuses (its certificate, its port, the login) does not keep the publisher from using the others:
   * it is fatal if each of them has refused. What one says about the topology holds for all.
   */
  #onSetupFailure({ node, reason, fatal }: SessionOutcome, isConnected: boolean): PublisherError | undefined {
    this.#countFailure(node, reason, fatal);
    if (fatal === undefined || isConnected || this.#options.nodes.length === 1) return fatal;
    const failures = [...this.#failed.values()];
    if (failures.length < this.#options.nodes.length || !failures.every((failure) => failure.fatal)) return undefined;
    const { code, facts, cause } = fatal;
    return new PublisherError(code, `No node accepts the connection: ${failures.map(describeFailure).join('; ')}`, {
      facts: { ...facts, broker: this.#options.address.display, nodes: failures.map(factsOfFailure) },
      cause,
    });
  }

  /** An attempt has failed when every node has. */
  #countFailure(node: BrokerNode, reason: unknown, fatal: PublisherError | undefined): void {
    this.#failed.set(node, { node, cause: this.#causeOf(reason), fatal });
    if (this.#connections.rotation.isRoundOver) this.#failures++;
  }

  #causeOf(reason: unknown): Error {
    return redactedCause(this.#redact, reason instanceof DeclarationError ? reason.cause : reason);
  }

  /** Finds out whether the peer is a broker at all, unless one was there before or this was found out already. */
  async #examinePeer(node: BrokerNode, reason: unknown): Promise<SessionOutcome> {
    const { address, tls } = node;
    const cause = redactedCause(this.#redact, reason);
    const isNews = this.#epoch === 0 && cause.message !== this.#examined.get(node)?.message;
    if (isNews) {
      const isTls = address.protocol === 'amqps' && (cause as { code?: unknown }).code === undefined;
      const peer = await identifyPeer(address, isTls ? await loadTls(tls) : undefined, this.#examination.signal);
      this.#examined.set(node, { message: cause.message, peer });
    }
    const { peer } = this.#examined.get(node) ?? {};
    const fatal = (peer && explainPeer(peer, address, cause)) ?? this.#explainRefusal(reason, node);
    return { node, reason: peer ? withPeer(reason, peer) : reason, fatal };
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
    this.#setState('connecting');
    const node = session.connect();
    const { connectTimeoutMs } = node;
    const timer = setTimeout(
      () => session.endUnresponsive(new Error(`No connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    try {
      await session.open();
      this.#broker = brokerIdentity(node.address, session.serverProperties);
      this.#setState('setup');
      const isFirst = this.#epoch === 0;
      if (!isFirst) await session.assertQueuesExist();
      await this.#check.events.listen(session);
      await this.#check.continuity.prove(session, { isFirst });
      await this.#check.continuity.resetPartitions(session);
      const readings = await session.declareTopology();
      await this.#check.continuity.declare(session);
      // What happened until now is over: everything is declared.
      await this.#check.events.take();
      await this.#check.resume(session, readings);
      if (session.ended) throw new Error('Connection ended during setup');
      this.#epoch = session.epoch;
      this.#failed.clear();
      this.#owner.onReady(session);
      this.#setState(session.blocked ? 'blocked' : 'open');
      const { toRepublish: republished } = this.#window;
      this.#owner.report({ type: 'connected', epoch: session.epoch, republished, broker: node.address.display });
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

  #explainRefusal(reason: unknown, node?: BrokerNode): PublisherError | undefined {
    const broker = (node ?? this.#options).address.display;
    if (reason instanceof PublisherError) return reason;
    if (reason instanceof DeclarationError) {
      return this.#epoch > 0
        ? this.#check.onRefused(reason)
        : explainDeclarationRefusal(reason.cause, this.#redact, { broker, ...reason.facts });
    }
    const error = explainConnectRefusal(reason, this.#redact, broker);
    const maxRefusals = MAX_REFUSALS * this.#options.nodes.length;
    return error?.code === 'VHOST_REFUSED' && ++this.#vhostRefusals < maxRefusals ? undefined : error;
  }

  #reportLost({ node, reason }: SessionOutcome): void {
    const broker = node.address.display;
    const cause = this.#causeOf(reason);
    this.#owner.report({
      type: 'lost',
      // What a node refuses for good is news, although the others are tried.
      error:
        this.#failed.get(node)?.fatal ??
        new PublisherError('CONNECTION_LOST', `No connection with ${broker}: ${cause.message}`, {
          facts: { broker, attempts: this.#failures, replyCode: replyCodeOf(cause) },
          cause,
        }),
      unsettled: this.#window.outbox.unsettled,
    });
  }

  /** Waits before the next attempt; `false` if there is none. */
  async #backOff({ reason }: SessionOutcome): Promise<boolean> {
    const { backoff, connectAttempts, reconnectAttempts } = this.#options;
    const failures = this.#failures;
    if (failures >= (this.#epoch > 0 ? reconnectAttempts : connectAttempts)) {
      this.#owner.fail(this.#unreachableError(reason));
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

  #unreachableError(reason: unknown): PublisherError {
    const { address, nodes } = this.#options;
    const broker = address.display;
    const attempts = this.#failures;
    const cause = this.#causeOf(reason);
    const after = `after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
    const failures = [...this.#failed.values()];
    return new PublisherError(
      'UNREACHABLE',
      nodes.length === 1
        ? `${broker} cannot be reached ${after}: ${cause.message}`
        : `None of the ${nodes.length} nodes can be reached ${after}: ${failures.map(describeFailure).join('; ')}`,
      {
        facts: {
          ...{ broker, attempts, replyCode: replyCodeOf(cause) },
          nodes: nodes.length === 1 ? undefined : failures.map(factsOfFailure),
        },
        cause,
      },
    );
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

const describeFailure = ({ node, cause, fatal }: NodeFailure): string =>
  fatal?.message ?? `${node.address.display}: ${cause.message}`;

const factsOfFailure = ({ node, cause, fatal }: NodeFailure): NodeFailureFacts => ({
  broker: node.address.display,
  code: fatal?.code ?? 'CONNECTION_LOST',
  message: fatal?.message ?? cause.message,
});
