import type { Readable } from 'node:stream';
import { CHUNK_BYTES } from '../read-chunks.js';
import { type RequestTarget, toTransportError } from './transport.js';

/**
 * Collects a body's bytes while the consumer processes the previous chunk. A socket delivers 64 KiB at a time: a slow
 * consumer gets large chunks this way, and a fast one does not wait. Iterating the stream itself takes twice as long,
 * most of it for promises.
 */
class BodyCollector {
  readonly #body: Readable;
  #filling = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #other = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #filled = 0;
  /** The part of a chunk that did not fit into the buffer. */
  #rest: Uint8Array | undefined;
  #wake: () => void = () => undefined;
  #ended = false;
  #failure: Error | undefined;

  constructor(body: Readable) {
    this.#body = body;
    // Subscribed before the first read, because a body can fail or end earlier than that.
    body.on('data', (chunk: Uint8Array) => this.#collect(chunk));
    body.on('end', () => this.#end());
    body.on('error', (error: Error) => this.#end(error));
    body.on('close', () => this.#end(new Error('closed early')));
    if (body.destroyed) this.#end(body.errored ?? new Error('closed early'));
  }

  /** Why the body ended early. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Returns what arrived since the last call, valid until the next one; empty at the end of the body. */
  async next(): Promise<Uint8Array> {
    while (this.#filled === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const chunk = this.#filling.subarray(0, this.#filled);
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#filled = 0;
    if (this.#rest !== undefined) this.#collect(this.#rest);
    if (this.#filled < CHUNK_BYTES) this.#body.resume();
    return chunk;
  }

  #collect(chunk: Uint8Array): void {
    const fitting = Math.min(chunk.length, CHUNK_BYTES - this.#filled);
    this.#filling.set(chunk.subarray(0, fitting), this.#filled);
    this.#filled += fitting;
    this.#rest = fitting < chunk.length ? chunk.subarray(fitting) : undefined;
    if (this.#filled === CHUNK_BYTES) this.#body.pause();
    this.#wake();
  }

  #end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake();
  }
}

/**
 * Reads a body. A failure is thrown as a `DownloaderError`, an abort as the signal's reason, and both only after the
 * bytes that arrived before. A chunk is valid only until the next one is requested.
 */
export const readBody = (
  body: Readable,
  target: RequestTarget,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> => {
  const collector = new BodyCollector(body);
  const read = async function* (): AsyncGenerator<Uint8Array, void> {
    try {
      for (let chunk = await collector.next(); chunk.length > 0; chunk = await collector.next()) yield chunk;
    } finally {
      body.destroy();
    }
    if (signal.aborted) throw signal.reason;
    if (collector.failure !== undefined) throw toTransportError(collector.failure, target, 'body');
  };
  return read();
};
