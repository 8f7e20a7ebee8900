import type { ConnectionOptions } from 'node:tls';
import type { PublisherError } from './errors.js';
import type { PublisherEvent } from './events.js';

/** The types of queue that RabbitMQ has. */
export const QUEUE_TYPES = ['classic', 'quorum', 'stream'] as const;

/** An exchange that the publisher declares, or expects, at every connect, and publishes to. */
export interface ExchangeOptions {
  /** Name; the empty string is the broker's default exchange, which is not declared. */
  name: string;
  /**
   * `topic`, `direct`, `fanout`, `headers`, or a plug-in's type. A fanout exchange ignores routing keys; an empty one
   * binds a queue to it. @default 'topic'
   */
  type?: string | undefined;
  /** Survives a restart of the broker. @default true */
  durable?: boolean | undefined;
  /** Deleted when its last binding is removed. @default false */
  autoDelete?: boolean | undefined;
  /** Further arguments, for example `{ 'alternate-exchange': 'other' }`. @default {} */
  arguments?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Another program declares it: it must exist and is never declared here. See `expectTimeoutMs` to wait for it.
   * @default false
   */
  expected?: boolean | undefined;
}

/** Where the broker puts messages that consumers reject, or that were delivered too often. */
export interface DeadLetterOptions {
  /** Sent as `x-dead-letter-exchange`. A string means a durable fanout exchange of that name; `type` defaults to it. */
  exchange: string | ExchangeOptions;
  /** A string means a durable queue of that name. `routingKeys` default to the empty one alone. */
  queue: string | (Omit<QueueOptions, 'routingKeys'> & Partial<Pick<QueueOptions, 'routingKeys'>>);
  /** Sent as `x-dead-letter-routing-key`. @default the message's own */
  routingKey?: string | undefined;
}

/** A queue that the publisher declares, or expects, and binds to its exchange at every connect. */
export interface QueueOptions {
  name: string;
  /** The binding keys. An empty list declares the queue without binding it. */
  routingKeys: readonly string[];
  /** Survives a restart of the broker. @default true */
  durable?: boolean | undefined;
  /** Sent as `x-queue-type`. If undefined, the virtual host's default applies. @default undefined */
  queueType?: (typeof QUEUE_TYPES)[number] | undefined;
  /** Further arguments, for example `{ 'x-max-length': 1000 }`. @default {} */
  arguments?: Readonly<Record<string, unknown>> | undefined;
  /** Declared together with the queue, and before it. Not for expected queues. @default undefined */
  deadLetter?: DeadLetterOptions | undefined;
  /**
   * Spreads the messages over this many queues, `NAME-0` to `NAME-(N-1)`, which are declared instead of the queue, and
   * over which an exchange of its name distributes them: those with the same `partitionKey` go to the same one, in order,
   * and those without one to all of them. Streams become a super stream; for other queues, the broker needs the plug-in
   * `rabbitmq_consistent_hash_exchange`. Quorum queues and streams get the argument `x-queue-leader-locator: 'balanced'`
   * unless `arguments` has another one, or an empty text for none. At most 100, and the same number for all queues that have partitions.
   * @default 1: the queue itself
   */
  partitions?: number | undefined;
  /**
   * Another program declares it: it must exist and is never declared here; its bindings are. See `expectTimeoutMs` to
   * wait for it. `queueType` and `arguments` then say what it is like, as far as you know: the topology check does not
   * count the messages of a stream, for example. @default false
   */
  expected?: boolean | undefined;
}

/**
 * The AMQP properties of messages: those of the publisher apply to every message, and a message may have its own, each
 * of which replaces the publisher's.
 */
export interface MessageProperties {
  /** @default undefined */
  contentType?: string | undefined;
  /** @default undefined */
  contentEncoding?: string | undefined;
  /**
   * Texts, numbers, `bigint`s, booleans, `null`, bytes, `Date`s, and arrays and objects of these. A number is sent as an
   * integer if it is whole, else as a double. `{ '!': 'int64', value: 1 }` chooses the type, as in amqplib.
   * @default undefined
   */
  headers?: Readonly<Record<string, unknown>> | undefined;
  /** 2 is persistent, 1 is lost when the broker stops. @default 2 */
  deliveryMode?: 1 | 2 | undefined;
  /** 0 to 255, for queues with `x-max-priority`. @default undefined */
  priority?: number | undefined;
  /** @default undefined */
  correlationId?: string | undefined;
  /** @default undefined */
  replyTo?: string | undefined;
  /** Time to live in a queue, in milliseconds, as a number or as digits. @default undefined */
  expiration?: number | string | undefined;
  /** A `Date`, or whole seconds since 1970; AMQP has no milliseconds. @default undefined */
  timestamp?: Date | number | undefined;
  /** @default undefined */
  type?: string | undefined;
  /** The broker refuses a name that is not the connection's user. @default undefined */
  userId?: string | undefined;
  /** @default undefined */
  appId?: string | undefined;
  /**
   * Asks the broker to return a message that no queue takes. If false, it acks and drops such messages. @default true
   */
  mandatory?: boolean | undefined;
}

/** A message that no queue took. */
export interface ReturnedMessage {
  /** Number of the message, counted from 1. */
  readonly sequence: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string | undefined;
  /** 312 (`NO_ROUTE`). */
  readonly replyCode: number;
}

/** A message that the broker does not take. */
export interface RefusedMessage {
  /** Number of the message, counted from 1. */
  readonly sequence: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string | undefined;
  /** The bytes given to `publish`. Copy them if you need them after the callback. */
  readonly body: Uint8Array;
  /** `MESSAGE_REFUSED`; its message says why. */
  readonly error: PublisherError;
}

/**
 * Exponential backoff. Each wait is between half of min(`maxMs`, `initialMs` · `factor`^n) and all of it; the random
 * part keeps publishers that lost the same broker from all coming back at the same moment.
 */
export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds. @default 200 */
  initialMs?: number | undefined;
  /** Upper bound of every wait, in milliseconds. @default 10_000 */
  maxMs?: number | undefined;
  /** Growth from one wait to the next. @default 2 */
  factor?: number | undefined;
}

/**
 * TLS settings for `amqps://`. Those without a comment are handed to `tls.connect` of Node, which documents them. Files
 * are read at each connect, so that a certificate may be replaced while the publisher runs.
 */
export interface TlsOptions
  extends Pick<
    ConnectionOptions,
    | 'ca'
    | 'cert'
    | 'key'
    | 'pfx'
    | 'passphrase'
    | 'crl'
    | 'servername'
    | 'rejectUnauthorized'
    | 'checkServerIdentity'
    | 'minVersion'
    | 'maxVersion'
    | 'ciphers'
    | 'sigalgs'
    | 'ecdhCurve'
    | 'secureOptions'
    | 'secureContext'
  > {
  /**
   * Path of a PEM file with the certificates of the authorities that may have signed the broker's.
   * @default the URL's `cacertfile`, else the authorities that Node knows
   */
  caFile?: string | undefined;
  /** Path of a PEM file with the client's certificate. @default the URL's `certfile`, else none */
  certFile?: string | undefined;
  /** Path of a PEM file with the key of that certificate. @default the URL's `keyfile`, else `certFile` */
  keyFile?: string | undefined;
}

/** How a publisher proves that exchange and queues are still those that were published to before. */
export interface ContinuityOptions {
  /**
   * Begins the names of the objects on the broker that prove it: letters, digits, `.`, `_` and `-`, at most 100 of them.
   * Choose another one for each sequence of messages. Without a token, `resume` only checks that the queues exist.
   */
  token?: string | undefined;
  /**
   * `start` declares the objects. `resume` expects those of an earlier publisher with the same token, before anything is
   * declared, and rejects with `TOPOLOGY_LOST` if they are not there.
   */
  mode: 'start' | 'resume';
}

/** What {@link createPublisher} accepts. */
export interface PublisherOptions {
  /**
   * `amqp://user:password@host:port/vhost` or `amqps://…`. Without a path, or with `/` alone, the virtual host is `/`.
   * Named virtual hosts and `%2F` work too. User, password and virtual host are percent-encoded; user and password
   * default to `guest`.
   *
   * Parameters, as RabbitMQ's clients name them: `heartbeat`, `connection_timeout`, `frame_max`, `channel_max`,
   * `auth_mechanism` (`plain` or `external`), and for `amqps://` `cacertfile`, `certfile`, `keyfile`, `verify`
   * (`verify_peer` or `verify_none`) and `server_name_indication`. Options win over them. Anything else is refused.
   *
   * Several URLs, of the same virtual host, are the nodes of a cluster. They are tried in random order; there is a pause
   * (see `backoff`) once each of them has been tried. What a URL says applies to its node.
   */
  url: string | readonly string[];
  /** The exchange to publish to. A string means a durable topic exchange of that name. */
  exchange: string | ExchangeOptions;
  /** The queues to declare and bind. @default [] */
  queues?: readonly QueueOptions[] | undefined;
  /**
   * `true` declares exchange, queues and bindings at each connect, for which the user needs all three permissions.
   * `'passive'` checks that exchange and queues exist, and leaves the bindings alone. `false` takes the exchange as it
   * is, and allows no `queues`. In both cases the permission to write is enough, and messages are not counted.
   * To leave only some of them to another program, see `expected` of exchange and queues.
   * @default true
   */
  declare?: boolean | 'passive' | undefined;
  /**
   * How long `createPublisher` waits for an exchange and queues that are expected (all of them with `declare:
   * 'passive'`) and do not exist, in milliseconds from the moment at which one is found missing; `Infinity` waits until
   * they exist. With 0, it rejects with `TOPOLOGY_MISSING` at once. It does not wait with `continuity.mode: 'resume'`,
   * since what was published is lost if a queue is gone. @default 0
   */
  expectTimeoutMs?: number | undefined;
  /** Properties of messages that do not have their own. @default { deliveryMode: 2, mandatory: true } */
  properties?: MessageProperties | undefined;
  /** Maximum number of unconfirmed messages. 2,000 to 5,000 keep a broker busy. @default 5_000 */
  maxInFlight?: number | undefined;
  /** Maximum bytes of unconfirmed bodies. A larger single body is sent alone. @default 33_554_432 (32 MiB) */
  maxBytes?: number | undefined;
  /**
   * Maximum size of a body, in bytes. The broker has a limit (`max_message_size`; 16 MiB by default since RabbitMQ 4,
   * 128 MiB before) that AMQP does not tell before the first refusal, from which the publisher learns it.
   * @default no limit but the broker's
   */
  maxMessageBytes?: number | undefined;
  /** Delays between attempts to connect; with several nodes, an attempt tries each of them. @default { initialMs: 200, maxMs: 10_000, factor: 2 } */
  backoff?: BackoffOptions | undefined;
  /** Attempts to reach the broker for the first time before giving up with `UNREACHABLE`. @default Infinity */
  connectAttempts?: number | undefined;
  /** Attempts to reach the broker again after a loss before giving up with `UNREACHABLE`. @default Infinity */
  reconnectAttempts?: number | undefined;
  /**
   * Time limit of one attempt with one node, from the TCP connect to the last declared binding, in milliseconds.
   * @default the URL's `connection_timeout`, else 15_000
   */
  connectTimeoutMs?: number | undefined;
  /**
   * Heartbeat interval in milliseconds, 0 for none. A multiple of 1,000, since AMQP negotiates whole seconds. A
   * connection that is silent for two intervals is given up. The broker may ask for a shorter interval.
   * @default the URL's `heartbeat` parameter (in seconds), else 10_000
   */
  heartbeatMs?: number | undefined;
  /**
   * The connection is replaced when messages wait for confirms and none arrives for this long, in milliseconds; 0 to
   * wait forever. Time under an alarm of the broker does not count. @default 60_000
   */
  confirmTimeoutMs?: number | undefined;
  /** How often in a row the broker may refuse the oldest nacked message before the publisher fails. @default 10 */
  nackAttempts?: number | undefined;
  /**
   * Upper bound of the first wait before a nacked message is sent again, in milliseconds. It doubles each time, up to
   * 5 seconds. @default 200
   */
  nackBackoffMs?: number | undefined;
  /** How often the topology is checked while publishing, in milliseconds; 0 for never. @default 2_000 */
  topologyCheckIntervalMs?: number | undefined;
  /**
   * Whether the check also counts messages, which finds a lost binding of one queue among several. The README says
   * what it can and cannot detect. @default true
   */
  topologyCheckCounts?: boolean | undefined;
  /**
   * Proves with objects on the broker that exchange and queues are the same as before, after a reconnect and in another
   * process. The README says which objects, and which permissions they need. @default undefined
   */
  continuity?: ContinuityOptions | undefined;
  /** The name that the broker shows for the connection. @default undefined */
  connectionName?: string | undefined;
  /** TLS settings for `amqps://`. @default {} */
  tls?: TlsOptions | undefined;
  /** Ends everything at once: pending calls reject with its reason, the connection is cut. @default undefined */
  signal?: AbortSignal | undefined;
  /** Called after the watermark moved, once per batch of confirms. Must not throw. @default undefined */
  onConfirmed?: ((confirmed: number) => void) | undefined;
  /**
   * Called for a message that no queue took; it counts as settled, and the watermark passes it. Without this callback,
   * it fails the publisher with `UNROUTABLE`. Must not throw. @default undefined
   */
  onReturned?: ((returned: ReturnedMessage) => void) | undefined;
  /**
   * Called for a message that the broker does not take, such as one that is too large; it counts as settled, and the
   * watermark passes it. Without this callback, it fails the publisher with `MESSAGE_REFUSED`, once every message
   * before it is confirmed and verified. Must not throw. @default undefined
   */
  onRefused?: ((refused: RefusedMessage) => void) | undefined;
  /** Called for everything that a log or a health page may want to show. Must not throw. @default undefined */
  onEvent?: ((event: PublisherEvent) => void) | undefined;
}

/** Every name of an interface: a misspelled option would silently have no effect. */
type NamesOf<T> = Readonly<Record<keyof T, true>>;

/** The names of {@link PublisherOptions}. */
export const PUBLISHER_OPTION_NAMES: NamesOf<PublisherOptions> = {
  url: true,
  exchange: true,
  queues: true,
  declare: true,
  expectTimeoutMs: true,
  properties: true,
  maxInFlight: true,
  maxBytes: true,
  maxMessageBytes: true,
  backoff: true,
  connectAttempts: true,
  reconnectAttempts: true,
  connectTimeoutMs: true,
  heartbeatMs: true,
  confirmTimeoutMs: true,
  nackAttempts: true,
  nackBackoffMs: true,
  topologyCheckIntervalMs: true,
  topologyCheckCounts: true,
  continuity: true,
  connectionName: true,
  tls: true,
  signal: true,
  onConfirmed: true,
  onReturned: true,
  onRefused: true,
  onEvent: true,
};

/** The names of {@link ExchangeOptions}. */
export const EXCHANGE_OPTION_NAMES: NamesOf<ExchangeOptions> = {
  name: true,
  type: true,
  durable: true,
  autoDelete: true,
  arguments: true,
  expected: true,
};

/** The names of {@link DeadLetterOptions}. */
export const DEAD_LETTER_OPTION_NAMES: NamesOf<DeadLetterOptions> = { exchange: true, queue: true, routingKey: true };

/** The names of {@link QueueOptions}. */
export const QUEUE_OPTION_NAMES: NamesOf<QueueOptions> = {
  name: true,
  routingKeys: true,
  durable: true,
  queueType: true,
  arguments: true,
  deadLetter: true,
  partitions: true,
  expected: true,
};

/** The names of {@link MessageProperties}. */
export const MESSAGE_PROPERTY_NAMES: NamesOf<MessageProperties> = {
  contentType: true,
  contentEncoding: true,
  headers: true,
  deliveryMode: true,
  priority: true,
  correlationId: true,
  replyTo: true,
  expiration: true,
  timestamp: true,
  type: true,
  userId: true,
  appId: true,
  mandatory: true,
};

/** The names of {@link TlsOptions}. */
export const TLS_OPTION_NAMES: NamesOf<TlsOptions> = {
  ca: true,
  cert: true,
  key: true,
  pfx: true,
  passphrase: true,
  crl: true,
  servername: true,
  rejectUnauthorized: true,
  checkServerIdentity: true,
  minVersion: true,
  maxVersion: true,
  ciphers: true,
  sigalgs: true,
  ecdhCurve: true,
  secureOptions: true,
  secureContext: true,
  caFile: true,
  certFile: true,
  keyFile: true,
};

/** The names of {@link ContinuityOptions}. */
export const CONTINUITY_OPTION_NAMES: NamesOf<ContinuityOptions> = { token: true, mode: true };

/** The names of {@link BackoffOptions}. */
export const BACKOFF_OPTION_NAMES: NamesOf<BackoffOptions> = { initialMs: true, maxMs: true, factor: true };
