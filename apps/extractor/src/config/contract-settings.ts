import { isIPv6 } from 'node:net';
import * as z from 'zod';
import { exchangeName, optionalQueueNames } from './amqp-schemas.js';
import { EXPECTED_QUEUES, PLATFORM_PREFIX } from './platform-names.js';
import { setting } from './setting.js';
import { booleanValue, lowerCase, numeric, requiredText, wholeNumber } from './value-schemas.js';

/**
 * What the records look like and where they go, as consumers expect it; see docs/wire-contract.md.
 *
 * - `topic`: the platform of February 2026, with one topic exchange
 * - `fanout`: the platform since March 2026, with one fanout exchange per type
 */
export const CONTRACTS = ['topic', 'fanout'] as const;
export type Contract = (typeof CONTRACTS)[number];

/**
 * When `extraction_complete` is sent, after which consumers delete what they have not received.
 *
 * - `auto`: if all records of all four types were delivered
 * - `always`: after all files that were asked for, whatever they lack
 * - `never`: not at all
 */
export const EXTRACTION_COMPLETE_POLICIES = ['auto', 'always', 'never'] as const;
export type ExtractionCompletePolicy = (typeof EXTRACTION_COMPLETE_POLICIES)[number];

/** AMQP's limit for names is 255 bytes, and `-tableinator-releases.dlx` follows. */
const MAX_PREFIX_BYTES = 200;

/** A name or an address: the URL of the broker is built from it. */
const hostName: z.ZodType<string> = z.preprocess(
  (value) => (typeof value === 'string' ? value.trim().replace(/^\[(.*)\]$/, '$1') : value),
  z.string().refine((host) => isIPv6(host) || /^[^\s/?#@:%[\]]+$/.test(host)),
);

export const CONTRACT_SETTINGS = {
  contract: setting<Contract>({
    env: 'CONTRACT',
    toml: 'contract',
    flag: '--contract',
    about: 'contract with the consumers: topic or fanout',
    details:
      'topic is that of the platform of February 2026, fanout that of the platform since March 2026: see ' +
      'docs/wire-contract.md. Without CONTRACT and AMQP_CONNECTION, RABBITMQ_HOST and DISCOGS_EXCHANGE_PREFIX choose ' +
      'fanout. What was delivered under one contract was not delivered under the other.',
    accepts: `one of ${CONTRACTS.join(', ')}`,
    schema: z.preprocess(lowerCase, z.enum(CONTRACTS)),
    defaultValue: () => 'topic',
    defaultText: 'topic, or fanout with RABBITMQ_HOST',
  }),
  amqpExchangePrefix: setting<string>({
    env: 'DISCOGS_EXCHANGE_PREFIX',
    toml: 'discogs_exchange_prefix',
    about: 'beginning of the names of exchanges and queues under CONTRACT=fanout',
    accepts: 'the beginning of a name, such as discogsography-discogs',
    // RabbitMQ reserves the names that begin with `amq.`.
    schema: exchangeName.refine(
      (prefix) => Buffer.byteLength(prefix) <= MAX_PREFIX_BYTES && !prefix.startsWith('amq.'),
    ),
    defaultValue: () => PLATFORM_PREFIX,
  }),
  amqpExpectQueues: setting<readonly string[]>({
    env: 'AMQP_EXPECT_QUEUES',
    toml: 'amqp_expect_queues',
    about: 'queues that consumers declare, under CONTRACT=fanout',
    details:
      '{type} stands for the data type, {prefix} for DISCOGS_EXCHANGE_PREFIX. The first record of a type is sent when ' +
      'all of its queues exist and are bound, so that no consumer misses any. "none" expects none.',
    accepts: 'none, or queue names that each contain {type}, separated by commas',
    schema: optionalQueueNames,
    defaultValue: () => EXPECTED_QUEUES,
    defaultText: 'those of graphinator and tableinator',
  }),
  amqpExpectSeconds: setting<number>({
    env: 'AMQP_EXPECT_SECONDS',
    toml: 'amqp_expect_seconds',
    about: 'seconds that run --once waits for these queues',
    details: 'The service waits until they exist.',
    accepts: 'a number of seconds from 0 to 604800',
    schema: z.preprocess(numeric, z.number().min(0).max(604_800)),
    defaultValue: () => 300,
  }),
  amqpDeclareQueues: setting<boolean>({
    env: 'AMQP_DECLARE_QUEUES',
    toml: 'amqp_declare_queues',
    about: 'declare these queues instead of waiting for them',
    details:
      "Exactly as the platform's consumers declare them, with a queue for dead letters each. For queues of other " +
      'consumers, which may have other settings, let those declare them.',
    accepts: 'true or false',
    schema: booleanValue,
    defaultValue: () => false,
  }),
  extractionComplete: setting<ExtractionCompletePolicy>({
    env: 'EXTRACTION_COMPLETE',
    toml: 'extraction_complete',
    about: 'when to send extraction_complete under CONTRACT=fanout: auto, always or never',
    details:
      'Consumers then delete the rows that this dump did not refresh. auto sends it only if all four types were ' +
      'delivered, by this extractor and from verified files, and nothing of them was left out; always also sends it ' +
      'otherwise. If it was withheld, the next run whose setting allows it sends it.',
    accepts: `one of ${EXTRACTION_COMPLETE_POLICIES.join(', ')}`,
    schema: z.preprocess(lowerCase, z.enum(EXTRACTION_COMPLETE_POLICIES)),
    defaultValue: () => 'auto',
  }),
  rabbitmqHost: setting<string>({
    env: 'RABBITMQ_HOST',
    toml: 'rabbitmq_host',
    about: 'host of RabbitMQ, if AMQP_CONNECTION is not set',
    details: 'The virtual host is /, and the connection has no TLS: set AMQP_CONNECTION for anything else.',
    accepts: 'the name or address of a host, without a port',
    schema: hostName,
    defaultValue: () => 'rabbitmq',
  }),
  rabbitmqPort: setting<number>({
    env: 'RABBITMQ_PORT',
    toml: 'rabbitmq_port',
    about: 'port of RABBITMQ_HOST',
    accepts: 'a TCP port from 1 to 65535',
    schema: wholeNumber(1, 65_535),
    defaultValue: () => 5672,
  }),
  rabbitmqUsername: setting<string>({
    env: 'RABBITMQ_USERNAME',
    toml: 'rabbitmq_username',
    secret: true,
    isFilePreferred: true,
    about: 'user at RABBITMQ_HOST',
    accepts: 'the name of a user',
    schema: requiredText,
    defaultValue: () => 'discogsography',
  }),
  rabbitmqPassword: setting<string>({
    env: 'RABBITMQ_PASSWORD',
    toml: 'rabbitmq_password',
    secret: true,
    isFilePreferred: true,
    about: 'password of RABBITMQ_USERNAME',
    accepts: 'a text that is not empty',
    // White space may belong to a password.
    schema: z.string().min(1),
    defaultValue: () => 'discogsography',
  }),
} as const;
