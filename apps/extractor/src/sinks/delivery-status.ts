import type { Publisher, PublisherEvent, PublisherState } from '@discogs-extractor/publisher';
import type { DataType } from '../config/settings.js';
import type { SinkTarget } from './sink.js';

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

/** Sums over all files since the sink was made. They never go back. */
export interface DeliveryTotals {
  readonly published: number;
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
}

/** One file's part of a {@link DeliveryMonitor}. */
export interface DeliveryWatch {
  /** For the publisher's events, from the first attempt to connect on. */
  readonly onEvent: (event: PublisherEvent) => void;
  attach(publisher: Publisher): void;
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
  publisher: Publisher | undefined;
}

/** Keeps the {@link DeliveryStatus} of a sink that has a publisher for each file. */
export class DeliveryMonitor {
  readonly #open = new Set<Watched>();
  #ended: DeliveryTotals = NOTHING;

  watch(target: SinkTarget): DeliveryWatch {
    const watched: Watched = {
      target,
      condition: 'disconnected',
      since: new Date(),
      state: 'connecting',
      reason: undefined,
      connectionFailures: 0,
      publisher: undefined,
    };
    this.#open.add(watched);
    return {
      onEvent: (event) => take(watched, event),
      attach: (publisher) => {
        watched.publisher = publisher;
      },
      end: () => {
        if (this.#open.delete(watched)) this.#ended = sum(this.#ended, totalsOf(watched));
      },
    };
  }

  status(): DeliveryStatus {
    const open = [...this.#open];
    return {
      connections: open.map(({ target, condition, since, state, reason, publisher }) => {
        const { unsettled = 0, windowBytes = 0 } = publisher?.stats ?? {};
        const { file, dataType } = target;
        // A full window is not told by an event.
        return { file, dataType, condition, since, state: publisher?.state ?? state, reason, unsettled, windowBytes };
      }),
      totals: open.map(totalsOf).reduce(sum, this.#ended),
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

const totalsOf = ({ publisher, connectionFailures }: Watched): DeliveryTotals => {
  if (!publisher) return { ...NOTHING, connectionFailures };
  const { published, acked, nacks, returns, reconnects, republished, blockedSeconds } = publisher.stats;
  return { published, confirmed: acked, nacks, returns, connectionFailures, reconnects, republished, blockedSeconds };
};

const NOTHING: DeliveryTotals = {
  published: 0,
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
  confirmed: one.confirmed + other.confirmed,
  nacks: one.nacks + other.nacks,
  returns: one.returns + other.returns,
  connectionFailures: one.connectionFailures + other.connectionFailures,
  reconnects: one.reconnects + other.reconnects,
  republished: one.republished + other.republished,
  blockedSeconds: one.blockedSeconds + other.blockedSeconds,
});
