import { z } from 'zod';
import { commaSeparated, trimmed } from './value-schemas.js';

export const QUEUE_TYPES = ['classic', 'quorum', 'stream'] as const;
export type QueueType = (typeof QUEUE_TYPES)[number];

/** AMQP's limit for names, in bytes. */
const MAX_NAME_BYTES = 255;

const isShort = (name: string): boolean => Buffer.byteLength(name) <= MAX_NAME_BYTES;

/** An `@` past the host means that the password holds a `/`, `?` or `#` that is not percent-encoded. */
const isAmqpUrl = (value: string): boolean => {
  try {
    const { hostname, username, password, pathname, search, hash, searchParams } = new URL(value);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    const isComplete =
      /^amqps?:\/\/[^/]/i.test(value) && hostname !== '' && !/@|%40/.test(hostname + pathname + search + hash);
    return isComplete && /^\d*$/.test(searchParams.get('heartbeat') ?? '');
  } catch {
    return false;
  }
};

export const amqpUrl: z.ZodType<string | undefined> = z.preprocess(trimmed, z.string().refine(isAmqpUrl).optional());

/** Not empty: the default exchange, whose name is empty, accepts no bindings. */
export const exchangeName: z.ZodType<string> = z.preprocess(trimmed, z.string().min(1).refine(isShort));

/** Without the data type in its name, one queue would receive the records of all four types, mixed. */
export const queueNames: z.ZodType<readonly string[]> = z.preprocess(
  commaSeparated,
  z
    .array(z.string().refine((name) => name.includes('{type}') && isShort(name.replaceAll('{type}', 'releases'))))
    .min(1)
    .refine((names) => new Set(names).size === names.length),
);

const parsedJson = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

/** JSON in the environment, a table in TOML. */
export const queueArguments: z.ZodType<Readonly<Record<string, string | number | boolean>>> = z.preprocess(
  parsedJson,
  z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .refine((args) => !('x-queue-type' in args)),
);
