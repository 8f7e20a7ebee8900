import type { PublisherError } from './errors.js';

/**
 * Where a publisher stands.
 *
 * - `connecting`, `setup`: reaching the broker; declaring the topology
 * - `open`: publishing, with room in the window
 * - `full`: publishing, the window is full, `publish` answers with promises
 * - `blocked`: the broker has an alarm (memory, disk) and takes nothing
 * - `lost`, `backoff`: the connection is gone; waiting before the next attempt
 * - `failed`: for good, see {@link Publisher.error}; confirms that still come are counted
 * - `closing`, `closed`
 */
export type PublisherState =
  | 'connecting'
  | 'setup'
  | 'open'
  | 'full'
  | 'blocked'
  | 'lost'
  | 'backoff'
  | 'failed'
  | 'closing'
  | 'closed';

/** What a publisher tells its owner as it happens. Credentials are never in it. */
export type PublisherEvent =
  /** `open` and `full` take turns many times a second, so a step between these two is not told. */
  | { type: 'state'; from: PublisherState; to: PublisherState }
  /** The connection stands and the topology is declared; `republished` unsettled messages go first. */
  | { type: 'connected'; epoch: number; republished: number }
  /** The connection is gone, or an attempt to make one failed. */
  | { type: 'lost'; error: PublisherError; unsettled: number }
  /** Attempt number `attempt` follows after `delay` milliseconds. */
  | { type: 'backoff'; attempt: number; delay: number }
  | { type: 'blocked'; reason: string }
  | { type: 'unblocked'; seconds: number }
  /** The broker refused messages; `refused` of them wait to be sent again, the oldest after `attempt` refusals in a row. */
  | { type: 'nack'; refused: number; attempt: number; delay: number }
  /** A queue holds fewer messages than were confirmed for it and has no consumer; it is looked at closer. */
  | { type: 'shortfall'; queue: string; expected: number; found: number }
  /**
   * A queue does not grow although it is bound: a policy of the broker limits its length or the life of its messages, or somebody
   * takes them without a subscription. Its count is not looked at any more; its bindings are asserted again at each look.
   */
  | { type: 'uncounted'; queue: string }
  | { type: 'failed'; error: PublisherError };
