import { MAX_TIMER_MS } from '@discogs-extractor/internal/abort';
import { createOptionChecks, type OptionChecks } from '@discogs-extractor/internal/option-checks';
import { MAX_PARTITIONS } from '@discogs-extractor/internal/partition-queues';
import { type BrokerAddress, parseBrokerUrls } from './broker-address.js';
import { PublisherError } from './errors.js';
import type { PublisherEvent } from './events.js';
import { amqpTable, type ResolvedProperties, resolveProperties, shortString } from './message-properties.js';
import {
  BACKOFF_OPTION_NAMES,
  CONTINUITY_OPTION_NAMES,
  type ContinuityOptions,
  DEAD_LETTER_OPTION_NAMES,
  type DeadLetterOptions,
  EXCHANGE_OPTION_NAMES,
  type ExchangeOptions,
  MESSAGE_PROPERTY_NAMES,
  PUBLISHER_OPTION_NAMES,
  type PublisherOptions,
  QUEUE_OPTION_NAMES,
  QUEUE_TYPES,
  type QueueOptions,
  type RefusedMessage,
  type ReturnedMessage,
  TLS_OPTION_NAMES,
  type TlsOptions,
} from './options.js';
import { PARTITION_HEADER, partitionQueue } from './partitions.js';
import {
  type ResolvedExchange,
  type ResolvedPartitions,
  type ResolvedQueue,
  witnessedNames,
} from './resolved-topology.js';

/** {@link ContinuityOptions}, checked. */
export type ResolvedContinuity = Readonly<ContinuityOptions>;

/** One node of the broker, and how to connect to it. */
export interface BrokerNode {
  readonly address: BrokerAddress;
  readonly connectTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly tls: Readonly<TlsOptions>;
}

/** {@link PublisherOptions}, checked, with every default filled in. */
export interface ResolvedOptions {
  /** At least one. */
  readonly nodes: readonly [BrokerNode, ...BrokerNode[]];
  /** `display`: all nodes, for messages. */
  readonly address: Pick<BrokerAddress, 'display' | 'vhost'>;
  readonly exchange: ResolvedExchange;
  /** Partitions instead of the queues that have some. */
  readonly queues: readonly ResolvedQueue[];
  readonly partitions: ResolvedPartitions | undefined;
  readonly declare: boolean | 'passive';
  readonly expectTimeoutMs: number;
  readonly properties: ResolvedProperties;
  readonly maxInFlight: number;
  readonly maxBytes: number;
  readonly maxMessageBytes: number;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number; readonly factor: number };
  readonly connectAttempts: number;
  readonly reconnectAttempts: number;
  readonly confirmTimeoutMs: number;
  readonly nackAttempts: number;
  readonly nackBackoffMs: number;
  readonly topologyCheckIntervalMs: number;
  readonly topologyCheckCounts: boolean;
  readonly continuity: ResolvedContinuity | undefined;
  readonly connectionName: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onConfirmed: ((confirmed: number) => void) | undefined;
  readonly onReturned: ((returned: ReturnedMessage) => void) | undefined;
  readonly onRefused: ((refused: RefusedMessage) => void) | undefined;
  readonly onEvent: ((event: PublisherEvent) => void) | undefined;
}

/** The checks of this package's options, `flush` and `close` included. */
export const checks: OptionChecks = createOptionChecks((message) => new PublisherError('INVALID_OPTIONS', message));

/** AMQP negotiates heartbeats in seconds, as two bytes. */
const MAX_HEARTBEAT_SECONDS = 65_535;
const DEFAULT_HEARTBEAT_SECONDS = 10;

const wholeNumberOrInfinity = (name: string, value: number): number =>
  value === Number.POSITIVE_INFINITY ? value : checks.wholeNumber(name, value, { min: 1 });

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
  const nodes = resolveNodes(options);
  const displays = nodes.map(({ address }) => address.display);
  const { connectionName } = options;
  const topology = resolveTopology(options);
  return {
    nodes,
    address: { display: displays.join(', '), vhost: nodes[0].address.vhost },
    ...topology,
    expectTimeoutMs:
      options.expectTimeoutMs === Number.POSITIVE_INFINITY
        ? options.expectTimeoutMs
        : checks.finiteNumber('expectTimeoutMs', options.expectTimeoutMs ?? 0, { min: 0 }),
    properties: resolveDefaultProperties(options, topology),
    maxInFlight: checks.wholeNumber('maxInFlight', options.maxInFlight ?? 5_000, { min: 1 }),
    maxBytes: checks.wholeNumber('maxBytes', options.maxBytes ?? 32 * 2 ** 20, { min: 1 }),
    maxMessageBytes: wholeNumberOrInfinity('maxMessageBytes', options.maxMessageBytes ?? Number.POSITIVE_INFINITY),
    backoff: resolveBackoff(options.backoff ?? {}),
    connectAttempts: wholeNumberOrInfinity('connectAttempts', options.connectAttempts ?? Number.POSITIVE_INFINITY),
    reconnectAttempts: wholeNumberOrInfinity(
      'reconnectAttempts',
      options.reconnectAttempts ?? Number.POSITIVE_INFINITY,
    ),
    confirmTimeoutMs: checks.durationMs('confirmTimeoutMs', options.confirmTimeoutMs ?? 60_000),
    nackAttempts: checks.wholeNumber('nackAttempts', options.nackAttempts ?? 10, { min: 1 }),
    nackBackoffMs: checks.durationMs('nackBackoffMs', options.nackBackoffMs ?? 200),
    topologyCheckIntervalMs: checks.durationMs('topologyCheckIntervalMs', options.topologyCheckIntervalMs ?? 2_000),
    continuity: options.continuity && resolveContinuity(options),
    // Without the permission to declare a binding, a lost one looks like a queue that drops messages.
    topologyCheckCounts:
      checks.boolean('topologyCheckCounts', options.topologyCheckCounts ?? true) && (options.declare ?? true) === true,
    connectionName: connectionName === undefined ? undefined : checks.text('connectionName', connectionName),
    signal: checks.optionalSignal('signal', options.signal),
    onConfirmed: checks.optionalFunction('onConfirmed', options.onConfirmed),
    onReturned: checks.optionalFunction('onReturned', options.onReturned),
    onRefused: checks.optionalFunction('onRefused', options.onRefused),
    onEvent: checks.optionalFunction('onEvent', options.onEvent),
  };
};

/** What a URL says applies to its node; an option applies to all. */
const resolveNodes = (options: PublisherOptions): ResolvedOptions['nodes'] => {
  const { url } = options;
  const urls = typeof url === 'string' ? url : checks.list('url', url).map((it) => checks.text('url', it));
  const nodes = parseBrokerUrls(urls).map((address) => ({
    address,
    connectTimeoutMs: checks.wholeNumber(
      'connectTimeoutMs',
      options.connectTimeoutMs ?? address.parameters.connectTimeoutMs ?? 15_000,
      { min: 1, max: MAX_TIMER_MS },
    ),
    heartbeatMs: heartbeatMs(options.heartbeatMs, address),
    tls: resolveTls(options.tls ?? {}, address),
  }));
  return nodes as [BrokerNode, ...BrokerNode[]];
};

const resolveDefaultProperties = (
  { properties = {} }: PublisherOptions,
  { partitions }: Pick<ResolvedOptions, 'partitions'>,
): ResolvedProperties => {
  const resolved = resolveProperties(
    checks,
    'properties.',
    checks.object('properties', properties, MESSAGE_PROPERTY_NAMES),
  );
  if (partitions?.kind === 'hash' && PARTITION_HEADER in (resolved.headers ?? {})) {
    checks.fail(
      `properties.headers.${PARTITION_HEADER}`,
      'absent: it is what queues with partitions are chosen by',
      '',
    );
  }
  return resolved;
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

const resolveContinuity = ({ continuity, declare = true }: PublisherOptions): ResolvedContinuity => {
  const { token, mode } = checks.object('continuity', continuity as ContinuityOptions, CONTINUITY_OPTION_NAMES);
  if (declare !== true) checks.fail('continuity', 'absent unless declare is true', continuity);
  if (token === undefined && mode === 'resume') return { token, mode };
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

/** The part of {@link resolveOptions} that says what is on the broker. */
export const resolveTopology = (
  options: Pick<PublisherOptions, 'exchange' | 'queues' | 'declare'>,
): Pick<ResolvedOptions, 'exchange' | 'queues' | 'partitions' | 'declare'> => {
  const exchange = resolveExchange('exchange', options.exchange, 'topic');
  const { queues, partitions } = resolveQueues(checks.list('queues', options.queues ?? []), exchange);
  // Exchanges and queues may have the same name, but the objects that prove that they are the same are named after both.
  const names = witnessedNames({ queues, partitions });
  const duplicate = names.find((name, index) => names.indexOf(name) < index);
  if (duplicate !== undefined) {
    checks.fail('queues', 'of different names, each with all of its routing keys', duplicate);
  }
  if (exchange.name === '' && queues.some((queue) => queue.routingKeys.length > 0)) {
    checks.fail('queues', "without routing keys if the exchange is the broker's default exchange", 'bound queues');
  }
  const { declare = true } = options;
  if (typeof declare !== 'boolean' && declare !== 'passive')
    checks.fail('declare', "true, false or 'passive'", declare);
  if (declare === false && queues.length > 0) {
    checks.fail('queues', "empty if declare is false (use declare: 'passive' to check them)", options.queues);
  }
  const expect = <T extends { readonly isExpected: boolean }>(object: T): T =>
    declare === 'passive' ? { ...object, isExpected: true } : object;
  return { declare, exchange: expect(exchange), queues: queues.map(expect), partitions };
};

/** The queues, and their partitions instead of those that have some. */
const resolveQueues = (
  given: readonly QueueOptions[],
  exchange: ResolvedExchange,
): Pick<ResolvedOptions, 'queues' | 'partitions'> => {
  let partitions: ResolvedPartitions | undefined;
  const queues = given.flatMap((options, index) => {
    const path = `queues[${index}]`;
    const queue = resolveQueue(path, options);
    const count = checks.wholeNumber(`${path}.partitions`, options.partitions ?? 1, { min: 1, max: MAX_PARTITIONS });
    if (count === 1) return [queue];
    const refuse = (expected: string): never => checks.fail(`${path}.partitions`, expected, count);
    if (queue.isExpected) refuse('absent if the queue is expected: its own program declares it');
    if (exchange.type !== 'topic' && exchange.type !== 'direct')
      refuse('absent unless the exchange is a topic or direct one');
    if (exchange.name === queue.name) refuse('absent if the queue has the name of the exchange');
    const partitioned = partitionQueue(checks, path, queue, count);
    if (count !== (partitions?.count ?? count)) refuse('the same for all queues that have partitions');
    if (partitioned.kind !== (partitions?.kind ?? partitioned.kind))
      refuse('absent unless all of these queues are streams, or none is');
    partitions = {
      kind: partitioned.kind,
      count,
      exchanges: [...(partitions?.exchanges ?? []), partitioned.exchange],
    };
    return partitioned.queues;
  });
  return { queues, partitions };
};

/** @param defaultType - if the options name no type */
export const resolveExchange = (
  path: string,
  given: string | ExchangeOptions,
  defaultType: string,
): ResolvedExchange => {
  const exchange: ExchangeOptions =
    typeof given === 'string' ? { name: given } : checks.object(path, given, EXCHANGE_OPTION_NAMES);
  return {
    name: shortString(checks, `${path}.name`, exchange.name),
    type: shortString(checks, `${path}.type`, exchange.type ?? defaultType),
    durable: checks.boolean(`${path}.durable`, exchange.durable ?? true),
    autoDelete: checks.boolean(`${path}.autoDelete`, exchange.autoDelete ?? false),
    arguments: amqpTable(checks, `${path}.arguments`, exchange.arguments ?? {}),
    isExpected: checks.boolean(`${path}.expected`, exchange.expected ?? false),
  };
};

const resolveQueue = (path: string, queue: QueueOptions): ResolvedQueue => {
  checks.object(path, queue, QUEUE_OPTION_NAMES);
  const queueType =
    queue.queueType === undefined ? undefined : checks.oneOf(`${path}.queueType`, queue.queueType, QUEUE_TYPES);
  const isExpected = checks.boolean(`${path}.expected`, queue.expected ?? false);
  if (isExpected && queue.deadLetter !== undefined) {
    checks.fail(`${path}.deadLetter`, 'absent if the queue is expected: its own program declares it', queue.deadLetter);
  }
  const deadLetter = queue.deadLetter && resolveDeadLetter(`${path}.deadLetter`, queue.deadLetter);
  return {
    name: shortString(checks, `${path}.name`, queue.name) || checks.fail(`${path}.name`, 'a name', queue.name),
    routingKeys: checks
      .list(`${path}.routingKeys`, queue.routingKeys)
      .map((key, at) => shortString(checks, `${path}.routingKeys[${at}]`, key)),
    durable: checks.boolean(`${path}.durable`, queue.durable ?? true),
    arguments: {
      ...amqpTable(checks, `${path}.arguments`, queue.arguments ?? {}),
      ...(queueType && { 'x-queue-type': queueType }),
      ...deadLetter?.arguments,
    },
    deadLetter: deadLetter?.topology,
    partition: undefined,
    isExpected,
  };
};

/** What is declared for dead letters, and the arguments that tell their queue. */
const resolveDeadLetter = (
  path: string,
  options: DeadLetterOptions,
): { readonly topology: ResolvedQueue['deadLetter']; readonly arguments: ResolvedQueue['arguments'] } => {
  const {
    exchange: givenExchange,
    queue: givenQueue,
    routingKey,
  } = checks.object(path, options, DEAD_LETTER_OPTION_NAMES);
  const exchange = resolveExchange(`${path}.exchange`, givenExchange, 'fanout');
  const queue = typeof givenQueue === 'string' ? { name: givenQueue } : checks.object(`${path}.queue`, givenQueue);
  if ('partitions' in queue) checks.fail(`${path}.queue.partitions`, 'absent', queue.partitions);
  return {
    topology: { exchange, queue: resolveQueue(`${path}.queue`, { routingKeys: [''], ...queue }) },
    arguments: {
      'x-dead-letter-exchange': exchange.name,
      ...(routingKey !== undefined && {
        'x-dead-letter-routing-key': shortString(checks, `${path}.routingKey`, routingKey),
      }),
    },
  };
};
