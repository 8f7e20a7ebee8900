import type { Readable } from 'node:stream';
import { CHUNK_BYTES } from '../read-chunks.js';
import { type Asked, toTransportError } from './transport.js';

/**
 * Gathers a body's bytes while the chunk before is worked on. A socket gives 64 KiB at a time; a slow consumer gets large
 * chunks this way and a fast one does not wait. Iterating the stream itself takes twice the time, most of it for promises.
 */
class BodyGatherer {
  readonly #body: Readable;
  #filling = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #other = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #filled = 0;
  /** What did not fit any more. */
  #rest: Uint8Array | null = null;
  #wake: () => void = () => undefined;
  /** Whether nothing more will come. */
  ended = false;
  /** Why the body ended early. */
  failure: unknown = null;

  constructor(body: Readable) {
    this.#body = body;
    // From the start, since a body may have failed or ended before anyone asks for its first byte.
    body.on('data', (chunk: Uint8Array) => this.#gather(chunk));
    body.on('end', () => this.#end(null));
    body.on('error', (error: unknown) => this.#end(error));
    body.on('close', () => this.#end(new Error('closed early')));
    if (body.destroyed) this.#end(body.errored ?? new Error('closed early'));
  }

  /** What has come since the last call, good until the next; empty when nothing more will come. */
  async next(): Promise<Uint8Array> {
    while (this.#filled === 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const chunk = this.#filling.subarray(0, this.#filled);
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#filled = 0;
    if (this.#rest !== null) this.#gather(this.#rest);
    if (this.#filled < CHUNK_BYTES) this.#body.resume();
    return chunk;
  }

  #gather(chunk: Uint8Array): void {
    const fits = Math.min(chunk.length, CHUNK_BYTES - this.#filled);
    this.#filling.set(chunk.subarray(0, fits), this.#filled);
    this.#filled += fits;
    this.#rest = fits < chunk.length ? chunk.subarray(fits) : null;
    if (this.#filled === CHUNK_BYTES) this.#body.pause();
    this.#wake();
  }

  #end(failure: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    this.#wake();
  }
}

/**
 * The bytes of a body; failures come as `SourceError`, an abort as the signal's reason, and neither before the bytes that
 * came ahead of it. A chunk is good until the next one is asked for.
 */
export const readBody = (body: Readable, asked: Asked, signal: AbortSignal): AsyncGenerator<Uint8Array, void> => {
  const gatherer = new BodyGatherer(body);
  const read = async function* (): AsyncGenerator<Uint8Array, void> {
    try {
      for (let chunk = await gatherer.next(); chunk.length > 0; chunk = await gatherer.next()) yield chunk;
    } finally {
      body.destroy();
    }
    if (signal.aborted) throw signal.reason;
    if (gatherer.failure !== null) throw toTransportError(gatherer.failure, asked, 'body');
  };
  return read();
};
