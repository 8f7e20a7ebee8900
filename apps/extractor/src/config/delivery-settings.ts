import { MAX_PARTITIONS } from '@discogs-extractor/internal/partition-queues';
import * as z from 'zod';
import {
  amqpUrls,
  exchangeName,
  optionalQueueNames,
  QUEUE_TYPES,
  type QueueType,
  queueArguments,
  queueNames,
} from './amqp-schemas.js';
import { PLATFORM_EXCHANGE, PLATFORM_QUEUES } from './platform-names.js';
import { noDefault, setting } from './setting.js';
import { httpUrl, optionalText, trimmed, wholeNumber } from './value-schemas.js';

export const SINKS = ['amqp', 'ndjson', 'null'] as const;
export type SinkName = (typeof SINKS)[number];

export const DELIVERY_SETTINGS = {
  sink: setting<SinkName>({
    env: 'SINK',
    toml: 'sink',
    flag: '--sink',
    about: 'destination of the records: amqp (RabbitMQ), ndjson (files) or null (nowhere)',
    accepts: `one of ${SINKS.join(', ')}`,
    schema: z.preprocess(trimmed, z.enum(SINKS)),
    defaultValue: () => 'amqp',
  }),
  amqpConnection: setting<readonly string[] | undefined>({
    env: 'AMQP_CONNECTION',
    toml: 'amqp_connection',
    secret: true,
    about: 'address of RabbitMQ: amqp://user:password@host:5672/vhost',
    details:
      'The nodes of a cluster are several URLs, separated by commas (a list in TOML); they are tried in random order. ' +
      'It holds a password: prefer the environment, or a file that AMQP_CONNECTION_FILE names. Percent-encode special ' +
      'characters in user, password and virtual host. The parameters of RabbitMQ clients are understood: heartbeat, ' +
      'connection_timeout, frame_max, channel_max, auth_mechanism, cacertfile, certfile, keyfile, verify, ' +
      'server_name_indication.',
    accepts:
      'an amqp:// or amqps:// URL, such as amqp://user:password@host:5672/vhost, or those of several nodes, separated by commas',
    schema: amqpUrls,
    defaultValue: noDefault,
    defaultText: 'none; required for the amqp sink',
    example: 'amqp://user:password@localhost:5672/',
  }),
  amqpManagementUrl: setting<string | undefined>({
    env: 'AMQP_MANAGEMENT_URL',
    toml: 'amqp_management_url',
    secret: true,
    about: "address of RabbitMQ's management API, which verify asks",
    details:
      'Its counts say what verify cannot find out from the queues alone: how many messages arrived, and how many ' +
      'consumers have taken. Without a user in it, the one of AMQP_CONNECTION is used.',
    accepts: 'an http:// or https:// URL, such as http://user:password@host:15672',
    schema: httpUrl.optional(),
    defaultValue: noDefault,
    defaultText: 'none',
    example: 'http://monitor:password@localhost:15672',
  }),
  amqpCaFile: setting<string | undefined>({
    env: 'AMQP_CA_FILE',
    toml: 'amqp_ca_file',
    about: 'PEM file with the authorities of the certificate of RabbitMQ',
    details: 'For amqps://. Files of certificates are read at each connect.',
    accepts: 'the path of a PEM file',
    schema: optionalText,
    defaultValue: noDefault,
    defaultText: 'those that Node knows',
    example: '/certificates/ca.pem',
  }),
  amqpCertFile: setting<string | undefined>({
    env: 'AMQP_CERT_FILE',
    toml: 'amqp_cert_file',
    about: 'PEM file with the certificate of the client, if RabbitMQ requires one',
    details: 'For amqps://. The parameter auth_mechanism=external in AMQP_CONNECTION logs in with it.',
    accepts: 'the path of a PEM file',
    schema: optionalText,
    defaultValue: noDefault,
    defaultText: 'none',
    example: '/certificates/client.pem',
  }),
  amqpKeyFile: setting<string | undefined>({
    env: 'AMQP_KEY_FILE',
    toml: 'amqp_key_file',
    about: 'PEM file with the key of AMQP_CERT_FILE',
    accepts: 'the path of a PEM file',
    schema: optionalText,
    defaultValue: noDefault,
    defaultText: 'AMQP_CERT_FILE itself',
    example: '/certificates/client-key.pem',
  }),
  amqpServerName: setting<string | undefined>({
    env: 'AMQP_SERVER_NAME',
    toml: 'amqp_server_name',
    about: 'name that the certificate of RabbitMQ must be for',
    details: 'For amqps://.',
    accepts: 'the name of a host',
    schema: optionalText,
    defaultValue: noDefault,
    defaultText: 'the host of each URL in AMQP_CONNECTION',
    example: 'rabbitmq.example.org',
  }),
  amqpExchange: setting<string>({
    env: 'AMQP_EXCHANGE',
    toml: 'amqp_exchange',
    about: 'topic exchange to publish to',
    accepts: 'the name of a topic exchange',
    schema: exchangeName,
    defaultValue: () => PLATFORM_EXCHANGE,
  }),
  amqpQueues: setting<readonly string[]>({
    env: 'AMQP_QUEUES',
    toml: 'amqp_queues',
    about: 'queues of each type',
    details: '{type} stands for the data type.',
    accepts: 'queue names that each contain {type}, separated by commas',
    schema: queueNames,
    defaultValue: () => PLATFORM_QUEUES,
  }),
  amqpDeletedQueues: setting<readonly string[]>({
    env: 'AMQP_DELETED_QUEUES',
    toml: 'amqp_deleted_queues',
    about: 'queues of each type for the deletions that PUBLISH=changed sends',
    details:
      'They are declared like AMQP_QUEUES, and bound to the routing key {type}.deleted; {type} stands for the data type. ' +
      'Deletions that no queue is bound for are dropped by RabbitMQ, and counted all the same.',
    accepts: 'none, or queue names that each contain {type}, separated by commas',
    schema: optionalQueueNames,
    defaultValue: () => [],
    defaultText: 'none',
    example: ['discogsography-deleted-{type}'],
  }),
  amqpQueueType: setting<QueueType | undefined>({
    env: 'AMQP_QUEUE_TYPE',
    toml: 'amqp_queue_type',
    about: `type of the queues: ${QUEUE_TYPES.join(', ')}`,
    accepts: `one of ${QUEUE_TYPES.join(', ')}`,
    schema: z.preprocess(trimmed, z.enum(QUEUE_TYPES)),
    defaultValue: noDefault,
    defaultText: 'that of the virtual host',
    example: 'quorum',
  }),
  amqpQueueArguments: setting<Readonly<Record<string, string | number | boolean>>>({
    env: 'AMQP_QUEUE_ARGUMENTS',
    toml: 'amqp_queue_arguments',
    about: 'further arguments of the queues: JSON, or a table in TOML',
    accepts: 'a JSON object such as {"x-quorum-initial-group-size": 3}, without x-queue-type',
    schema: queueArguments,
    defaultValue: () => ({}),
    defaultText: 'none',
  }),
  amqpPartitions: setting<number>({
    env: 'AMQP_PARTITIONS',
    toml: 'amqp_partitions',
    about: 'queues that share the records of each queue of AMQP_QUEUES',
    details:
      'With 8, an exchange distributes the records of a queue NAME over NAME-0 to NAME-7, by their id, so that several ' +
      'nodes and consumers share the work: see docs/wire-contract.md. Streams become super streams; for other queues, ' +
      'RabbitMQ needs the plug-in rabbitmq_consistent_hash_exchange. Records are not moved: after a change, everything ' +
      'is delivered again.',
    accepts: `a whole number from 1 to ${MAX_PARTITIONS}`,
    schema: wholeNumber(1, MAX_PARTITIONS),
    defaultValue: () => 1,
  }),
  amqpMaxMessageBytes: setting<number | undefined>({
    env: 'AMQP_MAX_MESSAGE_BYTES',
    toml: 'amqp_max_message_bytes',
    about: 'size of the largest message that RabbitMQ takes',
    details:
      'The extractor learns the limit of RabbitMQ (max_message_size) when it refuses the first message. A record with a ' +
      'larger message is kept in the quarantine, and counts as malformed: see MAX_MALFORMED_RECORDS.',
    accepts: 'a whole number from 1 to 536870912',
    schema: wholeNumber(1, 536_870_912),
    defaultValue: noDefault,
    defaultText: 'the limit of RabbitMQ',
    example: 16_777_216,
  }),
  queueSize: setting<number>({
    env: 'QUEUE_SIZE',
    toml: 'queue_size',
    about: 'messages per file that are sent but not yet saved as delivered',
    details:
      'It bounds both the messages that the broker has not confirmed yet and the records sent past the progress saved ' +
      'on disk: after a crash, at most this many records per file are sent again. For the amqp sink.',
    accepts: 'a whole number from 1 to 65535',
    schema: wholeNumber(1, 65_535),
    defaultValue: () => 5000,
  }),
  outputDirectory: setting<string | undefined>({
    env: 'OUTPUT_DIRECTORY',
    toml: 'output_directory',
    flag: '--output',
    about: 'folder for the files of the ndjson sink',
    accepts: 'the path of a folder',
    schema: optionalText,
    defaultValue: noDefault,
    defaultText: 'ndjson in DISCOGS_ROOT',
    example: '/discogs-data/ndjson',
  }),
} as const;
