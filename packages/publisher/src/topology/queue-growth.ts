import type { ResolvedOptions } from '../resolve-options.js';
import type { ResolvedQueue } from '../resolved-topology.js';
import type { OutboxEntry } from '../window/outbox.js';
import { bindingMatchOf } from './binding-match.js';
import type { QueueReading, QueueReadings } from './declare-topology.js';
import { isQuorum } from './leader-wait.js';

/** A message that was confirmed, kept to be sent again as a probe. */
export type SampleMessage = Pick<OutboxEntry, 'routingKey' | 'messageId' | 'body' | 'own' | 'partitionKey'>;

/** A queue that holds fewer messages than were confirmed for it. */
export interface Shortfall {
  /** Its name; the one of the whole if its partitions are counted together. */
  readonly queue: string;
  readonly expected: number;
  readonly found: number;
  /** A message that the queue should take. */
  readonly sample: SampleMessage;
  /** Whether the queue certainly had messages that it does not have any more: it shrank. */
  readonly hasShrunk: boolean;
  /**
   * Whether a client may have emptied the queue since the last reading: it holds no more than arrived since then, or was
   * seen with a consumer before. A queue without a binding just does not grow.
   */
  readonly mayBeEmptied: boolean;
}

/** The position of a connection when a queue was read. */
export interface SendPosition {
  /** The delivery tag of the last message sent. */
  readonly lastTag: number;
  /** Messages sent and not confirmed. */
  readonly outstanding: number;
}

/** Counts the messages confirmed for a queue that were sent after a reading of it. */
interface GrowthCount extends SendPosition {
  /** What the queue held at that reading. */
  readonly messages: number;
  confirmed: number;
}

/** The state of one queue; of its partitions together, since the broker chooses among them. */
interface TrackedQueue {
  readonly name: string;
  readonly routingKeys: readonly string[];
  /** The queue itself, or its partitions. */
  readonly members: readonly ResolvedQueue[];
  /** Since a reading without consumers. `undefined` while the queue cannot be counted. */
  sinceStart: GrowthCount | undefined;
  sinceLastReading: GrowthCount | undefined;
  /** Messages missing since `sinceStart` that are accounted for. */
  missing: number;
  /** The same for the times before. */
  missingBefore: number;
  /** At the last report. */
  missingReported: number;
  /** Whether a reading found a consumer: another one may have come and gone between two readings. */
  hadConsumer: boolean;
  /** The queue drops messages, or a client takes them without a subscription: it may hold any number of them. */
  isDropping: boolean;
  /** A message confirmed for this queue since the reading before the last one. Its body is a copy. */
  sample: SampleMessage | undefined;
  /** Whether the sample was confirmed before the last reading. */
  isSampleStale: boolean;
}

/** The count of a stream is an estimate. */
const isCountable = (queue: ResolvedQueue): boolean =>
  queue.routingKeys.length > 0 && queue.arguments['x-queue-type'] !== 'stream';

/** What is counted together. */
const groupPartitions = ({
  queues,
  partitions,
}: Pick<ResolvedOptions, 'queues' | 'partitions'>): Pick<TrackedQueue, 'name' | 'routingKeys' | 'members'>[] => [
  ...queues
    .filter(({ partition }) => partition === undefined)
    .map((queue) => ({ name: queue.name, routingKeys: queue.routingKeys, members: [queue] })),
  ...(partitions?.exchanges ?? []).map(({ exchange: { name }, routingKeys }) => ({
    ...{ name, routingKeys },
    members: queues.filter(({ partition }) => partition?.exchange === name),
  })),
];

/** Whether a queue loses messages by design. */
const dropsByDesign = ({ arguments: args }: ResolvedQueue): boolean => {
  const isBounded = 'x-max-length' in args || 'x-max-length-bytes' in args;
  const rejects = String(args['x-overflow'] ?? 'drop-head').startsWith('reject-publish');
  return 'x-message-ttl' in args || (isBounded && !rejects);
};

/**
 * Detects queues that lack messages although every message was acked. AMQP can list neither bindings nor messages, and
 * `mandatory` reports only messages that no queue takes. But a queue without consumers grows by the messages confirmed
 * for it.
 *
 * Counts start with a connection, when nothing is in flight. The counts of a queue with a consumer start again.
 */
export class QueueGrowthCheck {
  readonly #exchange: string;
  readonly #queues: TrackedQueue[];
  readonly #matches: (tracked: TrackedQueue, routingKey: string) => boolean;
  /** The queues for the routing key of the last message: consecutive messages mostly share it. */
  #lastRoutingKey: string | undefined;
  #lastMatches: readonly TrackedQueue[] = [];

  constructor({
    exchange,
    queues,
    partitions,
    properties,
    topologyCheckCounts,
  }: Pick<ResolvedOptions, 'exchange' | 'queues' | 'partitions' | 'properties' | 'topologyCheckCounts'>) {
    this.#exchange = exchange.name;
    const match = bindingMatchOf(exchange.type);
    this.#matches = ({ routingKeys }, routingKey) => routingKeys.some((key) => match?.(key, routingKey) === true);
    this.#queues = groupPartitions({ queues, partitions })
      .filter(({ members }) => match !== undefined && topologyCheckCounts && members.every(isCountable))
      .map((group) => ({
        ...group,
        sinceStart: undefined,
        sinceLastReading: undefined,
        missing: 0,
        missingBefore: 0,
        missingReported: 0,
        hadConsumer: false,
        isDropping: properties.expiration !== undefined || group.members.some(dropsByDesign),
        sample: undefined,
        isSampleStale: true,
      }));
  }

  get hasCountableQueues(): boolean {
    return this.#queues.length > 0;
  }

  /** Messages that queues are known to lack, all queues together. */
  get missing(): number {
    return this.#queues.reduce((sum, tracked) => sum + tracked.missingBefore + tracked.missing, 0);
  }

  /** Records that a message sent under `tag` was confirmed. */
  recordConfirmed(tag: number, message: SampleMessage): void {
    const { own } = message;
    // Bindings of other exchanges are not known.
    if (own?.exchange !== undefined && own.exchange !== this.#exchange) return;
    if (message.routingKey !== this.#lastRoutingKey) {
      this.#lastRoutingKey = message.routingKey;
      this.#lastMatches = this.#queues.filter((tracked) => this.#matches(tracked, message.routingKey));
    }
    for (const tracked of this.#lastMatches) {
      const copies = message.partitionKey === undefined ? tracked.members.length : 1;
      if (own?.properties.expiration !== undefined) tracked.isDropping = true;
      if (tracked.sinceStart && tag > tracked.sinceStart.lastTag) tracked.sinceStart.confirmed += copies;
      if (tracked.sinceLastReading && tag > tracked.sinceLastReading.lastTag) {
        tracked.sinceLastReading.confirmed += copies;
      }
      if (tracked.isSampleStale) {
        // The caller may reuse the body as soon as the confirm is reported.
        const { routingKey, messageId, body, partitionKey } = message;
        tracked.sample = { routingKey, messageId, body: Buffer.from(body), own, partitionKey };
        tracked.isSampleStale = false;
      }
    }
  }

  /** By how much each queue must have grown by now since its count started. Call it before the queues are read. */
  expectedGrowth(): ReadonlyMap<string, number> {
    return new Map(this.#queues.map(({ name, sinceStart }) => [name, sinceStart?.confirmed ?? 0]));
  }

  /**
   * Compares a reading with the growth that was expected before it. `hasUncheckable`: whether the reading says nothing
   * about the bindings of some queue.
   * @param position - the connection's position after the reading
   */
  compare(
    expectedGrowth: ReadonlyMap<string, number>,
    readings: QueueReadings,
    position: SendPosition,
  ): { shortfalls: Shortfall[]; hasUncheckable: boolean } {
    const shortfalls: Shortfall[] = [];
    let hasUncheckable = this.#queues.reduce((sum, { members }) => sum + members.length, 0) < readings.size;
    for (const tracked of this.#queues) {
      const reading = sumOf(tracked, readings);
      // Readings of single queues come in between.
      if (!reading) continue;
      const { sinceStart, sinceLastReading, sample } = tracked;
      tracked.hadConsumer ||= reading.consumers > 0;
      hasUncheckable ||= tracked.isDropping || reading.consumers > 0 || !sinceStart;
      if (!sinceStart || !sinceLastReading || reading.consumers > 0) {
        restartCounts(tracked, reading, position);
        continue;
      }
      const expected = expectedGrowth.get(tracked.name) ?? 0;
      const found = reading.messages - sinceStart.messages;
      // A client may have returned messages that it had taken.
      tracked.missing = Math.min(tracked.missing, Math.max(0, expected - found));
      if (expected - found > tracked.missing && sample) {
        const { messages, lastTag, outstanding } = sinceLastReading;
        const hasShrunk = reading.messages < messages;
        const arrived = position.lastTag - lastTag + outstanding;
        const mayBeEmptied = tracked.hadConsumer || reading.messages <= arrived;
        shortfalls.push({ queue: tracked.name, expected, found, sample, hasShrunk, mayBeEmptied });
      }
      tracked.isSampleStale = true;
      tracked.sinceLastReading = countFrom(reading, position);
    }
    return { shortfalls, hasUncheckable };
  }

  /** Starts all counts from a reading. */
  restart(readings: QueueReadings, position: SendPosition): void {
    for (const tracked of this.#queues) restartCounts(tracked, sumOf(tracked, readings), position);
  }

  /**
   * Accounts for what a queue lacks: it is no shortfall any more, but missing. Returns the queue's missing messages if
   * they are worth a report, because they have at least doubled since the last one.
   */
  recordMissing({ queue, expected, found }: Shortfall): number | undefined {
    const tracked = this.#find(queue);
    if (!tracked?.sinceStart) return undefined;
    tracked.missing = Math.max(0, expected - found);
    const total = tracked.missingBefore + tracked.missing;
    if (total === 0 || total < 2 * tracked.missingReported) return undefined;
    tracked.missingReported = total;
    return total;
  }

  /** Whether a client was ever seen consuming from a queue: another one may have come and gone between two readings. */
  hadConsumer(queue: string): boolean {
    return this.#find(queue)?.hadConsumer === true;
  }

  /** What a queue held at a reading; `undefined` if it was not read. */
  readingOf(queue: string, readings: QueueReadings): QueueReading | undefined {
    const tracked = this.#find(queue);
    return tracked && sumOf(tracked, readings);
  }

  /** What a queue lacks by a reading; `undefined` if that is not known. */
  lackOf(queue: string, expectedGrowth: ReadonlyMap<string, number>, readings: QueueReadings): number | undefined {
    const start = this.#find(queue)?.sinceStart;
    const reading = this.readingOf(queue, readings);
    if (!start || !reading || reading.consumers > 0) return undefined;
    return Math.max(0, (expectedGrowth.get(queue) ?? 0) - (reading.messages - start.messages));
  }

  /**
   * Whether a reading of a queue is in doubt: a quorum queue, or a partition that is one, reports that it is empty while
   * it has no leader.
   */
  mayLackLeader(queue: string, readings: QueueReadings): boolean {
    return (
      this.#find(queue)?.members.some((member) => isQuorum(member) && readings.get(member.name)?.messages === 0) ===
      true
    );
  }

  /** Whether a queue is known to lack messages since its count started. */
  hasMissing(queue: string): boolean {
    return (this.#find(queue)?.missing ?? 0) > 0;
  }

  isDropping(queue: string): boolean {
    return this.#find(queue)?.isDropping === true;
  }

  /** What the queue lacks from now on is missing, not a sign of a lost binding. */
  markDropping(queue: string): void {
    const tracked = this.#find(queue);
    if (tracked) tracked.isDropping = true;
  }

  /** Messages confirmed for a queue since its last reading; `undefined` while it cannot be counted. */
  confirmedSinceReading(queue: string): number | undefined {
    return this.#find(queue)?.sinceLastReading?.confirmed;
  }

  /** What a queue held at its last reading; `undefined` while it cannot be counted. */
  lastReading(queue: string): number | undefined {
    return this.#find(queue)?.sinceLastReading?.messages;
  }

  /** Stops all counts until the next reading: a queue that refuses a message is bound. */
  clearAll(): void {
    for (const tracked of this.#queues) restartCounts(tracked, undefined, { lastTag: 0, outstanding: 0 });
  }

  #find(queue: string): TrackedQueue | undefined {
    return this.#queues.find(({ name }) => name === queue);
  }
}

/** What the members hold together; `undefined` if one of them was not read. */
const sumOf = ({ members }: TrackedQueue, readings: QueueReadings): QueueReading | undefined => {
  let sum: QueueReading = { messages: 0, consumers: 0 };
  for (const { name } of members) {
    const reading = readings.get(name);
    if (!reading) return undefined;
    sum = { messages: sum.messages + reading.messages, consumers: sum.consumers + reading.consumers };
  }
  return sum;
};

const countFrom = ({ messages }: QueueReading, { lastTag, outstanding }: SendPosition): GrowthCount => ({
  messages,
  lastTag,
  outstanding,
  confirmed: 0,
});

const restartCounts = (tracked: TrackedQueue, reading: QueueReading | undefined, position: SendPosition): void => {
  tracked.missingBefore += tracked.missing;
  tracked.missing = 0;
  const isCounted = reading?.consumers === 0;
  tracked.sinceStart = isCounted ? countFrom(reading, position) : undefined;
  tracked.sinceLastReading = isCounted ? countFrom(reading, position) : undefined;
};
