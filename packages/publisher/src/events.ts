import type { PublisherError } from './errors.js';

/**
 * The state of a publisher.
 *
 * - `connecting`: reaching the broker
 * - `setup`: declaring the topology
 * - `waiting`: connected, while an exchange or queues that another program declares do not exist; in events only
 * - `open`: publishing, with capacity left in the window
 * - `full`: publishing, but the window is full: `publish` returns promises
 * - `blocked`: the broker has an alarm (memory, disk) and takes no messages
 * - `lost`: the connection is gone
 * - `backoff`: waiting before the next attempt to connect
 * - `failed`: for good, see {@link Publisher.error}; confirms that still arrive are counted
 * - `closing`, `closed`
 */
export type PublisherState =
  | 'connecting'
  | 'setup'
  | 'waiting'
  | 'open'
  | 'full'
  | 'blocked'
  | 'lost'
  | 'backoff'
  | 'failed'
  | 'closing'
  | 'closed';

/** What a publisher reports as it happens. Events never contain credentials. */
export type PublisherEvent =
  /** `open` and `full` alternate many times a second, so a change between these two is not reported. */
  | { readonly type: 'state'; readonly from: PublisherState; readonly to: PublisherState }
  /**
   * Connection number `epoch` is established, with this node of the broker, and the topology declared. `republished`
   * unsettled messages are sent first.
   */
  | { readonly type: 'connected'; readonly epoch: number; readonly republished: number; readonly broker: string }
  /** The connection with a node is gone, or an attempt to establish one failed. */
  | { readonly type: 'lost'; readonly error: PublisherError; readonly unsettled: number }
  /** No node is left to try. Attempt number `attempt` to connect follows after `delayMs`. */
  | { readonly type: 'backoff'; readonly attempt: number; readonly delayMs: number }
  /** The broker takes no messages until its alarm is cleared. */
  | { readonly type: 'blocked'; readonly reason: string }
  | { readonly type: 'unblocked'; readonly durationMs: number }
  /** The broker refused messages. `refused` of them are sent again, the oldest after `attempt` refusals in a row. */
  | { readonly type: 'nack'; readonly refused: number; readonly attempt: number; readonly delayMs: number }
  /** A queue without consumers holds fewer messages than were confirmed for it. The cause is found out next. */
  | { readonly type: 'shortfall'; readonly queue: string; readonly expected: number; readonly found: number }
  /**
   * A queue does not grow by what it receives: a policy of the broker limits its length or the life of its messages, or
   * a client takes them without a subscription. Its count no longer shows whether a binding is lost; its bindings are
   * declared again at each check.
   */
  | { readonly type: 'uncounted'; readonly queue: string }
  /**
   * A queue without consumers had `missing` messages and does not have them any more: a client took them without a
   * subscription, or purged the queue, or a policy dropped them or let them expire. Reported again each time the number
   * has doubled; see `stats.missing` for the current one.
   */
  | { readonly type: 'missing'; readonly queue: string; readonly missing: number }
  /**
   * The objects that prove continuity (see the option `continuity`) cannot be declared, most likely for lack of
   * permissions. The publisher goes on without them.
   */
  | { readonly type: 'continuity-unavailable'; readonly reason: string }
  /**
   * `createPublisher` waits for an exchange or queues that another program declares (see `expectTimeoutMs`): for these.
   * Reported again whenever others are missing, and on each new connection.
   */
  | { readonly type: 'waiting'; readonly exchange: string | undefined; readonly queues: readonly string[] }
  /** They exist, after `waitedMs`. */
  | { readonly type: 'found'; readonly waitedMs: number }
  /** The publisher failed for good. */
  | { readonly type: 'failed'; readonly error: PublisherError };
