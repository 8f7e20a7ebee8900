import { createHash } from 'node:crypto';
import { until } from '@discogs-extractor/test-broker';
import { type Channel, type ConsumeMessage, connect } from 'amqplib';
import type { DataType } from '../../src/config/data-type.js';

/** A consumer of one data type, as docs/wire-contract.md describes those of the fanout contract. */
export interface PlatformConsumer extends AsyncDisposable {
  readonly queue: string;
  /** How often each record came, by message id. */
  readonly records: ReadonlyMap<string, number>;
  /** The other messages, in order. */
  readonly ends: readonly Record<string, unknown>[];
  /** The first message as it came. */
  readonly first: ConsumeMessage | undefined;
  /** Messages in its queue for dead letters. */
  deadLetters(): Promise<number>;
}

export interface PlatformConsumerOptions {
  readonly url: string;
  /** Such as `tableinator`. */
  readonly name: string;
  readonly dataType: DataType;
  /** @default 'discogsography-discogs' */
  readonly prefix?: string | undefined;
}

/** The names of a consumer's queue, and of what takes its dead letters. */
export const namesOf = ({
  name,
  dataType,
  prefix = 'discogsography-discogs',
}: Omit<PlatformConsumerOptions, 'url'>) => {
  const queue = `${prefix}-${name}-${dataType}`;
  return { exchange: `${prefix}-${dataType}`, queue, dlx: `${queue}.dlx`, dlq: `${queue}.dlq` };
};

/** Declares what such a consumer declares when it starts. */
const declare = async (channel: Channel, options: PlatformConsumerOptions): Promise<void> => {
  const { exchange, queue, dlx, dlq } = namesOf(options);
  await channel.assertExchange(exchange, 'fanout', { durable: true, autoDelete: false });
  await channel.assertExchange(dlx, 'fanout', { durable: true, autoDelete: false });
  await channel.assertQueue(dlq, { durable: true, arguments: { 'x-queue-type': 'classic' } });
  await channel.bindQueue(dlq, dlx, '');
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': dlx, 'x-delivery-limit': 20 },
  });
  await channel.bindQueue(queue, exchange, '');
};

/** Starts one: declares its side, then takes every message. What it cannot read is rejected, to its dead letters. */
export const startPlatformConsumer = async (options: PlatformConsumerOptions): Promise<PlatformConsumer> => {
  const connection = await connect(options.url);
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  await declare(channel, options);
  const records = new Map<string, number>();
  const ends: Record<string, unknown>[] = [];
  let first: ConsumeMessage | undefined;
  const { queue, dlq } = namesOf(options);
  await channel.prefetch(200);
  await channel.consume(queue, (message) => {
    if (!message) return;
    first ??= message;
    const body = readBody(message.content);
    if (body === undefined) return channel.nack(message, false, false);
    if (body['type'] === 'data') {
      const key = `${body['id']} ${body['sha256']}`;
      records.set(key, (records.get(key) ?? 0) + 1);
    } else ends.push(body);
    channel.ack(message);
  });
  return {
    queue,
    records,
    ends,
    get first() {
      return first;
    },
    deadLetters: async () => (await channel.checkQueue(dlq)).messageCount,
    [Symbol.asyncDispose]: async () => {
      await connection.close().catch(() => {});
    },
  };
};

/** The body of a message, if the platform's consumers can use it. */
const readBody = (content: Buffer): Record<string, unknown> | undefined => {
  try {
    const body = JSON.parse(content.toString()) as Record<string, unknown>;
    const { type, sha256, ...record } = body;
    if (type === 'file_complete') return Number.isInteger(body['total_processed']) ? body : undefined;
    if (type === 'extraction_complete') return body;
    const isRecord = type === 'data' && typeof body['id'] === 'string' && sha256 === hashOf(record);
    return isRecord ? body : undefined;
  } catch {
    return undefined;
  }
};

const hashOf = (record: object): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(record)))
    .digest('hex');

/** With the keys in the order of their UTF-8 bytes, at every level. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
};

/** Waits until a consumer has the records and the ends of a file. */
export const untilDelivered = (consumer: PlatformConsumer, records: number): Promise<unknown> =>
  until(
    () => ({ records: consumer.records.size, ends: consumer.ends.length }),
    (got) => got.records === records && got.ends > 0,
  );
