import { encodeTable } from '../amqp-table.js';
import type { EncodedProperties, ResolvedProperties } from '../message-properties.js';

/** The flags of the properties (AMQP 0-9-1, 4.2.6.1), in the order in which their values are sent. */
const FLAG = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  correlationId: 0x0400,
  replyTo: 0x0200,
  expiration: 0x0100,
  // The message id (0x0080) comes here.
  timestamp: 0x0040,
  type: 0x0020,
  userId: 0x0010,
  appId: 0x0008,
} as const;

export const MESSAGE_ID_FLAG = 0x0080;

/** Length and bytes of a short string. */
export const shortString = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
};

/** An empty table of headers rather than none, as amqplib sends it: consumers may read it without a check. */
const NO_HEADERS = Buffer.alloc(4);

/** Encodes the properties of messages, all but the message id. */
export const encodeProperties = (properties: ResolvedProperties): EncodedProperties => {
  const { headers, deliveryMode, priority, timestamp } = properties;
  let flags = 0;
  const before: Buffer[] = [];
  const after: Buffer[] = [];
  const add = (list: Buffer[], flag: number, value: Buffer | undefined): void => {
    if (value === undefined) return;
    flags |= flag;
    list.push(value);
  };
  const text = (name: 'contentType' | 'contentEncoding' | 'correlationId' | 'replyTo' | 'expiration'): void =>
    add(before, FLAG[name], optional(properties[name], shortString));
  text('contentType');
  text('contentEncoding');
  const start = before.reduce((sum, { length }) => sum + length, 0);
  const table = headers === undefined ? NO_HEADERS : encodeTable(headers);
  add(before, FLAG.headers, table);
  add(before, FLAG.deliveryMode, Buffer.of(deliveryMode));
  add(
    before,
    FLAG.priority,
    optional(priority, (value) => Buffer.of(value)),
  );
  text('correlationId');
  text('replyTo');
  text('expiration');
  add(after, FLAG.timestamp, optional(timestamp, uint64));
  for (const name of ['type', 'userId', 'appId'] as const) {
    add(after, FLAG[name], optional(properties[name], shortString));
  }
  return {
    flags,
    before: Buffer.concat(before),
    after: Buffer.concat(after),
    headers: { start, end: start + table.length },
  };
};

const optional = <T>(value: T | undefined, encode: (value: T) => Buffer): Buffer | undefined =>
  value === undefined ? undefined : encode(value);

const uint64 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
