import { partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
import type { ExchangeOptions, MessageProperties, QueueOptions } from '@discogs-extractor/publisher';
import type { Contract } from '../config/contract-settings.js';
import type { DataType } from '../config/data-type.js';
import {
  EXPECTED_QUEUES,
  PLATFORM_EXCHANGE,
  PLATFORM_PREFIX,
  PLATFORM_QUEUES,
  queueNameOf,
  withDataType,
} from '../config/platform-names.js';

/** The options of the amqp sink that say which exchanges and queues there are. */
export interface AmqpLayoutOptions {
  /** Which of the following options apply, and what consumers expect; see docs/wire-contract.md. @default 'topic' */
  readonly contract?: Contract | undefined;
  /** `topic`: the exchange to publish to. @default 'discogsography-exchange' */
  readonly exchange?: string | undefined;
  /**
   * `topic`: the queues that the records of a data type go to; `{type}` stands for its name.
   * @default ['discogsography-graphinator-{type}', 'discogsography-tableinator-{type}']
   */
  readonly queues?: readonly string[] | undefined;
  /** `topic`: the queues that the tombstones of a data type go to, as well as `queues`. @default [] */
  readonly deletedQueues?: readonly string[] | undefined;
  /** `topic`: sent as `x-queue-type`. @default the virtual host's default */
  readonly queueType?: QueueOptions['queueType'] | undefined;
  /** `topic`: further arguments of the queues, for example `{ 'x-quorum-initial-group-size': 3 }`. @default {} */
  readonly queueArguments?: QueueOptions['arguments'] | undefined;
  /** `topic`: the queues that share the records of each of `queues`, `NAME-0` and so on. @default 1: NAME itself */
  readonly partitions?: number | undefined;
  /** `fanout`: begins the names of the exchanges, one for each data type. @default 'discogsography-discogs' */
  readonly exchangePrefix?: string | undefined;
  /**
   * `fanout`: the queues that consumers declare for a data type; `{prefix}` stands for `exchangePrefix`, `{type}` for the
   * data type. @default ['{prefix}-graphinator-{type}', '{prefix}-tableinator-{type}']
   */
  readonly expectedQueues?: readonly string[] | undefined;
  /** `fanout`: declares these queues, exactly as the platform's consumers do. @default false */
  readonly declareQueues?: boolean | undefined;
}

/** The exchange of a data type, and its queues. */
export interface AmqpTopology {
  readonly exchange: ExchangeOptions;
  readonly queues: readonly QueueOptions[];
}

/** The exchanges and queues of a contract, and what its messages have in common. */
export interface AmqpLayout {
  readonly contract: Contract;
  /** For people. */
  readonly destination: string;
  /** The names of the settings that say what is declared. */
  readonly settings: string;
  topologyOf(dataType: DataType): AmqpTopology;
  /** How many queues share the records of each of `recordQueuesOf`. */
  readonly partitions: number;
  /** The names of the queues that the records of a type go to; of one with partitions, its own. */
  recordQueuesOf(dataType: DataType): string[];
  /** The names of all queues of a type that exist: partitions instead of those that have some. */
  queueNamesOf(dataType: DataType): string[];
  /** What the extractor declares for these types, without anything that it expects. */
  declaredFor(dataTypes: readonly DataType[]): readonly AmqpTopology[];
  routingKeyOf(dataType: DataType): string;
  deletedKeyOf(dataType: DataType): string;
  /** Whether there are queues for tombstones: if not, no queue need take them. */
  readonly hasDeletedQueues: boolean;
  /** The type of the queues, as far as it is known. */
  readonly queueType: QueueOptions['queueType'];
  readonly properties: MessageProperties;
}

const PROPERTIES = { contentType: 'application/json', deliveryMode: 2, mandatory: true } as const;

/** The exchanges and queues that the options choose. */
export const createAmqpLayout = (options: AmqpLayoutOptions): AmqpLayout =>
  options.contract === 'fanout' ? fanoutLayout(options) : topicLayout(options);

const topicLayout = ({
  exchange = PLATFORM_EXCHANGE,
  queues = PLATFORM_QUEUES,
  deletedQueues = [],
  queueType,
  queueArguments = {},
  partitions = 1,
}: AmqpLayoutOptions): AmqpLayout => {
  const deletedKeyOf = (dataType: DataType): string => `${dataType}.deleted`;
  const queuesOf = (dataType: DataType): QueueOptions[] =>
    // One queue may take both.
    [...new Set([...queues, ...deletedQueues])].map((name) => ({
      name: withDataType(name, dataType),
      routingKeys: [
        ...(queues.includes(name) ? [dataType] : []),
        ...(deletedQueues.includes(name) ? [deletedKeyOf(dataType)] : []),
      ],
      durable: true,
      queueType,
      arguments: queueArguments,
      // Tombstones alone are few, and each of them is for all partitions.
      ...(queues.includes(name) && { partitions }),
    }));
  const topologyOf = (dataTypes: readonly DataType[]): AmqpTopology => ({
    exchange: { name: exchange, type: 'topic', durable: true },
    queues: dataTypes.flatMap(queuesOf),
  });
  return {
    contract: 'topic',
    destination: `exchange ${exchange}${partitions > 1 ? `, ${partitions} partitions of each queue` : ''}`,
    settings:
      'AMQP_EXCHANGE, AMQP_QUEUES, AMQP_DELETED_QUEUES, AMQP_QUEUE_TYPE, AMQP_QUEUE_ARGUMENTS and AMQP_PARTITIONS',
    partitions,
    topologyOf: (dataType) => topologyOf([dataType]),
    recordQueuesOf: (dataType) => queues.map((name) => withDataType(name, dataType)),
    queueNamesOf: (dataType) =>
      queuesOf(dataType).flatMap(({ name, partitions: count = 1 }) => partitionQueueNames(name, count)),
    declaredFor: (dataTypes) => [topologyOf(dataTypes)],
    routingKeyOf: (dataType) => dataType,
    deletedKeyOf,
    hasDeletedQueues: deletedQueues.length > 0,
    queueType,
    // The unusual `contentEncoding` is what the platform's extractors send.
    properties: { ...PROPERTIES, contentEncoding: 'application/json' },
  };
};

const fanoutLayout = ({
  exchangePrefix: prefix = PLATFORM_PREFIX,
  expectedQueues = EXPECTED_QUEUES,
  declareQueues = false,
}: AmqpLayoutOptions): AmqpLayout => {
  const topologyOf = (dataType: DataType): AmqpTopology => ({
    exchange: { name: `${prefix}-${dataType}`, type: 'fanout', durable: true },
    queues: expectedQueues.map((template) => {
      const name = queueNameOf(template, prefix, dataType);
      return declareQueues ? consumersQueue(name) : { name, routingKeys: [''], queueType: 'quorum', expected: true };
    }),
  });
  const recordQueuesOf = (dataType: DataType): string[] => topologyOf(dataType).queues.map(({ name }) => name);
  return {
    contract: 'fanout',
    destination: `exchanges ${prefix}-{type}`,
    settings: 'DISCOGS_EXCHANGE_PREFIX, AMQP_EXPECT_QUEUES and AMQP_DECLARE_QUEUES',
    // The queues belong to the consumers.
    partitions: 1,
    topologyOf,
    recordQueuesOf,
    queueNamesOf: recordQueuesOf,
    declaredFor: (dataTypes) =>
      dataTypes.map(topologyOf).map(({ exchange, queues }) => ({ exchange, queues: declareQueues ? queues : [] })),
    routingKeyOf: () => '',
    // Tombstones do not belong to this contract: consumers would take them for records.
    deletedKeyOf: () => '',
    hasDeletedQueues: false,
    queueType: 'quorum',
    properties: { ...PROPERTIES, contentEncoding: 'UTF-8' },
  };
};

/** A queue as graphinator and tableinator declare it: with other arguments, they would fail with 406. */
const consumersQueue = (name: string): QueueOptions => ({
  name,
  routingKeys: [''],
  durable: true,
  queueType: 'quorum',
  arguments: { 'x-delivery-limit': 20 },
  deadLetter: { exchange: `${name}.dlx`, queue: { name: `${name}.dlq`, queueType: 'classic' } },
});
