import { isIPv6 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
import type { ConfigProblem } from '../errors.js';
import { MAX_NAME_BYTES } from './amqp-schemas.js';
import type { ConfigNotice } from './config-notice.js';
import { DATA_TYPES } from './data-type.js';
import { queueNameOf, withDataType } from './platform-names.js';
import type { Config, SettingName } from './settings.js';
import { SETTINGS } from './settings.js';

/** Without `AMQP_CONNECTION` and `CONTRACT`, one of these chooses the fanout contract. */
const FANOUT_SETTINGS = ['rabbitmqHost', 'amqpExchangePrefix'] as const;

/** Whoever runs the platform may have set these for its other programs, or for another contract. */
const UNUSED_UNDER_TOPIC = ['amqpExchangePrefix', 'extractionComplete'] as const;

/** These are for the other contract: what they ask for, unless it is the default, would silently not happen. */
const REFUSED_SETTINGS = {
  topic: ['amqpExpectQueues', 'amqpExpectSeconds', 'amqpDeclareQueues'],
  fanout: [
    ...(['amqpExchange', 'amqpQueues', 'amqpDeletedQueues', 'amqpQueueType', 'amqpQueueArguments'] as const),
    'amqpPartitions',
  ],
} as const;

/** The settings that {@link resolveContract} reads. */
export const RESOLVED_SETTINGS = [
  'contract',
  'amqpConnection',
  'amqpExchangePrefix',
  'rabbitmqHost',
  'rabbitmqPort',
  'rabbitmqUsername',
  'rabbitmqPassword',
] as const;

type Resolved = Pick<Config, (typeof RESOLVED_SETTINGS)[number]>;

/**
 * Chooses the contract if nothing says which, and builds the URL of the broker from the `RABBITMQ_*` settings if
 * `AMQP_CONNECTION` is absent.
 *
 * @param isGiven - whether a setting has a value that is not the default
 */
export const resolveContract = (
  config: Resolved,
  isGiven: (name: SettingName) => boolean,
  onNotice: (notice: ConfigNotice) => void,
): Pick<Config, 'contract' | 'amqpConnection'> => {
  const reason = isGiven('contract') || isGiven('amqpConnection') ? undefined : FANOUT_SETTINGS.find(isGiven);
  const contract = reason === undefined ? config.contract : 'fanout';
  if (reason !== undefined) {
    const text = `🚀 CONTRACT=fanout is in force, since ${SETTINGS[reason].env} is set and neither AMQP_CONNECTION nor CONTRACT is`;
    onNotice({ level: 'info', text });
  }
  for (const name of contract === 'topic' ? UNUSED_UNDER_TOPIC.filter(isGiven) : []) {
    onNotice({ level: 'warn', text: `⚠️ ${SETTINGS[name].env} has no effect under CONTRACT=topic` });
  }
  if (isGiven('amqpConnection') && isGiven('rabbitmqHost')) {
    const text = '⚠️ RABBITMQ_HOST has no effect, since AMQP_CONNECTION is set. Remove one of the two';
    onNotice({ level: 'warn', text });
  }
  const isBuilt = !isGiven('amqpConnection') && (contract === 'fanout' || isGiven('rabbitmqHost'));
  return { contract, amqpConnection: isBuilt ? [brokerUrl(config)] : config.amqpConnection };
};

/**
 * The settings that belong to the other contract, and those that contradict each other.
 *
 * @param given - the names that the user gave settings under
 */
export const findContractProblems = (
  config: Partial<Config>,
  given: ReadonlyMap<SettingName, string>,
): ConfigProblem[] => {
  const { sink, contract, amqpExpectQueues, amqpDeclareQueues, amqpExchangePrefix } = config;
  if (sink !== 'amqp' || contract === undefined) return [];
  const isLeftWithoutQueues = contract === 'fanout' && amqpDeclareQueues === true && amqpExpectQueues?.length === 0;
  return [
    ...REFUSED_SETTINGS[contract].flatMap((name) => {
      const setting = given.get(name);
      const isDefault = isDeepStrictEqual(config[name], SETTINGS[name].defaultValue());
      return setting === undefined || isDefault
        ? []
        : [{ setting, accepts: `nothing under CONTRACT=${contract}: remove it` }];
    }),
    ...(isLeftWithoutQueues
      ? [{ setting: given.get('amqpDeclareQueues')!, accepts: 'AMQP_EXPECT_QUEUES to name the queues to declare' }]
      : []),
    ...(contract === 'fanout' && amqpExpectQueues?.some((name) => isTooLong(name, amqpExchangePrefix ?? ''))
      ? [{ setting: given.get('amqpExpectQueues')!, accepts: `names of ${MAX_QUEUE_NAME_BYTES} bytes at most` }]
      : []),
  ];
};

/** The names of partitions must not be too long, nor be those of something else. */
export const findPartitionProblems = (
  { sink, contract, amqpPartitions: count = 1, amqpQueues = [], amqpDeletedQueues = [], amqpExchange }: Partial<Config>,
  given: ReadonlyMap<SettingName, string>,
): ConfigProblem[] => {
  if (sink !== 'amqp' || contract !== 'topic' || count === 1) return [];
  const setting = given.get('amqpPartitions')!;
  const queues = [...new Set([...amqpQueues, ...amqpDeletedQueues])];
  return DATA_TYPES.flatMap((type) => {
    const names = queues.map((template) => withDataType(template, type));
    const partitions = amqpQueues.flatMap((template) => partitionQueueNames(withDataType(template, type), count));
    const taken = partitions.find((name) => names.includes(name));
    const long = partitions.find((name) => Buffer.byteLength(name) > MAX_NAME_BYTES);
    const isExchange = amqpQueues.some((template) => withDataType(template, type) === amqpExchange);
    return [
      ...(taken === undefined
        ? []
        : [{ setting, accepts: `AMQP_QUEUES without the partition ${taken} of another queue` }]),
      ...(long === undefined
        ? []
        : [{ setting, accepts: `names of queues that leave room for the number in ${long}` }]),
      ...(isExchange ? [{ setting, accepts: 'AMQP_EXCHANGE not to be the name of a queue' }] : []),
    ];
  });
};

/** What was not sent again would be deleted, whatever the sink is: `extraction_complete` is written to files as well. */
export const findPublishProblems = (
  { contract, publish }: Partial<Config>,
  given: ReadonlyMap<SettingName, string>,
): ConfigProblem[] =>
  contract !== 'fanout' || publish !== 'changed'
    ? []
    : [
        {
          setting: given.get('publish')!,
          value: '"changed"',
          message:
            'got "changed", expected "all" under CONTRACT=fanout: after extraction_complete, the platform deletes every ' +
            'row that was not sent, and so all records that have not changed',
        },
      ];

/** What follows the names of the exchange and queue of dead letters. */
const DEAD_LETTER_SUFFIX = '.dlx';
const MAX_QUEUE_NAME_BYTES = MAX_NAME_BYTES - DEAD_LETTER_SUFFIX.length;

const isTooLong = (template: string, prefix: string): boolean =>
  DATA_TYPES.some((type) => Buffer.byteLength(queueNameOf(template, prefix, type)) > MAX_QUEUE_NAME_BYTES);

const brokerUrl = ({
  rabbitmqHost: host,
  rabbitmqPort: port,
  rabbitmqUsername: username,
  rabbitmqPassword: password,
}: Resolved): string => {
  const credentials = [username, password].map(encodeURIComponent).join(':');
  return `amqp://${credentials}@${isIPv6(host) ? `[${host}]` : host}:${port}/%2F`;
};
