import type { OptionChecks } from '@discogs-extractor/internal/option-checks';
import { type AmqpTable, copyTable } from './amqp-table.js';
import type { MessageProperties } from './options.js';
import { isShortString, MAX_SHORT_STRING_BYTES } from './short-string.js';

/** {@link MessageProperties}, checked and copied. */
export interface ResolvedProperties {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly headers?: AmqpTable | undefined;
  readonly deliveryMode: 1 | 2;
  readonly priority?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly expiration?: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp?: number | undefined;
  readonly type?: string | undefined;
  readonly userId?: string | undefined;
  readonly appId?: string | undefined;
  readonly mandatory: boolean;
}

/** Properties as they are sent: the flags, the values before the message id, and those after it. */
export interface EncodedProperties {
  readonly flags: number;
  readonly before: Buffer;
  readonly after: Buffer;
  /** Where the table of headers, which begins with its length, is in `before`. */
  readonly headers: { readonly start: number; readonly end: number };
}

/** What a message has of its own, besides routing key, body and message id. */
export interface OwnProperties {
  /** `undefined` for the publisher's exchange. */
  readonly exchange: string | undefined;
  /** Those of the publisher included. */
  readonly properties: ResolvedProperties;
  readonly encoded: EncodedProperties;
}

const TEXT_PROPERTIES = [
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'type',
  'userId',
  'appId',
] as const;

const MAX_EXPIRATION_MS = 2 ** 32 - 1;
/** Seconds since 1970 up to the year 5138: milliseconds, given by mistake, are more. */
const MAX_TIMESTAMP = 10 ** 11;

/** Checks a short string: a name, a routing key, most properties. */
export const shortString = (checks: OptionChecks, name: string, value: unknown): string =>
  typeof value === 'string' && isShortString(value)
    ? value
    : checks.fail(name, `a string of at most ${MAX_SHORT_STRING_BYTES} bytes`, value);

/** Checks and copies a table of AMQP values: amqplib would fail on others at every attempt to connect. */
export const amqpTable = (checks: OptionChecks, name: string, value: unknown): AmqpTable =>
  copyTable(name, checks.object(name, value as AmqpTable), (path, entry) =>
    checks.fail(path, 'text, a number, a boolean, null, bytes, a Date, or made of these', entry),
  );

const expirationText = (checks: OptionChecks, name: string, value: number | string): string => {
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return `${checks.wholeNumber(name, number, { min: 0, max: MAX_EXPIRATION_MS })}`;
};

const timestampSeconds = (checks: OptionChecks, name: string, value: Date | number): number => {
  const seconds = value instanceof Date ? Math.floor(value.getTime() / 1_000) : value;
  return Number.isSafeInteger(seconds) && seconds >= 0 && seconds < MAX_TIMESTAMP
    ? seconds
    : checks.fail(name, 'a Date, or whole seconds (not milliseconds) since 1970', value);
};

/**
 * Checks the properties of a message, and copies them over defaults.
 * @param path - what their names begin with in errors, such as `properties.`
 */
export const resolveProperties = (
  checks: OptionChecks,
  path: string,
  given: MessageProperties,
  defaults: ResolvedProperties = { deliveryMode: 2, mandatory: true },
): ResolvedProperties => {
  const resolved: { -readonly [Name in keyof ResolvedProperties]: ResolvedProperties[Name] } = { ...defaults };
  for (const name of TEXT_PROPERTIES) {
    if (given[name] !== undefined) resolved[name] = shortString(checks, path + name, given[name]);
  }
  const { headers, deliveryMode, priority, expiration, timestamp, mandatory } = given;
  if (headers !== undefined) resolved.headers = amqpTable(checks, `${path}headers`, headers);
  if (deliveryMode !== undefined) {
    resolved.deliveryMode =
      deliveryMode === 1 || deliveryMode === 2
        ? deliveryMode
        : checks.fail(`${path}deliveryMode`, '1 or 2', deliveryMode);
  }
  if (priority !== undefined) {
    resolved.priority = checks.wholeNumber(`${path}priority`, priority, { min: 0, max: 255 });
  }
  if (expiration !== undefined) resolved.expiration = expirationText(checks, `${path}expiration`, expiration);
  if (timestamp !== undefined) resolved.timestamp = timestampSeconds(checks, `${path}timestamp`, timestamp);
  if (mandatory !== undefined) resolved.mandatory = checks.boolean(`${path}mandatory`, mandatory);
  return resolved;
};
