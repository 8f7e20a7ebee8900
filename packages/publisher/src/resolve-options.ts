import { MAX_TIMER_MS } from '@discogs-extractor/internal/abort';
import { createOptionChecks } from '@discogs-extractor/internal/option-checks';
import { type BrokerAddress, parseBrokerUrl } from './broker-address.js';
import { PublisherError } from './errors.js';
import type { PublisherEvent } from './events.js';
import {
  BACKOFF_OPTION_NAMES,
  CONTINUITY_OPTION_NAMES,
  type ContinuityOptions,
  EXCHANGE_OPTION_NAMES,
  MESSAGE_PROPERTY_NAMES,
  type MessageProperties,
  PUBLISHER_OPTION_NAMES,
  type PublisherOptions,
  QUEUE_OPTION_NAMES,
  QUEUE_TYPES,
  type QueueOptions,
  TLS_OPTION_NAMES,
  type TlsOptions,
} from './options.js';
import { isShortString, MAX_SHORT_STRING_BYTES } from './short-string.js';

/** An exchange with every default filled in. */
export interface ResolvedExchange {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A queue with every default filled in; `arguments` include its type. */
export interface ResolvedQueue {
  readonly name: string;
  readonly routingKeys: readonly string[];
  readonly durable: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** {@link ContinuityOptions}, checked. */
export type ResolvedContinuity = Readonly<ContinuityOptions>;

/** {@link PublisherOptions}, checked, with every default filled in. */
export interface ResolvedOptions {
  readonly address: BrokerAddress;
  readonly exchange: ResolvedExchange;
  readonly queues: readonly ResolvedQueue[];
  readonly properties: Readonly<MessageProperties> & { readonly deliveryMode: 1 | 2; readonly mandatory: boolean };
  readonly maxInFlight: number;
  readonly maxBytes: number;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number; readonly factor: number };
  readonly connectAttempts: number;
  readonly reconnectAttempts: number;
  readonly connectTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly confirmTimeoutMs: number;
  readonly nackAttempts: number;
  readonly nackBackoffMs: number;
  readonly topologyCheckIntervalMs: number;
  readonly topologyCheckCounts: boolean;
  readonly continuity: ResolvedContinuity | undefined;
  readonly connectionName: string | undefined;
  readonly tls: Readonly<TlsOptions>;
  readonly signal: AbortSignal | undefined;
  readonly onConfirmed: ((confirmed: number) => void) | undefined;
  readonly onEvent: ((event: PublisherEvent) => void) | undefined;
}

/** The checks of this package's options, `flush` and `close` included. */
export const checks = createOptionChecks((message) => new PublisherError('INVALID_OPTIONS', message));

/** AMQP negotiates heartbeats in seconds, as two bytes. */
const MAX_HEARTBEAT_SECONDS = 65_535;
const DEFAULT_HEARTBEAT_SECONDS = 10;

const wholeNumberOrInfinity = (name: string, value: number): number =>
  value === Number.POSITIVE_INFINITY ? value : checks.wholeNumber(name, value, { min: 1 });

const shortString = (name: string, value: unknown): string =>
  typeof value === 'string' && isShortString(value)
    ? value
    : checks.fail(name, `a string of at most ${MAX_SHORT_STRING_BYTES} bytes`, value);

const isTableValue = (value: unknown): boolean => {
  if (value === null || Buffer.isBuffer(value)) return true;
  if (typeof value === 'object') return Object.values(value).every(isTableValue);
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
};

/** What amqplib cannot encode would fail at every attempt to connect, so it is refused here. */
const amqpTable = <T extends object>(name: string, value: T): T => {
  for (const [key, entry] of Object.entries(checks.object(name, value))) {
    if (!isTableValue(entry)) {
      checks.fail(`${name}.${key}`, 'text, a number, a boolean, null, bytes, or made of these', entry);
    }
  }
  return value;
};

const heartbeatMs = (option: number | undefined, address: BrokerAddress): number => {
  const value = option ?? (address.parameters.heartbeatSeconds ?? DEFAULT_HEARTBEAT_SECONDS) * 1_000;
  checks.wholeNumber('heartbeatMs', value, { min: 0, max: MAX_HEARTBEAT_SECONDS * 1_000 });
  return value % 1_000 === 0 ? value : checks.fail('heartbeatMs', 'a multiple of 1000', value);
};

/**
 * Checks options and fills in their defaults.
 * @throws PublisherError `INVALID_OPTIONS`, `INVALID_URL`
 */
export const resolveOptions = (options: PublisherOptions): ResolvedOptions => {
  checks.object('', options, PUBLISHER_OPTION_NAMES);
  const address = parseBrokerUrl(options.url);
  const { connectionName } = options;
  return {
    address,
    ...resolveTopology(options),
    properties: resolveProperties(options.properties ?? {}),
    maxInFlight: checks.wholeNumber('maxInFlight', options.maxInFlight ?? 5_000, { min: 1 }),
    maxBytes: checks.wholeNumber('maxBytes', options.maxBytes ?? 32 * 2 ** 20, { min: 1 }),
    backoff: resolveBackoff(options.backoff ?? {}),
    connectAttempts: wholeNumberOrInfinity('connectAttempts', options.connectAttempts ?? Number.POSITIVE_INFINITY),
    reconnectAttempts: wholeNumberOrInfinity(
      'reconnectAttempts',
      options.reconnectAttempts ?? Number.POSITIVE_INFINITY,
    ),
    connectTimeoutMs: checks.wholeNumber(
      'connectTimeoutMs',
      options.connectTimeoutMs ?? address.parameters.connectTimeoutMs ?? 15_000,
      { min: 1, max: MAX_TIMER_MS },
    ),
    heartbeatMs: heartbeatMs(options.heartbeatMs, address),
    confirmTimeoutMs: checks.durationMs('confirmTimeoutMs', options.confirmTimeoutMs ?? 60_000),
    nackAttempts: checks.wholeNumber('nackAttempts', options.nackAttempts ?? 10, { min: 1 }),
    nackBackoffMs: checks.durationMs('nackBackoffMs', options.nackBackoffMs ?? 200),
    topologyCheckIntervalMs: checks.durationMs('topologyCheckIntervalMs', options.topologyCheckIntervalMs ?? 2_000),
    topologyCheckCounts: checks.boolean('topologyCheckCounts', options.topologyCheckCounts ?? true),
    continuity: options.continuity && resolveContinuity(options.continuity),
    connectionName: connectionName === undefined ? undefined : checks.text('connectionName', connectionName),
    tls: resolveTls(options.tls ?? {}, address),
    signal: checks.optionalSignal('signal', options.signal),
    onConfirmed: checks.optionalFunction('onConfirmed', options.onConfirmed),
    onEvent: checks.optionalFunction('onEvent', options.onEvent),
  };
};

/** The options, and what the URL has in addition. */
const resolveTls = (options: TlsOptions, { protocol, parameters }: BrokerAddress): Readonly<TlsOptions> => {
  checks.object('tls', options, TLS_OPTION_NAMES);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  if (protocol === 'amqp' && given.length > 0) {
    checks.fail(`tls.${given[0]?.[0]}`, 'absent, or the URL start with amqps://', options);
  }
  for (const name of ['caFile', 'certFile', 'keyFile', 'servername'] as const) {
    const value = options[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) checks.fail(`tls.${name}`, 'a text', value);
  }
  const { ca, cert, key, pfx } = options;
  const rejectUnauthorized = options.rejectUnauthorized ?? parameters.isVerified;
  if (rejectUnauthorized !== undefined) checks.boolean('tls.rejectUnauthorized', rejectUnauthorized);
  const hasIdentity = [cert, key, pfx, options.certFile, options.keyFile].some((value) => value !== undefined);
  const resolved = {
    ...options,
    caFile: options.caFile ?? (ca === undefined ? parameters.caFile : undefined),
    certFile: hasIdentity ? options.certFile : parameters.certFile,
    keyFile: hasIdentity ? options.keyFile : parameters.keyFile,
    servername: options.servername ?? parameters.serverName,
    // Node's own default depends on the environment, and applies only if the option is absent.
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
  for (const [file, content] of Object.entries({ caFile: 'ca', certFile: 'cert', keyFile: 'key' } as const)) {
    if (resolved[file as 'caFile'] !== undefined && options[content] !== undefined) {
      checks.fail(`tls.${file}`, `absent, because tls.${content} is given`, resolved[file as 'caFile']);
    }
  }
  if (resolved.keyFile !== undefined && resolved.certFile === undefined && cert === undefined) {
    checks.fail('tls.keyFile', 'given together with tls.certFile (certfile in the URL)', resolved.keyFile);
  }
  return resolved;
};

const resolveBackoff = (backoff: NonNullable<PublisherOptions['backoff']>): ResolvedOptions['backoff'] => {
  checks.object('backoff', backoff, BACKOFF_OPTION_NAMES);
  const initialMs = checks.durationMs('backoff.initialMs', backoff.initialMs ?? 200);
  return {
    initialMs,
    maxMs: Math.max(initialMs, checks.durationMs('backoff.maxMs', backoff.maxMs ?? 10_000)),
    factor: checks.finiteNumber('backoff.factor', backoff.factor ?? 2, { min: 1 }),
  };
};

const resolveContinuity = (continuity: ContinuityOptions): ResolvedContinuity => {
  const { token, mode } = checks.object('continuity', continuity, CONTINUITY_OPTION_NAMES);
  return {
    token: continuityToken('continuity.token', token),
    mode: checks.oneOf('continuity.mode', mode, ['start', 'resume']),
  };
};

/** A token that can begin the names of objects on a broker. */
export const continuityToken = (name: string, token: unknown): string =>
  typeof token === 'string' && /^(?!amq\.)[\w.-]{1,100}$/.test(token)
    ? token
    : checks.fail(name, 'up to 100 letters, digits, dots, underscores and hyphens, not beginning with amq.', token);

const resolveTopology = (options: PublisherOptions): Pick<ResolvedOptions, 'exchange' | 'queues'> => {
  const exchange =
    typeof options.exchange === 'string'
      ? { name: options.exchange }
      : checks.object('exchange', options.exchange, EXCHANGE_OPTION_NAMES);
  const queues = checks.list('queues', options.queues ?? []).map(resolveQueue);
  const names = queues.map(({ name }) => name);
  const duplicate = names.find((name, index) => names.indexOf(name) < index);
  if (duplicate !== undefined) {
    checks.fail('queues', 'of different names, each with all of its routing keys', duplicate);
  }
  if (exchange.name === '' && queues.some((queue) => queue.routingKeys.length > 0)) {
    checks.fail('queues', "without routing keys if the exchange is the broker's default exchange", 'bound queues');
  }
  return {
    exchange: {
      name: shortString('exchange.name', exchange.name),
      type: shortString('exchange.type', exchange.type ?? 'topic'),
      durable: checks.boolean('exchange.durable', exchange.durable ?? true),
      autoDelete: checks.boolean('exchange.autoDelete', exchange.autoDelete ?? false),
      arguments: amqpTable('exchange.arguments', exchange.arguments ?? {}),
    },
    queues,
  };
};

const resolveQueue = (queue: QueueOptions, index: number): ResolvedQueue => {
  const path = `queues[${index}]`;
  checks.object(path, queue, QUEUE_OPTION_NAMES);
  const queueType =
    queue.queueType === undefined ? undefined : checks.oneOf(`${path}.queueType`, queue.queueType, QUEUE_TYPES);
  return {
    name: shortString(`${path}.name`, queue.name) || checks.fail(`${path}.name`, 'a name', queue.name),
    routingKeys: checks
      .list(`${path}.routingKeys`, queue.routingKeys)
      .map((key, at) => shortString(`${path}.routingKeys[${at}]`, key)),
    durable: checks.boolean(`${path}.durable`, queue.durable ?? true),
    arguments: {
      ...amqpTable(`${path}.arguments`, queue.arguments ?? {}),
      ...(queueType && { 'x-queue-type': queueType }),
    },
  };
};

const resolveProperties = (properties: MessageProperties): ResolvedOptions['properties'] => {
  checks.object('properties', properties, MESSAGE_PROPERTY_NAMES);
  const { headers, deliveryMode = 2, mandatory = true } = properties;
  if (deliveryMode !== 1 && deliveryMode !== 2) checks.fail('properties.deliveryMode', '1 or 2', deliveryMode);
  for (const name of ['contentType', 'contentEncoding', 'appId', 'type'] as const) {
    if (properties[name] !== undefined) shortString(`properties.${name}`, properties[name]);
  }
  if (headers !== undefined) amqpTable('properties.headers', headers);
  return { ...properties, deliveryMode, mandatory: checks.boolean('properties.mandatory', mandatory) };
};
