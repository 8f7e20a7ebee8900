import type { Publisher, PublisherEvent, PublisherState } from '@discogs-extractor/publisher';
import type { DataType } from '../config/data-type.js';
import type { SinkTarget } from './sink-target.js';

/**
 * The state of a file's delivery.
 *
 * - `publishing`: connected, and the broker takes messages
 * - `blocked`: the broker has an alarm (memory or disk) and takes no messages until it clears
 * - `disconnected`: not connected; connecting, or waiting for the next attempt
 * - `waiting`: connected; queues that consumers declare do not exist yet
 * - `failed`: given up
 */
export type DeliveryCondition = 'publishing' | 'blocked' | 'disconnected' | 'waiting' | 'failed';

/** A file's connection to the broker. */
export interface DeliveryConnection {
  readonly file: string;
  readonly dataType: DataType;
  readonly condition: DeliveryCondition;
  /** When that condition began. */
  readonly since: Date;
  /** The publisher's own state, in more detail. */
  readonly state: PublisherState;
  /** Why it is disconnected, blocked, waiting or failed; without credentials. */
  readonly reason: string | undefined;
  /** The queues that it waits for. */
  readonly missingQueues: readonly string[];
  /** Messages that are not confirmed yet. */
  readonly unsettled: number;
  /** Bytes of the bodies of those messages. */
  readonly windowBytes: number;
}

/** Totals over files since the sink was created. They never decrease. */
export interface DeliveryTotals {
  /** Messages sent to the broker, each counted once, and the bytes of their bodies. */
  readonly published: number;
  readonly publishedBytes: number;
  readonly confirmed: number;
  readonly nacks: number;
  readonly returns: number;
  /** Lost connections, and failed attempts to connect. */
  readonly connectionFailures: number;
  readonly reconnects: number;
  readonly republished: number;
  readonly blockedSeconds: number;
}

/** The state of a sink with a broker, for health pages and metrics. */
export interface DeliveryStatus {
  /** One for each open file, in the order in which they were opened. */
  readonly connections: readonly DeliveryConnection[];
  /** Since when the sink has been trying to connect before any file is open; `undefined` if it is not. */
  readonly connectingSince: Date | undefined;
  readonly totals: DeliveryTotals;
  /** The same for each data type of which there was a file. */
  readonly totalsByType: Readonly<Partial<Record<DataType, DeliveryTotals>>>;
}

/** Whether a file, or the check before the first one, waits for its connection. */
export const isWaitingForBroker = ({ connections, connectingSince }: DeliveryStatus): boolean =>
  connectingSince !== undefined || connections.some(({ condition }) => condition === 'disconnected');

/** Whether a file has its connection, whether or not it can publish. */
export const isConnectedToBroker = ({ condition }: Pick<DeliveryConnection, 'condition'>): boolean =>
  condition === 'publishing' || condition === 'blocked' || condition === 'waiting';

/** Tracks the delivery of one file for a {@link DeliveryMonitor}. */
export interface DeliveryTracker {
  /** Takes the publisher's events, starting with the first attempt to connect. */
  readonly onEvent: (event: PublisherEvent) => void;
  attach(publisher: Publisher): void;
  /** Counts a message that was handed to the publisher. @param bytes - size of its body */
  sent(bytes: number): void;
  /** Ends the tracking; the counts stay in the totals. Idempotent. */
  end(): void;
}

const CONDITIONS: Readonly<Record<PublisherState, DeliveryCondition | undefined>> = {
  connecting: 'disconnected',
  setup: 'disconnected',
  waiting: 'waiting',
  lost: 'disconnected',
  backoff: 'disconnected',
  open: 'publishing',
  full: 'publishing',
  blocked: 'blocked',
  failed: 'failed',
  // The condition stays what it was before the close.
  closing: undefined,
  closed: undefined,
};

interface TrackedFile {
  readonly target: SinkTarget;
  condition: DeliveryCondition;
  since: Date;
  state: PublisherState;
  reason: string | undefined;
  missingQueues: readonly string[];
  connectionFailures: number;
  publishedBytes: number;
  publisher: Publisher | undefined;
}

/** Keeps the {@link DeliveryStatus} of a sink that has a publisher for each file. */
export class DeliveryMonitor {
  readonly #open = new Set<TrackedFile>();
  readonly #ended = new Map<DataType, DeliveryTotals>();
  #connectingSince: Date | undefined;

  /** Reports the time that `work` takes as one without the connection that it wants. */
  async whileConnecting<T>(work: () => Promise<T>): Promise<T> {
    this.#connectingSince = new Date();
    try {
      return await work();
    } finally {
      this.#connectingSince = undefined;
    }
  }

  track(target: SinkTarget): DeliveryTracker {
    const tracked: TrackedFile = {
      target,
      condition: 'disconnected',
      since: new Date(),
      state: 'connecting',
      reason: undefined,
      missingQueues: [],
      connectionFailures: 0,
      publishedBytes: 0,
      publisher: undefined,
    };
    this.#open.add(tracked);
    return {
      onEvent: (event) => applyEvent(tracked, event),
      attach: (publisher) => {
        tracked.publisher = publisher;
      },
      sent: (bytes) => {
        tracked.publishedBytes += bytes;
      },
      end: () => {
        if (this.#open.delete(tracked)) addTotals(this.#ended, tracked);
      },
    };
  }

  status(): DeliveryStatus {
    const open = [...this.#open];
    const byType = new Map(this.#ended);
    for (const tracked of open) addTotals(byType, tracked);
    return {
      connectingSince: this.#connectingSince,
      connections: open.map(({ target, condition, since, state, reason, missingQueues, publisher }) => {
        const { unsettled = 0, windowBytes = 0 } = publisher?.stats ?? {};
        const { file, dataType } = target;
        return {
          ...{ file, dataType, condition, since, reason, missingQueues, unsettled, windowBytes },
          // No event reports a full window.
          state: publisher?.state ?? state,
        };
      }),
      totals: [...byType.values()].reduce(plus, NO_TOTALS),
      totalsByType: Object.fromEntries(byType),
    };
  }
}

const applyEvent = (tracked: TrackedFile, event: PublisherEvent): void => {
  if (event.type === 'state') {
    tracked.state = event.to;
    const condition = CONDITIONS[event.to];
    if (condition !== undefined && condition !== tracked.condition) {
      tracked.condition = condition;
      tracked.since = new Date();
    }
    if (tracked.condition === 'publishing') tracked.reason = undefined;
  } else if (event.type === 'lost') {
    tracked.connectionFailures++;
    tracked.reason = event.error.message;
  } else if (event.type === 'waiting') {
    tracked.missingQueues = event.queues;
    tracked.reason = `${event.queues.join(' and ')} ${event.queues.length > 1 ? 'do' : 'does'} not exist yet`;
  } else if (event.type === 'found') {
    tracked.missingQueues = [];
    tracked.reason = undefined;
  } else if (event.type === 'blocked') {
    tracked.reason = event.reason;
  } else if (event.type === 'failed') {
    tracked.reason = event.error.message;
  }
};

const addTotals = (totals: Map<DataType, DeliveryTotals>, tracked: TrackedFile): void => {
  const { dataType } = tracked.target;
  totals.set(dataType, plus(totals.get(dataType) ?? NO_TOTALS, totalsOf(tracked)));
};

const totalsOf = ({ publisher, publishedBytes, connectionFailures }: TrackedFile): DeliveryTotals => {
  if (!publisher) return { ...NO_TOTALS, connectionFailures };
  const { published, acked: confirmed, nacks, returns, reconnects, republished, blockedMs } = publisher.stats;
  const counted = { published, publishedBytes, confirmed, nacks, returns };
  return { ...counted, connectionFailures, reconnects, republished, blockedSeconds: blockedMs / 1_000 };
};

const NO_TOTALS: DeliveryTotals = {
  published: 0,
  publishedBytes: 0,
  confirmed: 0,
  nacks: 0,
  returns: 0,
  connectionFailures: 0,
  reconnects: 0,
  republished: 0,
  blockedSeconds: 0,
};

const plus = (one: DeliveryTotals, other: DeliveryTotals): DeliveryTotals => ({
  published: one.published + other.published,
  publishedBytes: one.publishedBytes + other.publishedBytes,
  confirmed: one.confirmed + other.confirmed,
  nacks: one.nacks + other.nacks,
  returns: one.returns + other.returns,
  connectionFailures: one.connectionFailures + other.connectionFailures,
  reconnects: one.reconnects + other.reconnects,
  republished: one.republished + other.republished,
  blockedSeconds: one.blockedSeconds + other.blockedSeconds,
});
