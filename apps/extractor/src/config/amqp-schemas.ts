import { z } from 'zod';

export const QUEUE_TYPES = ['classic', 'quorum', 'stream'] as const;
export type QueueType = (typeof QUEUE_TYPES)[number];

/** AMQP's short strings. */
const isShort = (name: string): boolean => Buffer.byteLength(name) <= 255;

/** The default exchange, whose name is empty, takes no bindings. */
export const exchangeName = z.string().min(1).refine(isShort);

/** Without the data type in its name, one queue would get the records of all four, and the order of none. */
export const queueNames = z
  .array(z.string().refine((name) => name.includes('{type}') && isShort(name.replaceAll('{type}', 'releases'))))
  .min(1)
  .refine((names) => new Set(names).size === names.length);

const json = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

/** JSON from the environment, a table from TOML. */
export const queueArguments = z.preprocess(
  json,
  z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .refine((args) => !('x-queue-type' in args)),
);
