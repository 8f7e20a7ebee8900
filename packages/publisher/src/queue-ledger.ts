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

/** What must be in a queue by now: since the account was opened, and since the last reading. */
interface Expectation {
  readonly total: number;
  readonly recent: number;
}

/** Messages that a count may be held to: those sent after `tag`, of which `confirmed` are confirmed. */
interface Tally {
  readonly messages: number;
  readonly tag: number;
  confirmed: number;
}

interface Account {
  readonly queue: ResolvedQueue;
  /** Since the last moment at which the count was known and no consumer was there. */
  since: Tally | undefined;
  /** Since the last reading, for the looks at close range. */
  recent: Tally | undefined;
  /** Since its bindings were asserted again, to see whether that makes it grow. */
  trial: Tally | undefined;
  /** Its count says nothing: it drops messages, or somebody takes them. */
  uncounted: boolean;
  /** A message that it should have taken since the reading before the last; its body is a copy. */
  sample: KnownMessage | undefined;
  /** Whether that is older than the last reading. */
  isSampleOld: boolean;
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
 * Counts run from the start of a connection, when nothing is on its way. A binding that goes takes all later messages
 * with it, so what a queue holds is a beginning of what was sent: as long as it holds as many as are confirmed, it
 * holds those. A queue with a consumer is not judged, and its count starts anew.
 */
export class QueueLedger {
  readonly #accounts: Account[];
  readonly #matches: (queue: ResolvedQueue, routingKey: string) => boolean;
  #lastKey: string | undefined;
  #lastAccounts: readonly Account[] = [];

  constructor({
    exchange,
    queues,
    topologyCheckCounts,
  }: Pick<ResolvedOptions, 'exchange' | 'queues' | 'topologyCheckCounts'>) {
    const match = bindingMatchOf(exchange.type);
    this.#matches = (queue, routingKey) => queue.routingKeys.some((key) => match?.(key, routingKey) === true);
    this.#accounts = queues
      .filter((queue) => match !== undefined && topologyCheckCounts && isCountable(queue))
      .map((queue) => ({
        queue,
        since: undefined,
        recent: undefined,
        trial: undefined,
        uncounted: false,
        sample: undefined,
        isSampleOld: true,
        times: 0,
      }));
  }

  /** Whether there is a queue whose count says something. */
  get judges(): boolean {
    return this.#accounts.some((account) => !account.uncounted);
  }

  /** Whether a queue is suspect, and no message for it was confirmed since the last reading that the next could find. */
  lacksEvidence(queue: string): boolean {
    return this.#accounts.some(
      (account) => account.queue.name === queue && account.times > 0 && account.recent?.confirmed === 0,
    );
  }

  /** A suspect queue was just bound anew, and read: from here on it must grow by all that is confirmed. */
  openTrial(queue: string, reading: QueueReading | undefined, tag: number): void {
    const account = this.#accountOf(queue);
    if (account) account.trial = reading && { messages: reading.messages, tag, confirmed: 0 };
  }

  /** Whether a queue fell short, and nothing has cleared it since. */
  isSuspect(queue: string): boolean {
    return (this.#accountOf(queue)?.times ?? 0) > 0;
  }

  /** Messages confirmed for a queue since its trial was opened. */
  inTrial(queue: string): number {
    return this.#accountOf(queue)?.trial?.confirmed ?? 0;
  }

  /**
   * Whether a queue has grown by the `expected` messages since its trial was opened. `undefined` where that cannot be told, since
   * a consumer came.
   */
  grewInTrial(queue: string, expected: number, reading: QueueReading | undefined): boolean | undefined {
    const trial = this.#accountOf(queue)?.trial;
    if (!trial || !reading || reading.consumers > 0) return undefined;
    return reading.messages - trial.messages >= expected;
  }

  /** Clears a queue of its suspicion. `uncounted`: for good, since its count says nothing. */
  acquit(queue: string, { uncounted }: { uncounted: boolean }): void {
    const account = this.#accountOf(queue);
    if (account) Object.assign(account, { times: 0, since: undefined, recent: undefined, trial: undefined, uncounted });
  }

  #accountOf(queue: string): Account | undefined {
    return this.#accounts.find((account) => account.queue.name === queue);
  }

  /** A message sent under `tag` is with the broker. */
  confirmed(tag: number, message: KnownMessage): void {
    if (message.routingKey !== this.#lastKey) {
      this.#lastKey = message.routingKey;
      this.#lastAccounts = this.#accounts.filter((account) => this.#matches(account.queue, message.routingKey));
    }
    for (const account of this.#lastAccounts) {
      if (account.since && tag > account.since.tag) account.since.confirmed++;
      if (account.recent && tag > account.recent.tag) account.recent.confirmed++;
      if (account.trial && tag > account.trial.tag) account.trial.confirmed++;
      if (account.isSampleOld) {
        // The body is its owner's again once this is told.
        const { routingKey, messageId, body } = message;
        account.sample = { routingKey, messageId, body: Buffer.from(body) };
        account.isSampleOld = false;
      }
    }
  }

  /** What must be in the queues by now; taken before they are read. */
  expectations(): Expectation[] {
    return this.#accounts.map(({ since, recent }) => ({
      total: since?.confirmed ?? 0,
      recent: recent?.confirmed ?? 0,
    }));
  }

  /** Starts all counts anew from a reading; `tag` is the last one sent by then. */
  restart(readings: QueueReadings, tag: number): void {
    for (const account of this.#accounts) {
      // Tags are a connection's own.
      account.trial = undefined;
      if (!account.uncounted) restart(account, readings.get(account.queue.name), tag);
    }
  }

  /** Drops every suspicion: a queue that refuses a message is bound. */
  absolve(): void {
    for (const account of this.#accounts) Object.assign(account, { times: 0, since: undefined });
  }

  /**
   * Compares a reading with the expectations taken before it.
   * `blind` tells whether some queue could not be judged.
   */
  compare(
    expectations: readonly Expectation[],
    readings: QueueReadings,
    tag: number,
  ): { shortfalls: Shortfall[]; blind: boolean } {
    const shortfalls: Shortfall[] = [];
    let blind = this.#accounts.length < readings.size;
    for (const [index, account] of this.#accounts.entries()) {
      const now = readings.get(account.queue.name);
      const { since, recent } = account;
      if (account.uncounted) {
        blind = true;
        continue;
      }
      if (!since || !recent || !now || now.consumers > 0) {
        restart(account, now, tag);
        account.times = 0;
        blind = true;
        continue;
      }
      const { total, recent: close } = expectations[index] as Expectation;
      // Close looks follow a first shortfall at once: a queue that takes even one of its messages is bound.
      const expected = account.times === 0 ? total : close;
      const found = now.messages - (account.times === 0 ? since.messages : recent.messages);
      const short = account.times === 0 ? found < expected : found <= 0;
      account.isSampleOld = true;
      if (short && account.sample) {
        if (expected > 0) account.times++;
        shortfalls.push({ queue: account.queue.name, expected, found, times: account.times, sample: account.sample });
      } else if (account.times > 0) {
        account.times = 0;
        restart(account, now, tag);
      }
      account.recent = { messages: now.messages, tag, confirmed: 0 };
    }
    return { shortfalls, blind };
  }
}

const restart = (account: Account, reading: QueueReading | undefined, tag: number): void => {
  const tally = reading && reading.consumers === 0 ? { messages: reading.messages, tag } : undefined;
  account.since = tally && { ...tally, confirmed: 0 };
  account.recent = tally && { ...tally, confirmed: 0 };
};
