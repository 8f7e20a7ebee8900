import type { Writable } from 'node:stream';
import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';
import { PARTITION_HEADER } from '../partitions.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { OutboxEntry } from '../window/outbox.js';
import { type EncoderSettings, FRAME_OVERHEAD_BYTES, MessageEncoder } from './message-encoder.js';

/** Writes messages to the socket. */
export interface MessageSender {
  /** The largest frame that client and broker agreed on, in bytes; the properties of a message must fit into one. */
  readonly maxFrameBytes: number;
  /**
   * Sends a message. `false`: it was accepted, but send nothing more until the sender is writable.
   * Throws if the connection is closed.
   */
  send(entry: OutboxEntry): boolean;
  /** Hands buffered messages to the socket. */
  flush(): void;
  /** Writes nothing any more: on a closed channel, a message would end a connection that others share. */
  close(): void;
}

/** Messages are collected in buffers of this size, which are reused once they are written. */
const SLAB_BYTES = 64 * 1024;
/** Larger bodies are written to the socket without copying them into a slab. */
const MAX_COPIED_BODY_BYTES = 16 * 1024;
/** At most this much waits for the socket; later messages wait in the outbox. */
const MAX_BUFFERED_BYTES = 256 * 1024;
const MAX_FREE_SLABS = 2 * (MAX_BUFFERED_BYTES / SLAB_BYTES);

/** The parts of amqplib's connection that are used although they are not public. */
interface Internals {
  readonly stream: Writable;
  readonly channel: number;
  readonly frameMax: number;
}

const internalsOf = (model: ChannelModel, channel: ConfirmChannel): Internals | undefined => {
  const { stream, frameMax } = model.connection as unknown as { stream?: Writable; frameMax?: unknown };
  const { ch } = channel as unknown as { ch?: unknown };
  const isKnown = typeof stream?.write === 'function' && typeof frameMax === 'number' && typeof ch === 'number';
  return isKnown && frameMax > FRAME_OVERHEAD_BYTES ? { stream, frameMax, channel: ch } : undefined;
};

/**
 * Creates a sender that encodes frames itself and writes them to the socket in large pieces: amqplib allocates memory
 * for each body and writes each message by itself, which costs more than everything else that a client does. amqplib's
 * own `publish` is used if its connection does not have the expected internals.
 */
export const createSender = (
  model: ChannelModel,
  channel: ConfirmChannel,
  options: Pick<ResolvedOptions, 'exchange' | 'properties' | 'partitions'>,
  onWritable: () => void,
): MessageSender => {
  const internals = internalsOf(model, channel);
  const partitionHeader = options.partitions?.kind === 'hash' ? PARTITION_HEADER : undefined;
  if (internals) return new SlabSender(internals, { ...options, partitionHeader }, onWritable);
  channel.on('drain', onWritable);
  // amqplib sends a priority only along with headers.
  const { properties: defaults } = options;
  return {
    maxFrameBytes: Number.POSITIVE_INFINITY,
    send: ({ routingKey, messageId, body, own, partitionKey }) => {
      const { headers, ...others } = own?.properties ?? defaults;
      const hasField = partitionHeader !== undefined && partitionKey !== undefined;
      const properties = {
        ...others,
        headers: { ...headers, ...(hasField && { [partitionHeader]: partitionKey }) },
        messageId,
      };
      return channel.publish(own?.exchange ?? options.exchange.name, routingKey, body, properties as Options.Publish);
    },
    flush: () => {},
    close: () => {},
  };
};

class SlabSender implements MessageSender {
  readonly maxFrameBytes: number;
  readonly #stream: Writable;
  readonly #encoder: MessageEncoder;
  readonly #onWritable: () => void;
  readonly #free: Buffer[] = [];
  #slab: Buffer | undefined;
  #used = 0;
  #unwrittenBytes = 0;
  #closed = false;
  #full = false;
  #scheduled = false;

  constructor(
    { stream, channel, frameMax }: Internals,
    {
      exchange,
      ...settings
    }: Pick<ResolvedOptions, 'exchange'> & Pick<EncoderSettings, 'properties' | 'partitionHeader'>,
    onWritable: () => void,
  ) {
    this.maxFrameBytes = frameMax;
    this.#stream = stream;
    this.#encoder = new MessageEncoder({ channel, frameMax, exchange: exchange.name, ...settings });
    this.#onWritable = onWritable;
  }

  send(entry: OutboxEntry): boolean {
    if (this.#closed || !this.#stream.writable) throw new Error('The connection is closed');
    const { body } = entry;
    const encoder = this.#encoder;
    const frames = Math.ceil(body.length / encoder.maxPayloadBytes);
    const isCopied = body.length <= MAX_COPIED_BODY_BYTES;
    let slab = this.#reserve(
      encoder.maxHeadBytes(entry) + (isCopied ? body.length + frames * FRAME_OVERHEAD_BYTES : 0),
    );
    this.#used = encoder.writeHead(slab, this.#used, entry);
    for (let offset = 0; offset < body.length; offset += encoder.maxPayloadBytes) {
      const end = Math.min(body.length, offset + encoder.maxPayloadBytes);
      if (!isCopied) slab = this.#reserve(FRAME_OVERHEAD_BYTES);
      this.#used = encoder.writeBodyStart(slab, this.#used, end - offset);
      if (isCopied) {
        this.#used += body.copy(slab, this.#used, offset, end);
      } else {
        this.flush();
        this.#write(body.subarray(offset, end));
        slab = this.#reserve(FRAME_OVERHEAD_BYTES);
      }
      this.#used = encoder.writeBodyEnd(slab, this.#used);
    }
    // amqplib may write frames of its own (heartbeats, methods) between any two writes: none may end within a frame.
    if (!isCopied) this.flush();
    if (!this.#scheduled) {
      this.#scheduled = true;
      // Runs after all confirms of one read of the socket, and after all messages that a caller publishes in a row.
      process.nextTick(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
    this.#full ||= this.#unwrittenBytes + this.#used >= MAX_BUFFERED_BYTES;
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

  close(): void {
    this.#closed = true;
  }

  /** The current slab, or a new one, with at least `bytes` free. */
  #reserve(bytes: number): Buffer {
    if (this.#slab && this.#slab.length - this.#used < bytes) this.flush();
    // Only large tables of headers need more than a slab.
    this.#slab ??=
      bytes > SLAB_BYTES ? Buffer.allocUnsafeSlow(bytes) : (this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES));
    return this.#slab;
  }

  #write(bytes: Uint8Array, slab?: Buffer): void {
    // The session ends with whatever is wrong with the stream.
    if (this.#closed || !this.#stream.writable) return;
    this.#unwrittenBytes += bytes.length;
    this.#stream.write(bytes, () => {
      this.#unwrittenBytes -= bytes.length;
      if (slab?.length === SLAB_BYTES && this.#free.length < MAX_FREE_SLABS) this.#free.push(slab);
      if (!this.#full || this.#unwrittenBytes > MAX_BUFFERED_BYTES / 2) return;
      this.#full = false;
      this.#onWritable();
    });
  }
}
