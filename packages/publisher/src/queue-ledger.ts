import { bindingMatchOf } from './binding-match.js';
import type { ResolvedOptions, ResolvedQueue } from './options.js';
import type { QueueReading, QueueReadings } from './topology.js';

/** A message that was confirmed, kept to be sent once more. */
export interface KnownMessage {
  readonly routingKey: string;
  readonly messageId: string | undefined;
  readonly body: Buffer;
}

/** A queue that holds less than was confirmed for it. */
export interface Shortfall {
  readonly queue: string;
  readonly expected: number;
  readonly found: number;
  /** How many readings in a row it fell short. */
  readonly times: number;
  /** A message that the queue should take. */
  readonly sample: KnownMessage;
}

interface Account {
  readonly queue: ResolvedQueue;
  baseline: QueueReading | undefined;
  /** Messages for this queue that were sent after the baseline and are confirmed. */
  confirmed: number;
  last: KnownMessage | undefined;
  times: number;
}

/** Queues that lose messages by design cannot be counted, and a stream's count is an estimate. */
const isCountable = (queue: ResolvedQueue): boolean => {
  const args = queue.arguments;
  const bounded = 'x-max-length' in args || 'x-max-length-bytes' in args;
  const dropping = bounded && !String(args['x-overflow'] ?? 'drop-head').startsWith('reject-publish');
  return queue.routingKeys.length > 0 && args['x-queue-type'] !== 'stream' && !('x-message-ttl' in args) && !dropping;
};

/**
 * Finds a queue that gets nothing although everything is acked: AMQP has no question about bindings, and `mandatory`
 * speaks only where *no* queue takes a message. But a queue without consumers grows by what is confirmed for it.
 *
 * A reading counts only messages that were sent after the reading before it and confirmed before it, so messages on
 * their way never make a shortfall. A queue with a consumer at either reading is not judged.
 */
export class QueueLedger {
  readonly #accounts: Account[];
  readonly #matches: (queue: ResolvedQueue, routingKey: string) => boolean;
  /** Messages up to this delivery tag may or may not be in the last reading. */
  #baselineTag = Number.POSITIVE_INFINITY;
  #lastKey: string | undefined;
  #lastAccounts: readonly Account[] = [];

  constructor({ exchange, queues, topologyCheckCounts }: ResolvedOptions) {
    const match = bindingMatchOf(exchange.type);
    this.#matches = (queue, routingKey) => queue.routingKeys.some((key) => match?.(key, routingKey) === true);
    this.#accounts = queues
      .filter((queue) => match !== undefined && topologyCheckCounts && isCountable(queue))
      .map((queue) => ({ queue, baseline: undefined, confirmed: 0, last: undefined, times: 0 }));
  }

  /** Whether there is a queue whose count says something. */
  get judges(): boolean {
    return this.#accounts.length > 0;
  }

  /** Whether a message for this queue was confirmed since the last reading, so that the next one can judge it. */
  hasEvidence(queue: string): boolean {
    return this.#accounts.some((account) => account.queue.name === queue && account.confirmed > 0);
  }

  confirmed(tag: number, message: KnownMessage): void {
    if (tag <= this.#baselineTag) return;
    if (message.routingKey !== this.#lastKey) {
      this.#lastKey = message.routingKey;
      this.#lastAccounts = this.#accounts.filter((account) => this.#matches(account.queue, message.routingKey));
    }
    for (const account of this.#lastAccounts) {
      account.confirmed++;
      account.last = message;
    }
  }

  /** What must be in the queues by now; taken before they are read. */
  expectations(): number[] {
    return this.#accounts.map((account) => account.confirmed);
  }

  /** Starts anew from a reading; `tag` is the last one sent by then. */
  baseline(readings: QueueReadings, tag: number): void {
    this.#baselineTag = tag;
    for (const account of this.#accounts) {
      account.baseline = readings.get(account.queue.name);
      account.confirmed = 0;
    }
  }

  /**
   * Compares a reading with the expectations taken before it, and starts anew from it.
   * `blind` tells whether some queue could not be judged.
   */
  compare(
    expectations: readonly number[],
    readings: QueueReadings,
    tag: number,
  ): { shortfalls: Shortfall[]; blind: boolean } {
    const shortfalls: Shortfall[] = [];
    let blind = this.#accounts.length < readings.size;
    for (const [index, account] of this.#accounts.entries()) {
      const { name } = account.queue;
      const before = account.baseline;
      const now = readings.get(name);
      const expected = expectations[index] as number;
      if (!before || !now || before.consumers > 0 || now.consumers > 0) {
        account.times = 0;
        blind = true;
        continue;
      }
      if (expected === 0) continue;
      const found = now.messages - before.messages;
      // Close looks follow a first shortfall at once: a queue that takes even one of its messages is bound.
      const short = account.times === 0 ? found < expected : found <= 0;
      account.times = short ? account.times + 1 : 0;
      if (short && account.last) {
        shortfalls.push({ queue: name, expected, found, times: account.times, sample: account.last });
      }
    }
    this.baseline(readings, tag);
    return { shortfalls, blind };
  }
}
