import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { exchangeName, QUEUE_TYPES, type QueueType, queueArguments, queueNames } from './amqp-schemas.js';
import { PLATFORM_EXCHANGE, PLATFORM_QUEUES } from './platform-names.js';

/** The data types of a dump, in the order in which Discogs lists them. */
export const DATA_TYPES = ['artists', 'labels', 'masters', 'releases'] as const;
export type DataType = (typeof DATA_TYPES)[number];

export const SINKS = ['amqp', 'ndjson', 'null'] as const;
export type SinkName = (typeof SINKS)[number];

export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One setting: where it may stand, what it accepts and what it is when nobody says. */
export interface Setting<T> {
  /** Environment variable; `_FILE` behind it names a file with the value where `secret` is set. */
  readonly env: string;
  /** Key in the TOML file. */
  readonly toml: string;
  /** Command line flag, for messages. */
  readonly flag?: string;
  /** Its value is never shown, and may come from a file. */
  readonly secret?: boolean;
  /** What is accepted, in words. */
  readonly accepts: string;
  readonly schema: z.ZodType<T>;
  /** `undefined` means that there is none. */
  readonly fallback: () => T;
}

const text = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value);

const number = (value: unknown): unknown =>
  typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;

const integer = (least: number, most: number): z.ZodType<number> =>
  z.preprocess(number, z.number().int().min(least).max(most));

const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);
const boolean = z.preprocess((value) => {
  if (typeof value !== 'string') return value;
  const word = value.trim().toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : value;
}, z.boolean());

const words = (value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '')
    : value;

/** An `@` beyond the host is a password whose `/`, `?` or `#` was not percent-encoded. */
const isAmqpUrl = (value: string): boolean => {
  try {
    const { hostname, username, password, pathname, search, hash, searchParams } = new URL(value);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    const isWhole =
      /^amqps?:\/\/[^/]/i.test(value) && hostname !== '' && !/@|%40/.test(hostname + pathname + search + hash);
    return isWhole && /^\d*$/.test(searchParams.get('heartbeat') ?? '');
  } catch {
    return false;
  }
};

const isHttpUrl = (value: string): boolean => {
  try {
    return ['http:', 'https:'].includes(new URL(value).protocol);
  } catch {
    return false;
  }
};

const isCalendarDay = (version: string): boolean => {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(version) ?? [];
  if (!year || !month || !day) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
};

const optionalText = z.preprocess(text, z.string().min(1).optional());
const requiredText = z.preprocess(text, z.string().min(1));
const optional = <T>(schema: z.ZodType<T>): z.ZodType<T | undefined> => schema.optional();

const setting = <T>(definition: Setting<T>): Setting<T> => definition;
const none = (): undefined => undefined;

/**
 * Every setting of the service, with its names, limits and default (DESIGN 7.1). The README's table,
 * `--help` and the error messages are checked against this one.
 */
export const SETTINGS = {
  amqpConnection: setting<string | undefined>({
    env: 'AMQP_CONNECTION',
    toml: 'amqp_connection',
    secret: true,
    accepts: 'an amqp:// or amqps:// URL, such as amqp://user:password@host:5672/vhost',
    schema: z.preprocess(text, z.string().refine(isAmqpUrl).optional()),
    fallback: none,
  }),
  amqpExchange: setting<string>({
    env: 'AMQP_EXCHANGE',
    toml: 'amqp_exchange',
    accepts: 'the name of a topic exchange',
    schema: z.preprocess(text, exchangeName),
    fallback: () => PLATFORM_EXCHANGE,
  }),
  amqpQueues: setting<readonly string[]>({
    env: 'AMQP_QUEUES',
    toml: 'amqp_queues',
    accepts: 'names of queues with {type} in each of them, with commas between',
    schema: z.preprocess(words, queueNames),
    fallback: () => PLATFORM_QUEUES,
  }),
  amqpQueueType: setting<QueueType | undefined>({
    env: 'AMQP_QUEUE_TYPE',
    toml: 'amqp_queue_type',
    accepts: `one of ${QUEUE_TYPES.join(', ')}`,
    schema: z.preprocess(text, z.enum(QUEUE_TYPES)),
    fallback: none,
  }),
  amqpQueueArguments: setting<Readonly<Record<string, string | number | boolean>>>({
    env: 'AMQP_QUEUE_ARGUMENTS',
    toml: 'amqp_queue_arguments',
    accepts: 'a JSON object such as {"x-quorum-initial-group-size": 3}, without x-queue-type',
    schema: queueArguments,
    fallback: () => ({}),
  }),
  discogsRoot: setting<string>({
    env: 'DISCOGS_ROOT',
    toml: 'discogs_root',
    accepts: 'the path of a folder',
    schema: requiredText as z.ZodType<string>,
    fallback: () => '/discogs-data',
  }),
  periodicCheckDays: setting<number>({
    env: 'PERIODIC_CHECK_DAYS',
    toml: 'periodic_check_days',
    accepts: 'a number of days above 0, up to 3650',
    schema: z.preprocess(number, z.number().positive().max(3650)),
    fallback: () => 15,
  }),
  logLevel: setting<LogLevel>({
    env: 'LOG_LEVEL',
    toml: 'log_level',
    accepts: `one of ${LOG_LEVELS.join(', ')}`,
    schema: z.preprocess(
      (value) => (typeof value === 'string' ? value.trim().toUpperCase() : value),
      z.enum(LOG_LEVELS),
    ),
    fallback: () => 'INFO',
  }),
  healthPort: setting<number | 'off'>({
    env: 'HEALTH_PORT',
    toml: 'health_port',
    accepts: 'a TCP port from 1 to 65535, 0 for a free one, or off for no HTTP',
    schema: z.union([z.preprocess(text, z.literal('off')), integer(0, 65_535)]),
    fallback: () => 8000,
  }),
  healthHost: setting<string | undefined>({
    env: 'HEALTH_HOST',
    toml: 'health_host',
    accepts: 'the address that HTTP listens on, such as 127.0.0.1',
    schema: optionalText as z.ZodType<string | undefined>,
    fallback: none,
  }),
  maxWorkers: setting<number>({
    env: 'MAX_WORKERS',
    toml: 'max_workers',
    accepts: 'a whole number from 1 to 256',
    schema: integer(1, 256),
    fallback: () => availableParallelism(),
  }),
  batchSize: setting<number>({
    env: 'BATCH_SIZE',
    toml: 'batch_size',
    accepts: 'a whole number from 1 to 1000000',
    schema: integer(1, 1_000_000),
    fallback: () => 100,
  }),
  queueSize: setting<number>({
    env: 'QUEUE_SIZE',
    toml: 'queue_size',
    accepts: 'a whole number from 1 to 65535',
    schema: integer(1, 65_535),
    fallback: () => 5000,
  }),
  progressLogInterval: setting<number>({
    env: 'PROGRESS_LOG_INTERVAL',
    toml: 'progress_log_interval',
    accepts: 'a whole number of records from 1 to 1000000000',
    schema: integer(1, 1_000_000_000),
    fallback: () => 1000,
  }),
  stallWarningSeconds: setting<number>({
    env: 'STALL_WARNING_SECONDS',
    toml: 'stall_warning_seconds',
    accepts: 'a number of seconds above 0, up to 86400',
    schema: z.preprocess(number, z.number().positive().max(86_400)),
    fallback: () => 120,
  }),
  stateSaveInterval: setting<number>({
    env: 'STATE_SAVE_INTERVAL',
    toml: 'state_save_interval',
    accepts: 'a whole number of records from 1 to 1000000000',
    schema: integer(1, 1_000_000_000),
    fallback: () => 5000,
  }),
  maxMalformedRecords: setting<number>({
    env: 'MAX_MALFORMED_RECORDS',
    toml: 'max_malformed_records',
    accepts: 'a whole number from 0 to 1000000000',
    schema: integer(0, 1_000_000_000),
    fallback: () => 100,
  }),
  minRecordsPercent: setting<number>({
    env: 'MIN_RECORDS_PERCENT',
    toml: 'min_records_percent',
    flag: '--min-records-percent',
    accepts: 'a percentage from 0 to 100; 0 turns the check off',
    schema: z.preprocess(number, z.number().min(0).max(100)),
    fallback: () => 50,
  }),
  forceReprocess: setting<boolean>({
    env: 'FORCE_REPROCESS',
    toml: 'force_reprocess',
    flag: '--force-reprocess',
    accepts: 'true or false',
    schema: boolean as z.ZodType<boolean>,
    fallback: () => false,
  }),
  s3Bucket: setting<string>({
    env: 'S3_BUCKET',
    toml: 's3_bucket',
    accepts: 'the name of a bucket',
    schema: requiredText as z.ZodType<string>,
    fallback: () => 'discogs-data-dumps',
  }),
  s3Region: setting<string>({
    env: 'S3_REGION',
    toml: 's3_region',
    accepts: 'the name of a region',
    schema: requiredText as z.ZodType<string>,
    fallback: () => 'us-west-2',
  }),
  s3Endpoint: setting<string | undefined>({
    env: 'S3_ENDPOINT',
    toml: 's3_endpoint',
    accepts: 'an http:// or https:// URL',
    schema: z.preprocess(text, z.string().refine(isHttpUrl).optional()),
    fallback: none,
  }),
  webUrl: setting<string>({
    env: 'WEB_URL',
    toml: 'web_url',
    accepts: 'the http:// or https:// URL of the listing of dumps',
    schema: z.preprocess(text, z.string().refine(isHttpUrl)),
    fallback: () => 'https://data.discogs.com/',
  }),
  webGapSeconds: setting<number>({
    env: 'WEB_GAP_SECONDS',
    toml: 'web_gap_seconds',
    accepts: 'a number of seconds from 0 to 3600',
    schema: z.preprocess(number, z.number().min(0).max(3600)),
    fallback: () => 5,
  }),
  keepVersions: setting<number | 'all'>({
    env: 'KEEP_VERSIONS',
    toml: 'keep_versions',
    accepts: 'all, or a whole number of versions from 1 to 1000',
    schema: z.union([z.preprocess(text, z.literal('all')), integer(1, 1000)]),
    fallback: () => 'all',
  }),
  dumpSource: setting<string>({
    env: 'DUMP_SOURCE',
    toml: 'dump_source',
    flag: '--source',
    accepts: 'auto, s3, web, or the path of a folder that holds dumps',
    schema: requiredText as z.ZodType<string>,
    fallback: () => 'auto',
  }),
  dumpVersion: setting<string | undefined>({
    env: 'DUMP_VERSION',
    toml: 'dump_version',
    flag: '--dump-version',
    accepts: 'the date of a dump as YYYYMMDD',
    schema: optional(
      z.preprocess(
        (value) => (typeof value === 'number' ? String(value) : text(value)),
        z.string().refine(isCalendarDay),
      ),
    ) as z.ZodType<string | undefined>,
    fallback: none,
  }),
  dataTypes: setting<readonly DataType[]>({
    env: 'DATA_TYPES',
    toml: 'data_types',
    flag: '--types',
    accepts: `one or more of ${DATA_TYPES.join(', ')}, with commas between`,
    schema: z
      .preprocess(words, z.array(z.enum(DATA_TYPES)).min(1))
      .transform((types) => DATA_TYPES.filter((type) => types.includes(type))),
    fallback: () => DATA_TYPES,
  }),
  sink: setting<SinkName>({
    env: 'SINK',
    toml: 'sink',
    flag: '--sink',
    accepts: `one of ${SINKS.join(', ')}`,
    schema: z.preprocess(text, z.enum(SINKS)),
    fallback: () => 'amqp',
  }),
  outputDirectory: setting<string | undefined>({
    env: 'OUTPUT_DIRECTORY',
    toml: 'output_directory',
    flag: '--output',
    accepts: 'the path of a folder',
    schema: optionalText as z.ZodType<string | undefined>,
    fallback: none,
  }),
  triggerToken: setting<string | undefined>({
    env: 'TRIGGER_TOKEN',
    toml: 'trigger_token',
    secret: true,
    accepts: 'a text',
    schema: z.preprocess(text, z.string().min(1).optional()),
    fallback: none,
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** The service's configuration, validated. */
export type Config = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;
};
