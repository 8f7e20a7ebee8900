import type { Publisher, PublisherEvent, PublisherState } from '@discogs-extractor/publisher';
import type { DataType } from '../config/data-type.js';
import type { SinkTarget } from './sink-target.js';

/**
 * How a file's delivery stands, in one word.
 *
 * - `publishing`: connected, and the broker takes messages
 * - `blocked`: the broker has an alarm (memory, disk) and takes nothing until it is over
 * - `disconnected`: no connection; it is being made, or waited for
 * - `failed`: for good
 */
export type DeliveryCondition = 'publishing' | 'blocked' | 'disconnected' | 'failed';

/** A file's connection with the broker. */
export interface DeliveryConnection {
  readonly file: string;
  readonly dataType: DataType;
  readonly condition: DeliveryCondition;
  /** When that condition began. */
  readonly since: Date;
  /** The publisher's own, finer state. */
  readonly state: PublisherState;
  /** Why it is disconnected or failed; without credentials. */
  readonly reason: string | undefined;
  /** Messages that wait for their confirm. */
  readonly unsettled: number;
  /** Bytes of the bodies that the window holds. */
  readonly windowBytes: number;
}

/** Sums over files since the sink was made. They never go back. */
export interface DeliveryTotals {
  /** Messages handed to the broker, each counted once, and the bytes of their bodies. */
  readonly published: number;
  readonly publishedBytes: number;
  readonly confirmed: number;
  readonly nacks: number;
  readonly returns: number;
  /** Connections that were lost, and attempts to make one that failed. */
  readonly connectionFailures: number;
  readonly reconnects: number;
  readonly republished: number;
  readonly blockedSeconds: number;
}

/** What a health page or metrics show of a sink with a broker behind it. */
export interface DeliveryStatus {
  /** One for each file under way, in the order in which they were opened. */
  readonly connections: readonly DeliveryConnection[];
  readonly totals: DeliveryTotals;
  /** The same for each data type that there was a file of. */
  readonly totalsByType: Readonly<Partial<Record<DataType, DeliveryTotals>>>;
}

/** One file's part of a {@link DeliveryMonitor}. */
export interface DeliveryWatch {
  /** For the publisher's events, from the first attempt to connect on. */
  readonly onEvent: (event: PublisherEvent) => void;
  attach(publisher: Publisher): void;
  /** A message was handed to the publisher, with a body of so many bytes. */
  sent(bytes: number): void;
  /** The file is done with; what it counted stays in the totals. Idempotent. */
  end(): void;
}

const CONDITIONS: Readonly<Record<PublisherState, DeliveryCondition | undefined>> = {
  connecting: 'disconnected',
  setup: 'disconnected',
  lost: 'disconnected',
  backoff: 'disconnected',
  open: 'publishing',
  full: 'publishing',
  blocked: 'blocked',
  failed: 'failed',
  // Parting: whatever it was before.
  closing: undefined,
  closed: undefined,
};

interface Watched {
  readonly target: SinkTarget;
  condition: DeliveryCondition;
  since: Date;
  state: PublisherState;
  reason: string | undefined;
  connectionFailures: number;
  publishedBytes: number;
  publisher: Publisher | undefined;
}

/** Keeps the {@link DeliveryStatus} of a sink that has a publisher for each file. */
export class DeliveryMonitor {
  readonly #open = new Set<Watched>();
  readonly #ended = new Map<DataType, DeliveryTotals>();

  watch(target: SinkTarget): DeliveryWatch {
    const watched: Watched = {
      target,
      condition: 'disconnected',
      since: new Date(),
      state: 'connecting',
      reason: undefined,
      connectionFailures: 0,
      publishedBytes: 0,
      publisher: undefined,
    };
    this.#open.add(watched);
    return {
      onEvent: (event) => take(watched, event),
      attach: (publisher) => {
        watched.publisher = publisher;
      },
      sent: (bytes) => {
        watched.publishedBytes += bytes;
      },
      end: () => {
        if (this.#open.delete(watched)) add(this.#ended, watched);
      },
    };
  }

  status(): DeliveryStatus {
    const open = [...this.#open];
    const byType = new Map(this.#ended);
    for (const watched of open) add(byType, watched);
    return {
      connections: open.map(({ target, condition, since, state, reason, publisher }) => {
        const { unsettled = 0, windowBytes = 0 } = publisher?.stats ?? {};
        const { file, dataType } = target;
        // A full window is not told by an event.
        return { file, dataType, condition, since, state: publisher?.state ?? state, reason, unsettled, windowBytes };
      }),
      totals: [...byType.values()].reduce(sum, NOTHING),
      totalsByType: Object.fromEntries(byType),
    };
  }
}

const take = (watched: Watched, event: PublisherEvent): void => {
  if (event.type === 'state') {
    watched.state = event.to;
    const condition = CONDITIONS[event.to];
    if (condition !== undefined && condition !== watched.condition) {
      watched.condition = condition;
      watched.since = new Date();
    }
    if (watched.condition === 'publishing') watched.reason = undefined;
  } else if (event.type === 'lost') {
    watched.connectionFailures++;
    watched.reason = event.error.message;
  } else if (event.type === 'blocked') {
    watched.reason = event.reason;
  } else if (event.type === 'failed') {
    watched.reason = event.error.message;
  }
};

const add = (totals: Map<DataType, DeliveryTotals>, watched: Watched): void => {
  const { dataType } = watched.target;
  totals.set(dataType, sum(totals.get(dataType) ?? NOTHING, totalsOf(watched)));
};

const totalsOf = ({ publisher, publishedBytes, connectionFailures }: Watched): DeliveryTotals => {
  if (!publisher) return { ...NOTHING, connectionFailures };
  const { published, acked: confirmed, nacks, returns, reconnects, republished, blockedMs } = publisher.stats;
  const counted = { published, publishedBytes, confirmed, nacks, returns };
  return { ...counted, connectionFailures, reconnects, republished, blockedSeconds: blockedMs / 1_000 };
};

const NOTHING: DeliveryTotals = {
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

const sum = (one: DeliveryTotals, other: DeliveryTotals): DeliveryTotals => ({
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
