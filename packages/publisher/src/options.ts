import type { ConnectionOptions } from 'node:tls';
import { type BrokerAddress, parseBrokerUrl } from './broker-address.js';
import { PublisherError } from './errors.js';
import type { PublisherEvent } from './events.js';
import { assertKnownOptions } from './known-options.js';

const QUEUE_TYPES = ['classic', 'quorum', 'stream'] as const;

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
  queueType?: (typeof QUEUE_TYPES)[number];
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
  /** Upper bound of every wait, in milliseconds. @default 10_000 */
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
  /** Times in a row that the broker may refuse the oldest nacked message before `NACKED` fails the publisher. @default 10 */
  nackAttempts?: number;
  /**
   * Upper bound of the first wait before a nacked message is sent again, in milliseconds; doubles each time up to
   * 5 seconds, with full jitter. @default 200
   */
  nackBackoff?: number;
  /** How often the topology is looked at while publishing, in milliseconds; 0 for never. @default 2_000 */
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

/** {@link QueueOptions} with every default filled in. */
export interface ResolvedQueue {
  readonly name: string;
  readonly routingKeys: readonly string[];
  readonly durable: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** {@link PublisherOptions} checked, with every default filled in. */
export interface ResolvedOptions {
  readonly address: BrokerAddress;
  readonly exchange: Readonly<Required<ExchangeOptions>>;
  readonly queues: readonly ResolvedQueue[];
  readonly properties: Readonly<MessageProperties> & { readonly deliveryMode: 1 | 2; readonly mandatory: boolean };
  readonly maxInFlight: number;
  readonly maxBytes: number;
  readonly backoff: Readonly<Required<BackoffOptions>>;
  readonly connectAttempts: number;
  readonly reconnectAttempts: number;
  readonly connectTimeout: number;
  readonly heartbeat: number;
  readonly confirmTimeout: number;
  readonly nackAttempts: number;
  readonly nackBackoff: number;
  readonly topologyCheckInterval: number;
  readonly topologyCheckCounts: boolean;
  readonly connectionName: string | undefined;
  readonly tls: ConnectionOptions;
  readonly signal: AbortSignal | undefined;
  readonly onConfirmed: ((confirmed: number) => void) | undefined;
  readonly onEvent: ((event: PublisherEvent) => void) | undefined;
}

/** AMQP's short strings: names, routing keys, message ids. */
const SHORT_STRING_BYTES = 255;

/** Whether AMQP can carry `text` as a short string. A UTF-16 unit is three bytes at most, which spares most counts. */
export const isShortString = (text: string): boolean =>
  text.length * 3 <= SHORT_STRING_BYTES || Buffer.byteLength(text) <= SHORT_STRING_BYTES;

const invalid = (name: string, wanted: string, value: unknown): never => {
  throw new PublisherError('INVALID_OPTIONS', `${name} must be ${wanted}, not ${String(value)}`);
};

const whole = (name: string, value: number, least: number): number =>
  Number.isSafeInteger(value) && value >= least ? value : invalid(name, `a whole number from ${least} up`, value);

const wholeOrInfinite = (name: string, value: number): number =>
  value === Number.POSITIVE_INFINITY ? value : whole(name, value, 1);

const finite = (name: string, value: number, least: number): number =>
  Number.isFinite(value) && value >= least ? value : invalid(name, `a number from ${least} up`, value);

const MAX_TIMER = 2 ** 31 - 1;

const milliseconds = (name: string, value: number): number =>
  value <= MAX_TIMER ? finite(name, value, 0) : invalid(name, `at most ${MAX_TIMER} ms`, value);

/** AMQP gives it two bytes. */
const LONGEST_HEARTBEAT = 65_535;

const flag = (name: string, value: unknown): boolean =>
  typeof value === 'boolean' ? value : invalid(name, 'true or false', value);

const optionalFunction = <F>(name: string, value: F | undefined): F | undefined =>
  value === undefined || typeof value === 'function' ? value : invalid(name, 'a function', value);

const object = <T extends object>(name: string, value: T): T =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : invalid(name, 'an object', value);

const list = <T>(name: string, value: readonly T[]): readonly T[] =>
  Array.isArray(value) ? value : invalid(name, 'an array', value);

const isTableValue = (value: unknown): boolean => {
  if (value === null || Buffer.isBuffer(value)) return true;
  if (typeof value === 'object') return Object.values(value).every(isTableValue);
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
};

/** What amqplib cannot encode would fail each attempt to connect anew. */
const table = <T extends object>(name: string, value: T): T => {
  for (const [key, entry] of Object.entries(object(name, value))) {
    if (!isTableValue(entry))
      invalid(`${name}.${key}`, 'text, a number, a boolean, null, bytes, or made of these', entry);
  }
  return value;
};

const optionalShort = (name: string, value: unknown): void => {
  if (value !== undefined) shortName(name, value);
};

const shortName = (name: string, value: unknown): string =>
  typeof value === 'string' && isShortString(value) ? value : invalid(name, 'a string of at most 255 bytes', value);

/**
 * Merges options with their defaults.
 * @throws PublisherError `INVALID_OPTIONS`, `INVALID_URL`
 */
export const resolveOptions = (options: PublisherOptions): ResolvedOptions => {
  assertKnownOptions(object('options', options));
  const address = parseBrokerUrl(options.url);
  const { signal } = options;
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') invalid('signal', 'an AbortSignal', signal);
  const { backoff = {} } = options;
  const initial = milliseconds('backoff.initial', object('backoff', backoff).initial ?? 200);
  const heartbeat = whole('heartbeat', options.heartbeat ?? address.heartbeat ?? 10, 0);
  if (heartbeat > LONGEST_HEARTBEAT) invalid('heartbeat', `at most ${LONGEST_HEARTBEAT} s`, heartbeat);
  if (options.connectionName !== undefined && typeof options.connectionName !== 'string') {
    invalid('connectionName', 'text', options.connectionName);
  }
  return {
    address,
    ...resolveTopology(options),
    properties: resolveProperties(options.properties ?? {}),
    maxInFlight: whole('maxInFlight', options.maxInFlight ?? 5_000, 1),
    maxBytes: whole('maxBytes', options.maxBytes ?? 32 * 2 ** 20, 1),
    backoff: {
      initial,
      max: Math.max(initial, milliseconds('backoff.max', backoff.max ?? 10_000)),
      factor: finite('backoff.factor', backoff.factor ?? 2, 1),
    },
    connectAttempts: wholeOrInfinite('connectAttempts', options.connectAttempts ?? Number.POSITIVE_INFINITY),
    reconnectAttempts: wholeOrInfinite('reconnectAttempts', options.reconnectAttempts ?? Number.POSITIVE_INFINITY),
    connectTimeout: milliseconds('connectTimeout', whole('connectTimeout', options.connectTimeout ?? 15_000, 1)),
    heartbeat,
    confirmTimeout: milliseconds('confirmTimeout', options.confirmTimeout ?? 60_000),
    nackAttempts: whole('nackAttempts', options.nackAttempts ?? 10, 1),
    nackBackoff: milliseconds('nackBackoff', options.nackBackoff ?? 200),
    topologyCheckInterval: milliseconds('topologyCheckInterval', options.topologyCheckInterval ?? 2_000),
    topologyCheckCounts: flag('topologyCheckCounts', options.topologyCheckCounts ?? true),
    connectionName: options.connectionName,
    tls: object('tls', options.tls ?? {}),
    signal,
    onConfirmed: optionalFunction('onConfirmed', options.onConfirmed),
    onEvent: optionalFunction('onEvent', options.onEvent),
  };
};

const resolveTopology = (options: PublisherOptions): Pick<ResolvedOptions, 'exchange' | 'queues'> => {
  const exchange =
    typeof options.exchange === 'string' ? { name: options.exchange } : object('exchange', options.exchange);
  const queues = list('queues', options.queues ?? []).map((queue) => {
    const name =
      shortName('queue.name', object('queues', queue).name) || invalid('queue.name', 'not empty', queue.name);
    const { queueType } = queue;
    if (queueType !== undefined && !QUEUE_TYPES.includes(queueType)) {
      invalid(`queueType of ${name}`, `one of ${QUEUE_TYPES.join(', ')}`, queueType);
    }
    return {
      name,
      routingKeys: list(`routingKeys of ${name}`, queue.routingKeys).map((key) => shortName('queue.routingKeys', key)),
      durable: flag(`durable of ${name}`, queue.durable ?? true),
      arguments: {
        ...table(`arguments of ${name}`, queue.arguments ?? {}),
        ...(queueType && { 'x-queue-type': queueType }),
      },
    };
  });
  const names = queues.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) invalid('queues', 'different ones, each with all its routing keys', twice);
  if (exchange.name === '' && queues.some((queue) => queue.routingKeys.length > 0)) {
    invalid('queues', "without routing keys where the exchange is the broker's default one", 'bound');
  }
  return {
    exchange: {
      name: shortName('exchange.name', exchange.name),
      type: shortName('exchange.type', exchange.type ?? 'topic'),
      durable: flag('exchange.durable', exchange.durable ?? true),
      autoDelete: flag('exchange.autoDelete', exchange.autoDelete ?? false),
      arguments: table('exchange.arguments', exchange.arguments ?? {}),
    },
    queues,
  };
};

const resolveProperties = (properties: MessageProperties): ResolvedOptions['properties'] => {
  const { headers, deliveryMode = 2, mandatory = true } = object('properties', properties);
  if (deliveryMode !== 1 && deliveryMode !== 2) invalid('properties.deliveryMode', '1 or 2', deliveryMode);
  for (const name of ['contentType', 'contentEncoding', 'appId', 'type'] as const) {
    optionalShort(`properties.${name}`, properties[name]);
  }
  if (headers !== undefined) table('properties.headers', headers);
  return { ...properties, deliveryMode, mandatory: flag('properties.mandatory', mandatory) };
};
