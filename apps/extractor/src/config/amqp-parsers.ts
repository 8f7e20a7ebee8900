import { INVALID, listOf, type ParseValue, textIf } from './value-parsers.js';

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

export const amqpUrl: ParseValue<string> = textIf(isAmqpUrl);

/** Not empty: the default exchange, whose name is empty, accepts no bindings. */
export const exchangeName: ParseValue<string> = textIf((name) => name !== '' && isShort(name));

/** Without the data type in its name, one queue would receive the records of all four types, mixed. */
const queueName: ParseValue<string> = (name) =>
  typeof name === 'string' && name.includes('{type}') && isShort(name.replaceAll('{type}', 'releases'))
    ? name
    : INVALID;

const names = listOf(queueName);

export const queueNames: ParseValue<readonly string[]> = (value) => {
  const parsed = names(value);
  return parsed !== INVALID && new Set(parsed).size === parsed.length ? parsed : INVALID;
};

const parsedJson = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

type QueueArgument = string | number | boolean;

const isQueueArgument = (value: unknown): value is QueueArgument =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));

/** JSON in the environment, a table in TOML. */
export const queueArguments: ParseValue<Readonly<Record<string, QueueArgument>>> = (value) => {
  const parsed = parsedJson(value);
  // A date of TOML is an object, but not a table.
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || parsed instanceof Date) return INVALID;
  const isValid = Object.entries(parsed).every(
    ([name, argument]) => name !== '' && name !== 'x-queue-type' && isQueueArgument(argument),
  );
  return isValid ? (parsed as Readonly<Record<string, QueueArgument>>) : INVALID;
};
