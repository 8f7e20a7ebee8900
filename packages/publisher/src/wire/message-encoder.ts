import type { ResolvedOptions } from '../resolve-options.js';
import { MAX_SHORT_STRING_BYTES } from '../short-string.js';
import type { OutboxEntry } from '../window/outbox.js';

/** Frame types, ids and flags of AMQP 0-9-1 (its specification, 2.3 and 4.2). */
const METHOD_FRAME = 1;
const HEADER_FRAME = 2;
const BODY_FRAME = 3;
const FRAME_END = 0xce;
const BASIC = 60;
const BASIC_PUBLISH = 40;
const MANDATORY = 1;
const FLAG = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  messageId: 0x0080,
  type: 0x0020,
  appId: 0x0008,
} as const;

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
  /** Without `headers`: this encoder cannot encode tables. */
  readonly properties: ResolvedOptions['properties'];
}

const shortString = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
};

const uint16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);

/**
 * Writes messages as AMQP frames: publish method, content header, bodies. What is the same for every message of a
 * publisher is encoded only once.
 */
export class MessageEncoder {
  /** Bytes of the longest possible method and header frames of this publisher. */
  readonly maxHeadBytes: number;
  /** Bytes of a body that one frame can carry. */
  readonly maxPayloadBytes: number;
  readonly #settings: EncoderSettings;
  readonly #flags: number;
  /** The encoded properties before the message id, and those after it. */
  readonly #propertiesBefore: Buffer;
  readonly #propertiesAfter: Buffer;
  /** The method frame for the routing key of the last message: consecutive messages mostly share it. */
  #methodFrame: Buffer = Buffer.alloc(0);
  #methodRoutingKey: string | undefined;

  constructor(settings: EncoderSettings) {
    this.#settings = settings;
    const { contentType, contentEncoding, deliveryMode, type, appId } = settings.properties;
    let flags: number = FLAG.headers | FLAG.deliveryMode;
    const before: Buffer[] = [];
    const after: Buffer[] = [];
    const add = (list: Buffer[], flag: number, text: string | undefined): void => {
      if (text === undefined) return;
      flags |= flag;
      list.push(shortString(text));
    };
    add(before, FLAG.contentType, contentType);
    add(before, FLAG.contentEncoding, contentEncoding);
    // An empty table of headers rather than none, as amqplib sends it: consumers may read it without a check.
    before.push(Buffer.alloc(4), Buffer.of(deliveryMode));
    add(after, FLAG.type, type);
    add(after, FLAG.appId, appId);
    this.#flags = flags;
    this.#propertiesBefore = Buffer.concat(before);
    this.#propertiesAfter = Buffer.concat(after);
    this.maxPayloadBytes = settings.frameMax - FRAME_OVERHEAD_BYTES;
    const fixed = 2 * FRAME_OVERHEAD_BYTES + 7 + 14;
    this.maxHeadBytes =
      fixed + 3 * MAX_ENCODED_SHORT_STRING_BYTES + this.#propertiesBefore.length + this.#propertiesAfter.length;
  }

  /** Writes the method and header frames, at most `maxHeadBytes` bytes, and returns the offset after them. */
  writeHead(target: Buffer, start: number, { routingKey, messageId, body }: OutboxEntry): number {
    if (routingKey !== this.#methodRoutingKey) {
      this.#methodFrame = this.#encodeMethodFrame(routingKey);
      this.#methodRoutingKey = routingKey;
    }
    let at = start + this.#methodFrame.copy(target, start);
    const headerStart = at;
    at = target.writeUInt16BE(BASIC, at + FRAME_HEADER_BYTES);
    at = target.writeUInt16BE(0, at);
    at = target.writeUInt32BE(Math.floor(body.length / 2 ** 32), at);
    at = target.writeUInt32BE(body.length % 2 ** 32, at);
    at = target.writeUInt16BE(messageId === undefined ? this.#flags : this.#flags | FLAG.messageId, at);
    at += this.#propertiesBefore.copy(target, at);
    if (messageId !== undefined) {
      const length = target.write(messageId, at + 1);
      target[at] = length;
      at += 1 + length;
    }
    at += this.#propertiesAfter.copy(target, at);
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

  #encodeMethodFrame(routingKey: string): Buffer {
    const { exchange, properties } = this.#settings;
    const payload = Buffer.concat([
      uint16(BASIC),
      uint16(BASIC_PUBLISH),
      uint16(0), // reserved
      shortString(exchange),
      shortString(routingKey),
      Buffer.of(properties.mandatory ? MANDATORY : 0),
    ]);
    const frame = Buffer.alloc(FRAME_OVERHEAD_BYTES + payload.length, FRAME_END);
    this.#writeFrameHeader(frame, 0, METHOD_FRAME, payload.length);
    payload.copy(frame, FRAME_HEADER_BYTES);
    return frame;
  }
}
