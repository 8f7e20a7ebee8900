import { AmqpUrlError, parseAmqpUrls } from '@discogs-extractor/internal/amqp-url';
import * as z from 'zod';
import { commaSeparated, trimmed } from './value-schemas.js';

export const QUEUE_TYPES = ['classic', 'quorum', 'stream'] as const;
export type QueueType = (typeof QUEUE_TYPES)[number];

/** AMQP's limit for names, in bytes. */
export const MAX_NAME_BYTES = 255;

const isShort = (name: string): boolean => Buffer.byteLength(name) <= MAX_NAME_BYTES;

/** Splits a text at the commas before a scheme; a password or a virtual host may contain others. */
const separatedUrls = (value: unknown): unknown =>
  typeof value === 'string' ? value.trim().split(/\s*,\s*(?=[a-z][a-z0-9+.-]*:\/\/|$)/i) : value;

/** The problem says what is wrong with a URL, without showing it. */
export const amqpUrls: z.ZodType<readonly string[] | undefined> = z.preprocess(
  separatedUrls,
  z
    .array(z.string())
    .superRefine((urls, context) => {
      try {
        if (urls.some((url) => /^\s*amqps?:\/\/([/?#]|$)/i.test(url))) {
          throw new AmqpUrlError('The broker URL has no host');
        }
        parseAmqpUrls(urls);
      } catch (error) {
        if (!(error instanceof AmqpUrlError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
      }
    })
    .optional(),
);

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

/** Names of queues; `none`, or an empty list in TOML, for none. */
export const optionalQueueNames: z.ZodType<readonly string[]> = z.union([
  z.preprocess(
    (value) => (Array.isArray(value) ? value : trimmed(value) === 'none' ? [] : undefined),
    z.array(z.never()).length(0),
  ),
  queueNames,
]);

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
