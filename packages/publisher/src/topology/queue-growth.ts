import type { ResolvedOptions, ResolvedQueue } from '../resolve-options.js';
import type { OutboxEntry } from '../window/outbox.js';
import { bindingMatchOf } from './binding-match.js';
import type { QueueReading, QueueReadings } from './declare-topology.js';

/** A message that was confirmed, kept to be sent again as a probe. */
export type SampleMessage = Pick<OutboxEntry, 'routingKey' | 'messageId' | 'body'>;

/** A queue that holds fewer messages than were confirmed for it. */
export interface Shortfall {
  readonly queue: string;
  readonly expected: number;
  readonly found: number;
  readonly consecutiveShortfalls: number;
  /** A message that the queue should take. */
  readonly sample: SampleMessage;
}

/** The messages that were confirmed for a queue, since its counts started and since the last reading. */
export interface ExpectedGrowth {
  readonly sinceStart: number;
  readonly sinceLastReading: number;
}

/** Counts the messages confirmed for a queue that were sent after a reading of it. */
interface GrowthCount {
  /** What the queue held at that reading. */
  readonly messages: number;
  /** The last delivery tag that was sent by then. */
  readonly tag: number;
  confirmed: number;
}

/** The state of one queue. */
interface TrackedQueue {
  readonly queue: ResolvedQueue;
  /** Since a reading without consumers. `undefined` while the queue cannot be checked. */
  sinceStart: GrowthCount | undefined;
  sinceLastReading: GrowthCount | undefined;
  /** Since the bindings were declared again after shortfalls. */
  sinceRebind: GrowthCount | undefined;
  consecutiveShortfalls: number;
  /** The count means nothing: the queue drops messages, or a client takes them without a subscription. */
  isCountIgnored: boolean;
  /** A message confirmed for this queue since the reading before the last one. Its body is a copy. */
  sample: SampleMessage | undefined;
  /** Whether the sample was confirmed before the last reading. */
  isSampleStale: boolean;
}

/** Queues that lose messages by design cannot be counted, and the count of a stream is an estimate. */
const isCountable = (queue: ResolvedQueue): boolean => {
  const args = queue.arguments;
  const isBounded = 'x-max-length' in args || 'x-max-length-bytes' in args;
  const drops = isBounded && !String(args['x-overflow'] ?? 'drop-head').startsWith('reject-publish');
  return queue.routingKeys.length > 0 && args['x-queue-type'] !== 'stream' && !('x-message-ttl' in args) && !drops;
};

/**
 * Detects a queue that receives nothing although every message is acked. AMQP cannot list bindings, and `mandatory`
 * reports only messages that no queue takes. But a queue without consumers grows by the messages confirmed for it.
 *
 * Counts start with a connection, when nothing is in flight. A binding that is removed affects all later messages, so
 * what a queue holds is always a prefix of what was sent: as long as it holds as many messages as were confirmed, it
 * holds exactly those. A queue with a consumer is not checked, and its counts start again.
 */
export class QueueGrowthCheck {
  readonly #queues: TrackedQueue[];
  readonly #matches: (queue: ResolvedQueue, routingKey: string) => boolean;
  /** The queues for the routing key of the last message: consecutive messages mostly share it. */
  #lastRoutingKey: string | undefined;
  #lastMatches: readonly TrackedQueue[] = [];

  constructor({
    exchange,
    queues,
    topologyCheckCounts,
  }: Pick<ResolvedOptions, 'exchange' | 'queues' | 'topologyCheckCounts'>) {
    const match = bindingMatchOf(exchange.type);
    this.#matches = (queue, routingKey) => queue.routingKeys.some((key) => match?.(key, routingKey) === true);
    this.#queues = queues
      .filter((queue) => match !== undefined && topologyCheckCounts && isCountable(queue))
      .map((queue) => ({
        queue,
        sinceStart: undefined,
        sinceLastReading: undefined,
        sinceRebind: undefined,
        consecutiveShortfalls: 0,
        isCountIgnored: false,
        sample: undefined,
        isSampleStale: true,
      }));
  }

  /** Whether the count of at least one queue means something. */
  get hasCountableQueues(): boolean {
    return this.#queues.some((tracked) => !tracked.isCountIgnored);
  }

  /** Records that a message sent under `tag` was confirmed. */
  recordConfirmed(tag: number, message: SampleMessage): void {
    if (message.routingKey !== this.#lastRoutingKey) {
      this.#lastRoutingKey = message.routingKey;
      this.#lastMatches = this.#queues.filter((tracked) => this.#matches(tracked.queue, message.routingKey));
    }
    for (const tracked of this.#lastMatches) {
      if (tracked.sinceStart && tag > tracked.sinceStart.tag) tracked.sinceStart.confirmed++;
      if (tracked.sinceLastReading && tag > tracked.sinceLastReading.tag) tracked.sinceLastReading.confirmed++;
      if (tracked.sinceRebind && tag > tracked.sinceRebind.tag) tracked.sinceRebind.confirmed++;
      if (tracked.isSampleStale) {
        // The caller may reuse the body as soon as the confirm is reported.
        const { routingKey, messageId, body } = message;
        tracked.sample = { routingKey, messageId, body: Buffer.from(body) };
        tracked.isSampleStale = false;
      }
    }
  }

  /** By how much the queues must have grown by now. Call it before the queues are read. */
  expectedGrowth(): ExpectedGrowth[] {
    return this.#queues.map(({ sinceStart, sinceLastReading }) => ({
      sinceStart: sinceStart?.confirmed ?? 0,
      sinceLastReading: sinceLastReading?.confirmed ?? 0,
    }));
  }

  /**
   * Compares a reading with the growth that was expected before it. `hasUncheckable`: whether some queue could not be
   * checked.
   * @param tag - the last delivery tag sent by now
   */
  compare(
    expectedGrowth: readonly ExpectedGrowth[],
    readings: QueueReadings,
    tag: number,
  ): { shortfalls: Shortfall[]; hasUncheckable: boolean } {
    const shortfalls: Shortfall[] = [];
    let hasUncheckable = this.#queues.length < readings.size;
    for (const [index, tracked] of this.#queues.entries()) {
      const reading = readings.get(tracked.queue.name);
      const { sinceStart, sinceLastReading } = tracked;
      if (tracked.isCountIgnored) {
        hasUncheckable = true;
        continue;
      }
      if (!sinceStart || !sinceLastReading || !reading || reading.consumers > 0) {
        restartCounts(tracked, reading, tag);
        tracked.consecutiveShortfalls = 0;
        hasUncheckable = true;
        continue;
      }
      // After a first shortfall, readings follow closely: a queue that takes even one of its messages is bound.
      const isFirst = tracked.consecutiveShortfalls === 0;
      const growth = expectedGrowth[index] as ExpectedGrowth;
      const expected = isFirst ? growth.sinceStart : growth.sinceLastReading;
      const found = reading.messages - (isFirst ? sinceStart : sinceLastReading).messages;
      const isShort = isFirst ? found < expected : found <= 0;
      tracked.isSampleStale = true;
      if (isShort && tracked.sample) {
        if (expected > 0) tracked.consecutiveShortfalls++;
        const { consecutiveShortfalls, sample } = tracked;
        shortfalls.push({ queue: tracked.queue.name, expected, found, consecutiveShortfalls, sample });
      } else if (!isFirst) {
        tracked.consecutiveShortfalls = 0;
        restartCounts(tracked, reading, tag);
      }
      tracked.sinceLastReading = { messages: reading.messages, tag, confirmed: 0 };
    }
    return { shortfalls, hasUncheckable };
  }

  /** Starts all counts from a reading. `tag` is the last delivery tag sent by then. */
  restart(readings: QueueReadings, tag: number): void {
    for (const tracked of this.#queues) {
      // The tags of another connection do not compare.
      tracked.sinceRebind = undefined;
      if (!tracked.isCountIgnored) restartCounts(tracked, readings.get(tracked.queue.name), tag);
    }
  }

  /** Whether a queue fell short, and was not cleared since. */
  hasShortfall(queue: string): boolean {
    return (this.#find(queue)?.consecutiveShortfalls ?? 0) > 0;
  }

  /** Whether a queue fell short, and no message was confirmed for it that the next reading could find. */
  needsMessage(queue: string): boolean {
    const tracked = this.#find(queue);
    return tracked !== undefined && tracked.consecutiveShortfalls > 0 && tracked.sinceLastReading?.confirmed === 0;
  }

  /** The bindings of a queue were just declared again, and the queue read: from now on it must grow if it is bound. */
  startRebindCheck(queue: string, reading: QueueReading | undefined, tag: number): void {
    const tracked = this.#find(queue);
    if (tracked) tracked.sinceRebind = reading && { messages: reading.messages, tag, confirmed: 0 };
  }

  /** Messages confirmed for a queue since {@link QueueGrowthCheck.startRebindCheck}. */
  confirmedSinceRebind(queue: string): number {
    return this.#find(queue)?.sinceRebind?.confirmed ?? 0;
  }

  /**
   * Whether a queue has grown by `expected` messages since its bindings were declared again; `undefined` if that is
   * unknown because a consumer came.
   */
  grewSinceRebind(queue: string, expected: number, reading: QueueReading | undefined): boolean | undefined {
    const sinceRebind = this.#find(queue)?.sinceRebind;
    if (!sinceRebind || !reading || reading.consumers > 0) return undefined;
    return reading.messages - sinceRebind.messages >= expected;
  }

  /** Forgets the shortfalls of a queue. */
  clear(queue: string): void {
    const tracked = this.#find(queue);
    if (!tracked) return;
    tracked.consecutiveShortfalls = 0;
    tracked.sinceStart = undefined;
    tracked.sinceLastReading = undefined;
    tracked.sinceRebind = undefined;
  }

  /** Forgets all shortfalls: a queue that refuses a message is bound. */
  clearAll(): void {
    for (const tracked of this.#queues) {
      tracked.consecutiveShortfalls = 0;
      tracked.sinceStart = undefined;
    }
  }

  /** Forgets the shortfalls of a queue, and does not count its messages any more. */
  ignoreCount(queue: string): void {
    this.clear(queue);
    const tracked = this.#find(queue);
    if (tracked) tracked.isCountIgnored = true;
  }

  #find(queue: string): TrackedQueue | undefined {
    return this.#queues.find((tracked) => tracked.queue.name === queue);
  }
}

const restartCounts = (tracked: TrackedQueue, reading: QueueReading | undefined, tag: number): void => {
  const start = reading && reading.consumers === 0 ? { messages: reading.messages, tag } : undefined;
  tracked.sinceStart = start && { ...start, confirmed: 0 };
  tracked.sinceLastReading = start && { ...start, confirmed: 0 };
};
