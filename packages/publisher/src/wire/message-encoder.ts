import type { EncodedProperties, OwnProperties, ResolvedProperties } from '../message-properties.js';
import { MAX_SHORT_STRING_BYTES } from '../short-string.js';
import type { OutboxEntry } from '../window/outbox.js';
import { encodeProperties, MESSAGE_ID_FLAG, shortString } from './properties-encoder.js';

/** Frame types, ids and flags of AMQP 0-9-1 (its specification, 2.3 and 4.2). */
const METHOD_FRAME = 1;
const HEADER_FRAME = 2;
const BODY_FRAME = 3;
const FRAME_END = 0xce;
const BASIC = 60;
const BASIC_PUBLISH = 40;
const MANDATORY = 1;
/** Type, channel and size come before a frame's payload. */
const FRAME_HEADER_BYTES = 7;
/** A frame without its payload: the header, and one byte that marks the end. */
export const FRAME_OVERHEAD_BYTES = FRAME_HEADER_BYTES + 1;

/** A short string has one byte for its length. */
const MAX_ENCODED_SHORT_STRING_BYTES = MAX_SHORT_STRING_BYTES + 1;

export interface EncoderSettings {
  readonly channel: number;
  /** The largest frame that client and broker agreed on, in bytes. */
  readonly frameMax: number;
  readonly exchange: string;
  readonly properties: ResolvedProperties;
  /** A header that holds the partition key of each message that has one; `undefined` if there is none. */
  readonly partitionHeader: string | undefined;
}

const uint16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);

/** Of the method and header frames, without names and properties. */
const FIXED_HEAD_BYTES = 2 * FRAME_OVERHEAD_BYTES + 7 + 14;

/**
 * Writes messages as AMQP frames: publish method, content header, bodies. What is the same for every message of a
 * publisher is encoded only once.
 */
export class MessageEncoder {
  /** Bytes of a body that one frame can carry. */
  readonly maxPayloadBytes: number;
  readonly #settings: EncoderSettings;
  readonly #properties: EncodedProperties;
  /** The header's name, and the type of its value. */
  readonly #partitionField: Buffer | undefined;
  /** Bytes of the longest possible method and header frames of messages without own properties. */
  readonly #maxHeadBytes: number;
  /** The method frame for the routing key of the last message: consecutive messages mostly share it. */
  #methodFrame: Buffer = Buffer.alloc(0);
  #methodRoutingKey: string | undefined;
  /** The same for messages with own properties. */
  #ownMethodFrame: Buffer = Buffer.alloc(0);
  #ownMethodOf: { readonly exchange: string; readonly routingKey: string; readonly mandatory: boolean } | undefined;

  constructor(settings: EncoderSettings) {
    this.#settings = settings;
    this.#properties = encodeProperties(settings.properties);
    this.maxPayloadBytes = settings.frameMax - FRAME_OVERHEAD_BYTES;
    const { partitionHeader } = settings;
    this.#partitionField =
      partitionHeader === undefined ? undefined : Buffer.concat([shortString(partitionHeader), Buffer.from('S')]);
    this.#maxHeadBytes = this.#maxHeadBytesWith(this.#properties);
  }

  /** The most bytes that {@link MessageEncoder.writeHead} writes for a message. */
  maxHeadBytes({ own }: OutboxEntry): number {
    return own === undefined ? this.#maxHeadBytes : this.#maxHeadBytesWith(own.encoded);
  }

  /** Writes the method and header frames, and returns the offset after them. */
  writeHead(target: Buffer, start: number, { routingKey, messageId, body, own, partitionKey }: OutboxEntry): number {
    const encoded = own === undefined ? this.#properties : own.encoded;
    const { flags, before, after } = encoded;
    let at = start;
    if (own === undefined) {
      if (routingKey !== this.#methodRoutingKey) {
        const { exchange, properties } = this.#settings;
        this.#methodFrame = this.#encodeMethodFrame(exchange, routingKey, properties.mandatory);
        this.#methodRoutingKey = routingKey;
      }
      at += this.#methodFrame.copy(target, at);
    } else {
      at += this.#ownMethod(own, routingKey).copy(target, at);
    }
    const headerStart = at;
    at = target.writeUInt16BE(BASIC, at + FRAME_HEADER_BYTES);
    at = target.writeUInt16BE(0, at);
    at = target.writeUInt32BE(Math.floor(body.length / 2 ** 32), at);
    at = target.writeUInt32BE(body.length % 2 ** 32, at);
    at = target.writeUInt16BE(messageId === undefined ? flags : flags | MESSAGE_ID_FLAG, at);
    const field = this.#partitionField;
    if (field === undefined || partitionKey === undefined) at += before.copy(target, at);
    else at = writeWithField(target, at, encoded, field, partitionKey);
    if (messageId !== undefined) {
      const length = target.write(messageId, at + 1);
      target[at] = length;
      at += 1 + length;
    }
    at += after.copy(target, at);
    this.#writeFrameHeader(target, headerStart, HEADER_FRAME, at - headerStart - FRAME_HEADER_BYTES);
    target[at] = FRAME_END;
    return at + 1;
  }

  /** Writes the start of a frame for `size` bytes of a body, and returns the offset after it. */
  writeBodyStart(target: Buffer, start: number, size: number): number {
    this.#writeFrameHeader(target, start, BODY_FRAME, size);
    return start + FRAME_HEADER_BYTES;
  }

  /** Writes the end of such a frame, and returns the offset after it. */
  writeBodyEnd(target: Buffer, start: number): number {
    target[start] = FRAME_END;
    return start + 1;
  }

  #writeFrameHeader(target: Buffer, at: number, type: number, size: number): void {
    target[at] = type;
    target.writeUInt16BE(this.#settings.channel, at + 1);
    target.writeUInt32BE(size, at + 3);
  }

  #ownMethod(
    { exchange = this.#settings.exchange, properties: { mandatory } }: OwnProperties,
    routingKey: string,
  ): Buffer {
    const last = this.#ownMethodOf;
    if (last?.exchange !== exchange || last.routingKey !== routingKey || last.mandatory !== mandatory) {
      this.#ownMethodFrame = this.#encodeMethodFrame(exchange, routingKey, mandatory);
      this.#ownMethodOf = { exchange, routingKey, mandatory };
    }
    return this.#ownMethodFrame;
  }

  #maxHeadBytesWith({ before, after }: EncodedProperties): number {
    const fieldBytes = this.#partitionField === undefined ? 0 : this.#partitionField.length + MAX_FIELD_VALUE_BYTES;
    return FIXED_HEAD_BYTES + 3 * MAX_ENCODED_SHORT_STRING_BYTES + before.length + after.length + fieldBytes;
  }

  #encodeMethodFrame(exchange: string, routingKey: string, mandatory: boolean): Buffer {
    const payload = Buffer.concat([
      uint16(BASIC),
      uint16(BASIC_PUBLISH),
      uint16(0), // reserved
      shortString(exchange),
      shortString(routingKey),
      Buffer.of(mandatory ? MANDATORY : 0),
    ]);
    const frame = Buffer.alloc(FRAME_OVERHEAD_BYTES + payload.length, FRAME_END);
    this.#writeFrameHeader(frame, 0, METHOD_FRAME, payload.length);
    payload.copy(frame, FRAME_HEADER_BYTES);
    return frame;
  }
}

/** A partition key, and its length. */
const MAX_FIELD_VALUE_BYTES = 4 + MAX_SHORT_STRING_BYTES;

/** Writes the properties before the message id, with one more header, and returns the offset after them. */
const writeWithField = (
  target: Buffer,
  start: number,
  { before, headers }: EncodedProperties,
  field: Buffer,
  value: string,
): number => {
  let at = start + before.copy(target, start, 0, headers.end);
  at += field.copy(target, at);
  const length = target.write(value, at + 4);
  at = target.writeUInt32BE(length, at) + length;
  const tableStart = start + headers.start;
  target.writeUInt32BE(at - tableStart - 4, tableStart);
  return at + before.copy(target, at, headers.end);
};
