import { isShortString } from './short-string.js';

/** A table of AMQP values that was checked and copied: no `undefined`, and `Date`s as typed values. */
export type AmqpTable = Readonly<Record<string, unknown>>;

/** A value with an explicit type, as amqplib writes it. */
interface TypedValue {
  readonly '!': string;
  readonly value: unknown;
}

/** How a typed value is sent: its tag (https://www.rabbitmq.com/amqp-0-9-1-errata, field types), and its bytes. */
interface FieldType {
  readonly tag: string;
  readonly isValid: (value: unknown) => boolean;
  readonly write: (value: never) => Buffer;
}

const wholeNumber =
  (min: number, max: number) =>
  (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

const fixed =
  <T>(bytes: number, write: (target: Buffer, value: T) => void) =>
  (value: T): Buffer => {
    const target = Buffer.allocUnsafe(bytes);
    write(target, value);
    return target;
  };

const int8: FieldType = {
  tag: 'b',
  isValid: wholeNumber(-128, 127),
  write: fixed<number>(1, (target, value) => target.writeInt8(value)),
};
const int16: FieldType = {
  tag: 's',
  isValid: wholeNumber(-(2 ** 15), 2 ** 15 - 1),
  write: fixed<number>(2, (target, value) => target.writeInt16BE(value)),
};
const int32: FieldType = {
  tag: 'I',
  isValid: wholeNumber(-(2 ** 31), 2 ** 31 - 1),
  write: fixed<number>(4, (target, value) => target.writeInt32BE(value)),
};
const int64: FieldType = {
  tag: 'l',
  isValid: (value) =>
    typeof value === 'bigint'
      ? BigInt.asIntN(64, value) === value
      : Number.isInteger(value) && Math.abs(value as number) < 2 ** 63,
  write: fixed<number | bigint>(8, (target, value) => target.writeBigInt64BE(BigInt(value))),
};
const float32: FieldType = {
  tag: 'f',
  isValid: (value) => typeof value === 'number',
  write: fixed<number>(4, (target, value) => target.writeFloatBE(value)),
};
const float64: FieldType = {
  tag: 'd',
  isValid: (value) => typeof value === 'number',
  write: fixed<number>(8, (target, value) => target.writeDoubleBE(value)),
};
const timestamp: FieldType = {
  tag: 'T',
  isValid: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  write: fixed<number>(8, (target, value) => target.writeBigUInt64BE(BigInt(value))),
};

/** The names of amqplib. Its unsigned types are left out: RabbitMQ does not take them in tables of messages. */
const FIELD_TYPES: Readonly<Record<string, FieldType>> = {
  ...{ byte: int8, int8, short: int16, int16, int: int32, int32, long: int64, int64 },
  ...{ float: float32, float32, double: float64, float64, timestamp },
};

const MAX_DEPTH = 32;

const isTyped = (value: object): value is TypedValue => Object.hasOwn(value, '!');

/** Calls `fail` with the path of a value that AMQP cannot carry. */
type Fail = (path: string, value: unknown) => never;

const copyValue = (path: string, value: unknown, fail: Fail, depth: number): unknown => {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return int64.isValid(value) ? { '!': 'int64', value } : fail(path, value);
    case 'object':
      break;
    default:
      return fail(path, value);
  }
  if (value === null) return null;
  if (value instanceof Date) {
    const seconds = Math.floor(value.getTime() / 1_000);
    return timestamp.isValid(seconds) ? { '!': 'timestamp', value: seconds } : fail(path, value);
  }
  if (value instanceof Uint8Array) return Buffer.from(value);
  // A table that contains itself would never end.
  if (depth >= MAX_DEPTH) return fail(path, value);
  if (Array.isArray(value)) return value.map((each, at) => copyValue(`${path}[${at}]`, each, fail, depth + 1));
  if (!isTyped(value)) return copyTable(path, value as AmqpTable, fail, depth + 1);
  const type = Object.hasOwn(FIELD_TYPES, value['!']) ? FIELD_TYPES[value['!']] : undefined;
  return type?.isValid(value.value) ? { '!': value['!'], value: value.value } : fail(path, value);
};

/** Checks and copies a table; `undefined` counts as absent. */
export const copyTable = (path: string, table: AmqpTable, fail: Fail, depth = 0): AmqpTable => {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    if (!isShortString(key)) fail(`${path}.${key.slice(0, 20)}…`, value);
    if (value !== undefined) copy[key] = copyValue(`${path}.${key}`, value, fail, depth);
  }
  return copy;
};

const uint32 = fixed<number>(4, (target, value) => target.writeUInt32BE(value));

/** The bytes that follow a length. */
const counted = (bytes: Buffer): Buffer => Buffer.concat([uint32(bytes.length), bytes]);

const tagged = (tag: string, bytes: Buffer): Buffer => Buffer.concat([Buffer.from(tag), bytes]);

const encodeValue = (value: unknown): Buffer => {
  if (typeof value === 'string') return tagged('S', counted(Buffer.from(value)));
  if (typeof value === 'boolean') return tagged('t', Buffer.of(value ? 1 : 0));
  if (typeof value === 'number') {
    // The smallest type that holds it, as amqplib chooses it.
    const { tag, write } = [int8, int16, int32, int64].find(({ isValid }) => isValid(value)) ?? float64;
    return tagged(tag, write(value as never));
  }
  if (value === null) return Buffer.from('V');
  if (Buffer.isBuffer(value)) return tagged('x', counted(value));
  if (Array.isArray(value)) return tagged('A', counted(Buffer.concat(value.map(encodeValue))));
  if (!isTyped(value as object)) return tagged('F', encodeTable(value as AmqpTable));
  const { '!': type, value: content } = value as TypedValue;
  const { tag, write } = FIELD_TYPES[type] as FieldType;
  return tagged(tag, write(content as never));
};

/** The bytes of a table that {@link copyTable} returned, its length first. */
export const encodeTable = (table: AmqpTable): Buffer =>
  counted(
    Buffer.concat(
      Object.entries(table).flatMap(([key, value]) => {
        const name = Buffer.from(key);
        return [Buffer.of(name.length), name, encodeValue(value)];
      }),
    ),
  );
