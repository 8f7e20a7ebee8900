import { type FileHandle, open } from 'node:fs/promises';
import type { ReadableStream } from 'node:stream/web';
import { abortable } from '@discogs-extractor/internal/abort';
import { ParserError } from '../errors.js';
import type { DumpInput } from '../options.js';
import type { ByteSource } from './byte-source.js';

/** Large enough that a read costs next to nothing compared with gunzipping what it returns. */
const READ_BYTES = 1024 * 1024;

/** Memory of how many reads is kept for reuse. */
const MAX_SPARES = 4;

/** Opens the caller's input. @throws ParserError `SOURCE_UNREADABLE` */
export const openBytes = async (input: DumpInput, signal: AbortSignal | undefined): Promise<ByteSource> => {
  signal?.throwIfAborted();
  if (typeof input === 'string' || input instanceof URL) return FileSource.open(input, signal);
  if (isAsyncIterable(input)) return new IterableSource(input[Symbol.asyncIterator](), signal);
  if (isWebStream(input)) return new IterableSource(readerIterator(input), signal);
  throw new ParserError(
    'SOURCE_UNREADABLE',
    'The input is not a path, a file: URL, a stream or an async iterable of bytes; for bytes in memory pass Readable.from([bytes])',
  );
};

class FileSource implements ByteSource {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  readonly #spares: ArrayBuffer[] = [];
  #closing: Promise<void> | undefined;

  private constructor(handle: FileHandle, path: string, signal: AbortSignal | undefined) {
    this.#handle = handle;
    this.#path = path;
    this.#signal = signal;
  }

  static async open(path: string | URL, signal: AbortSignal | undefined): Promise<FileSource> {
    try {
      return new FileSource(await open(path, 'r'), String(path), signal);
    } catch (cause) {
      throw unreadable(String(path), cause);
    }
  }

  async read(): Promise<Uint8Array | undefined> {
    const buffer = Buffer.from(this.#spares.pop() ?? new ArrayBuffer(READ_BYTES));
    let bytesRead: number;
    try {
      ({ bytesRead } = await this.#handle.read(buffer, 0, buffer.length, null));
    } catch (cause) {
      throw unreadable(this.#path, cause);
    }
    this.#signal?.throwIfAborted();
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
  }

  recycle(memory: ArrayBuffer): void {
    if (memory.byteLength === READ_BYTES && this.#spares.length < MAX_SPARES) this.#spares.push(memory);
  }

  close(): Promise<void> {
    this.#closing ??= this.#handle.close();
    return this.#closing;
  }
}

const unreadable = (path: string, cause: unknown): ParserError =>
  new ParserError('SOURCE_UNREADABLE', `Cannot read ${path}: ${(cause as Error).message}`, { cause });

class IterableSource implements ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #pending = false;
  #ended = false;

  constructor(iterator: AsyncIterator<Uint8Array>, signal: AbortSignal | undefined) {
    this.#iterator = iterator;
    this.#signal = signal;
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#ended) return undefined;
      this.#pending = true;
      const next = this.#next();
      const { done, value } = await abortable(next, this.#signal);
      if (done) return undefined;
      if (!(value instanceof Uint8Array)) {
        throw new ParserError(
          'SOURCE_UNREADABLE',
          `The input yields ${typeof value} instead of bytes: pass a stream of Uint8Array chunks, without an encoding`,
        );
      }
      if (value.length > 0) return value;
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const result = await this.#iterator.next();
      if (result.done) this.#ended = true;
      return result;
    } catch (error) {
      this.#ended = true;
      throw error;
    } finally {
      this.#pending = false;
    }
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const returned = this.#iterator.return?.();
    // A generator that hangs in `next` runs its `return` only when that settles, which may be never.
    if (this.#pending) returned?.catch(() => {});
    else await returned;
  }
}

const isAsyncIterable = (input: unknown): input is AsyncIterable<Uint8Array> =>
  typeof (input as AsyncIterable<Uint8Array> | undefined)?.[Symbol.asyncIterator] === 'function';

const isWebStream = (input: unknown): input is ReadableStream<Uint8Array> =>
  typeof (input as ReadableStream<Uint8Array> | undefined)?.getReader === 'function';

/** For web streams of other implementations, which may not be iterable. */
async function* readerIterator(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel();
    reader.releaseLock();
  }
}
