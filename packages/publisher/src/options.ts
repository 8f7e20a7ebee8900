import type { ConnectionOptions } from 'node:tls';
import type { PublisherEvent } from './events.js';

/** An exchange that the publisher declares at every connect, and publishes to. */
export interface ExchangeOptions {
  /** Name; the empty string is the broker's default exchange, which is not declared. */
  name: string;
  /** `topic`, `direct`, `fanout`, `headers`, or a plug-in's type. @default 'topic' */
  type?: string;
  /** Survives a restart of the broker. @default true */
  durable?: boolean;
  /** Goes with its last binding. @default false */
  autoDelete?: boolean;
  /** Further arguments, for example `{ 'alternate-exchange': 'other' }`. @default {} */
  arguments?: Readonly<Record<string, unknown>>;
}

/** A queue that the publisher declares and binds to its exchange at every connect. */
export interface QueueOptions {
  name: string;
  /** The keys it is bound with. An empty list declares the queue without binding it. */
  routingKeys: readonly string[];
  /** Survives a restart of the broker. @default true */
  durable?: boolean;
  /** Sent as `x-queue-type`; left out, the virtual host's default applies. @default undefined */
  queueType?: 'classic' | 'quorum' | 'stream';
  /** Further arguments, for example `{ 'x-max-length': 1000 }`. @default {} */
  arguments?: Readonly<Record<string, unknown>>;
}

/** The AMQP properties that every message of a publisher carries. */
export interface MessageProperties {
  /** @default undefined */
  contentType?: string;
  /** @default undefined */
  contentEncoding?: string;
  /** 2 is kept on disk, 1 is lost with the broker. @default 2 */
  deliveryMode?: 1 | 2;
  /** Ask for a return of what no queue takes. Without it such messages vanish, acked. @default true */
  mandatory?: boolean;
  /** @default undefined */
  headers?: Readonly<Record<string, unknown>>;
  /** @default undefined */
  appId?: string;
  /** @default undefined */
  type?: string;
}

/** Exponential backoff with full jitter: each wait is uniform in 0 … min(`max`, `initial` · `factor`^n). */
export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds. @default 200 */
  initial?: number;
  /** Upper bound of every wait, in milliseconds. @default 30_000 */
  max?: number;
  /** @default 2 */
  factor?: number;
}

/** What {@link createPublisher} takes. */
export interface PublisherOptions {
  /**
   * `amqp://user:password@host:port/vhost` or `amqps://…`. A trailing `/` means the virtual host `/`, as no path does;
   * `%2F` and named virtual hosts work. User and password are percent-encoded and default to `guest`.
   */
  url: string;
  /** The exchange to publish to. A string means a durable topic exchange of that name. */
  exchange: string | ExchangeOptions;
  /** The queues to declare and bind. @default [] */
  queues?: readonly QueueOptions[];
  /** Properties of every message. */
  properties?: MessageProperties;
  /** Messages that may be unsettled at once. 2,000 to 5,000 fills a broker's pipe. @default 5_000 */
  maxInFlight?: number;
  /** Bytes of bodies that may be unsettled at once; a larger single body travels alone. @default 33_554_432 (32 MiB) */
  maxBytes?: number;
  /** How long to wait before a reconnect. */
  backoff?: BackoffOptions;
  /** Attempts to reach the broker for the first time before giving up with `UNREACHABLE`. @default Infinity */
  connectAttempts?: number;
  /** Attempts to reach the broker again after a loss before giving up with `UNREACHABLE`. @default Infinity */
  reconnectAttempts?: number;
  /** Bound of one attempt, from the TCP connect to the last declared binding, in milliseconds. @default 15_000 */
  connectTimeout?: number;
  /**
   * Heartbeat interval in seconds, 0 for none; a path that is silent for two intervals is lost.
   * The broker may ask for less. @default the URL's `heartbeat` parameter, else 10
   */
  heartbeat?: number;
  /**
   * A connection on which messages wait for confirms, and none came for this long, is given up and made anew, in
   * milliseconds; 0 for never. It does not count while the broker is blocked. @default 60_000
   */
  confirmTimeout?: number;
  /** Times a message is sent in all when the broker nacks it, before `NACKED` fails the publisher. @default 5 */
  nackAttempts?: number;
  /** Upper bound of the first wait before a nacked message is sent again, in milliseconds; doubles each time, with full jitter. @default 100 */
  nackBackoff?: number;
  /** How often the topology is looked at while publishing, in milliseconds; 0 for never. @default 5_000 */
  topologyCheckInterval?: number;
  /**
   * Whether the look counts messages too, which finds a lost binding of one queue among several. See the README
   * for what it can and cannot see. @default true
   */
  topologyCheckCounts?: boolean;
  /** The name the broker shows for the connection. @default undefined */
  connectionName?: string;
  /** TLS settings for `amqps://`: `ca`, `cert`, `key`, `rejectUnauthorized`, … @default {} */
  tls?: ConnectionOptions;
  /** Ends everything at once: the pending calls reject with its reason, the connection is cut. @default undefined */
  signal?: AbortSignal;
  /** Called after the watermark moved, once per batch of confirms. Must not throw. @default undefined */
  onConfirmed?: (confirmed: number) => void;
  /** Called for what a log or a health page would tell. Must not throw. @default undefined */
  onEvent?: (event: PublisherEvent) => void;
}
