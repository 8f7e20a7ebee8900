import { linkAbort, withLinkedAbort } from '@discogs-extractor/internal/abort';
import type { DumpStream } from '../dump-source.js';
import { DownloaderError } from '../errors.js';

/**
 * The time from a source's creation to its `close()`: every call ends when the source is closed or the caller aborts.
 */
export class SourceLifetime {
  readonly #closing = new AbortController();
  readonly #description: string;

  /** @param description - of the source, for the `CLOSED` error */
  constructor(description: string) {
    this.#description = description;
  }

  /** Aborts with `CLOSED` when the source is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Runs a call with a signal that aborts when the caller aborts or the source is closed. */
  run<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withLinkedAbort([signal, this.#closing.signal], (controller) => work(controller.signal));
  }

  /** Opens a stream with such a signal, which stays linked until the stream has been read or closed. */
  async open(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<DumpStream>): Promise<DumpStream> {
    const { controller, release } = linkAbort([signal, this.#closing.signal]);
    try {
      controller.signal.throwIfAborted();
      const stream = await work(controller.signal);
      return {
        ...stream,
        body: releasedAtEnd(stream.body, release),
        close: async () => {
          release();
          await stream.close();
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends all calls and streams with `CLOSED`. Idempotent. */
  close(): void {
    this.#closing.abort(new DownloaderError('CLOSED', `${this.#description} is closed`));
  }
}

async function* releasedAtEnd(body: AsyncIterable<Uint8Array>, release: () => void): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } finally {
    release();
  }
}
