import type { Writable } from 'node:stream';
import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';
import { FRAME_BYTES, MessageEncoder } from './message-encoder.js';
import type { ResolvedOptions } from './options.js';
import type { Entry } from './outbox.js';

/** Puts messages on the wire. */
export interface MessageSender {
  /** Sends a message. `false`: it is taken, but wait for room. Throws where the connection is closed. */
  send(entry: Entry): boolean;
  /** Hands over what is not with the socket yet. */
  flush(): void;
}

/** Messages are gathered in pieces of memory of this size, which are used again once they are written. */
const SLAB_BYTES = 64 * 1024;
/** Longer bodies are not copied into a slab. */
const LONGEST_COPY = 16 * 1024;
/** So much may wait for the socket; the messages behind wait in the outbox. */
const MOST_WAITING_BYTES = 256 * 1024;
const MOST_FREE_SLABS = 2 * (MOST_WAITING_BYTES / SLAB_BYTES);

/** What is used of amqplib's connection beyond its public interface. */
interface Internals {
  readonly stream: Writable;
  readonly channel: number;
  readonly frameMax: number;
}

const internalsOf = (model: ChannelModel, channel: ConfirmChannel): Internals | undefined => {
  const { stream, frameMax } = model.connection as unknown as { stream?: Writable; frameMax?: unknown };
  const { ch } = channel as unknown as { ch?: unknown };
  const known = typeof stream?.write === 'function' && typeof frameMax === 'number' && typeof ch === 'number';
  return known && frameMax > FRAME_BYTES ? { stream, frameMax, channel: ch } : undefined;
};

/**
 * Messages go to the socket in large pieces, of frames that are encoded here: amqplib allocates memory for each body and writes each
 * message by itself, which costs more than all else that a client does. It still does that where headers are wanted, whose encoding
 * is intricate, and where its connection does not look as this expects it to.
 */
export const createSender = (
  model: ChannelModel,
  channel: ConfirmChannel,
  options: Pick<ResolvedOptions, 'exchange' | 'properties'>,
  onRoom: () => void,
): MessageSender => {
  const internals = internalsOf(model, channel);
  if (internals && options.properties.headers === undefined) return new SlabSender(internals, options, onRoom);
  channel.on('drain', onRoom);
  const properties = { ...options.properties, messageId: undefined as string | undefined };
  return {
    send: ({ routingKey, messageId, body }) => {
      // amqplib reads the properties within the call, so one object serves all messages.
      properties.messageId = messageId;
      return channel.publish(options.exchange.name, routingKey, body, properties as Options.Publish);
    },
    flush: () => {},
  };
};

class SlabSender implements MessageSender {
  readonly #stream: Writable;
  readonly #encoder: MessageEncoder;
  readonly #onRoom: () => void;
  readonly #free: Buffer[] = [];
  #slab: Buffer | undefined;
  #used = 0;
  #waiting = 0;
  #full = false;
  #scheduled = false;

  constructor(
    { stream, channel, frameMax }: Internals,
    { exchange, properties }: Pick<ResolvedOptions, 'exchange' | 'properties'>,
    onRoom: () => void,
  ) {
    this.#stream = stream;
    this.#encoder = new MessageEncoder({ channel, frameMax, exchange: exchange.name, properties });
    this.#onRoom = onRoom;
  }

  send(entry: Entry): boolean {
    if (!this.#stream.writable) throw new Error('the connection is closed');
    const { body } = entry;
    const encoder = this.#encoder;
    const frames = Math.ceil(body.length / encoder.bodyMax);
    const copied = body.length <= LONGEST_COPY;
    let slab = this.#room(encoder.longestHead + (copied ? body.length + frames * FRAME_BYTES : 0));
    this.#used = encoder.head(slab, this.#used, entry);
    for (let offset = 0; offset < body.length; offset += encoder.bodyMax) {
      const end = Math.min(body.length, offset + encoder.bodyMax);
      if (!copied) slab = this.#room(FRAME_BYTES);
      this.#used = encoder.bodyStart(slab, this.#used, end - offset);
      if (copied) {
        this.#used += body.copy(slab, this.#used, offset, end);
      } else {
        this.flush();
        this.#write(body.subarray(offset, end));
        slab = this.#room(FRAME_BYTES);
      }
      this.#used = encoder.bodyEnd(slab, this.#used);
    }
    // amqplib's own frames (heartbeats, questions) may come between any two writes, so no write may end within a frame.
    if (!copied) this.flush();
    if (!this.#scheduled) {
      this.#scheduled = true;
      // After all confirms of a read of the socket, and after a caller's whole run of messages.
      process.nextTick(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
    this.#full ||= this.#waiting + this.#used >= MOST_WAITING_BYTES;
    return !this.#full;
  }

  flush(): void {
    const slab = this.#slab;
    if (!slab || this.#used === 0) return;
    const used = this.#used;
    this.#slab = undefined;
    this.#used = 0;
    this.#write(slab.subarray(0, used), slab);
  }

  /** The slab, with at least so many bytes free. */
  #room(bytes: number): Buffer {
    if (this.#slab && SLAB_BYTES - this.#used < bytes) this.flush();
    this.#slab ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
    return this.#slab;
  }

  #write(bytes: Uint8Array, slab?: Buffer): void {
    // The session's end tells of whatever may be wrong with the stream.
    if (!this.#stream.writable) return;
    this.#waiting += bytes.length;
    this.#stream.write(bytes, () => {
      this.#waiting -= bytes.length;
      if (slab && this.#free.length < MOST_FREE_SLABS) this.#free.push(slab);
      if (!this.#full || this.#waiting > MOST_WAITING_BYTES / 2) return;
      this.#full = false;
      this.#onRoom();
    });
  }
}
