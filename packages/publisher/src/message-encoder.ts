import type { ResolvedOptions } from './options.js';
import type { Entry } from './outbox.js';

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

/** Type, channel and size before a frame's payload, its end behind it. */
const FRAME_HEADER_BYTES = 7;
export const FRAME_BYTES = FRAME_HEADER_BYTES + 1;

const LONGEST_SHORT_STRING = 256;

export interface EncoderSettings {
  readonly channel: number;
  /** The largest frame that was agreed on, in bytes. */
  readonly frameMax: number;
  readonly exchange: string;
  /** Those with `headers` are not for this encoder: their tables are left to amqplib. */
  readonly properties: ResolvedOptions['properties'];
}

const shortString = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
};

const uint16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);

/**
 * Writes messages as the frames that AMQP wants: publish method, content header, bodies. All that is the same for each message of a
 * publisher is encoded once.
 */
export class MessageEncoder {
  /** Bytes of the longest method and header frames of this publisher. */
  readonly longestHead: number;
  /** Bytes of a body that one frame carries. */
  readonly bodyMax: number;
  readonly #settings: EncoderSettings;
  readonly #flags: number;
  readonly #before: Buffer;
  readonly #after: Buffer;
  #key: string | undefined;
  #method: Buffer = Buffer.alloc(0);

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
    // An empty table rather than none, as amqplib has it: consumers may look into it unasked.
    before.push(Buffer.alloc(4), Buffer.of(deliveryMode));
    add(after, FLAG.type, type);
    add(after, FLAG.appId, appId);
    this.#flags = flags;
    this.#before = Buffer.concat(before);
    this.#after = Buffer.concat(after);
    this.bodyMax = settings.frameMax - FRAME_BYTES;
    const fixed = 2 * FRAME_BYTES + 7 + 14;
    this.longestHead = fixed + 3 * LONGEST_SHORT_STRING + this.#before.length + this.#after.length;
  }

  /** Writes method and header frame, at most `longestHead` bytes, and answers where they end. */
  head(target: Buffer, start: number, { routingKey, messageId, body }: Entry): number {
    if (routingKey !== this.#key) {
      this.#method = this.#encodeMethod(routingKey);
      this.#key = routingKey;
    }
    let at = start + this.#method.copy(target, start);
    const header = at;
    at = target.writeUInt16BE(BASIC, at + FRAME_HEADER_BYTES);
    at = target.writeUInt16BE(0, at);
    at = target.writeUInt32BE(Math.floor(body.length / 2 ** 32), at);
    at = target.writeUInt32BE(body.length % 2 ** 32, at);
    at = target.writeUInt16BE(messageId === undefined ? this.#flags : this.#flags | FLAG.messageId, at);
    at += this.#before.copy(target, at);
    if (messageId !== undefined) {
      const length = target.write(messageId, at + 1);
      target[at] = length;
      at += 1 + length;
    }
    at += this.#after.copy(target, at);
    this.#frame(target, header, HEADER_FRAME, at - header - FRAME_HEADER_BYTES);
    target[at] = FRAME_END;
    return at + 1;
  }

  /** Writes what comes before `size` bytes of a body, and answers where it ends. */
  bodyStart(target: Buffer, start: number, size: number): number {
    this.#frame(target, start, BODY_FRAME, size);
    return start + FRAME_HEADER_BYTES;
  }

  /** Writes what comes behind them. */
  bodyEnd(target: Buffer, start: number): number {
    target[start] = FRAME_END;
    return start + 1;
  }

  #frame(target: Buffer, at: number, type: number, size: number): void {
    target[at] = type;
    target.writeUInt16BE(this.#settings.channel, at + 1);
    target.writeUInt32BE(size, at + 3);
  }

  #encodeMethod(routingKey: string): Buffer {
    const { exchange, properties } = this.#settings;
    const payload = Buffer.concat([
      uint16(BASIC),
      uint16(BASIC_PUBLISH),
      // Reserved.
      uint16(0),
      shortString(exchange),
      shortString(routingKey),
      Buffer.of(properties.mandatory ? MANDATORY : 0),
    ]);
    const frame = Buffer.alloc(FRAME_BYTES + payload.length, FRAME_END);
    this.#frame(frame, 0, METHOD_FRAME, payload.length);
    payload.copy(frame, FRAME_HEADER_BYTES);
    return frame;
  }
}
