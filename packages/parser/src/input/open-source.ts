import { type FileHandle, open } from 'node:fs/promises';
import type { ReadableStream } from 'node:stream/web';
import { abortable } from '@discogs-extractor/internal/abort';
import { ParserError } from '../errors.js';
import type { DumpSource } from '../options.js';
import type { ByteSource } from './byte-source.js';

/** Large enough that a read costs next to nothing beside the gunzip of what it brings. */
const READ_BYTES = 1024 * 1024;

/** How many reads' memory is kept for use again. */
const MOST_SPARES = 4;

/** Opens what the caller gave. @throws ParserError `SOURCE_UNREADABLE` */
export const openSource = async (source: DumpSource, signal: AbortSignal | undefined): Promise<ByteSource> => {
  signal?.throwIfAborted();
  if (typeof source === 'string' || source instanceof URL) return FileSource.open(source, signal);
  if (isAsyncIterable(source)) return new IterableSource(source[Symbol.asyncIterator](), signal);
  if (isWebStream(source)) return new IterableSource(readerIterator(source), signal);
  throw new ParserError(
    'SOURCE_UNREADABLE',
    'the source is neither a path, a file: URL, a stream nor an async iterable of bytes (bytes in memory: Readable.from([bytes]))',
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
    if (memory.byteLength === READ_BYTES && this.#spares.length < MOST_SPARES) this.#spares.push(memory);
  }

  close(): Promise<void> {
    this.#closing ??= this.#handle.close();
    return this.#closing;
  }
}

const unreadable = (path: string, cause: unknown): ParserError =>
  new ParserError('SOURCE_UNREADABLE', `cannot read ${path}: ${(cause as Error).message}`, { cause });

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
        throw new ParserError('SOURCE_UNREADABLE', `the source yields ${typeof value} instead of bytes`);
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
    // A generator that hangs in `next` gets to its `return` only when that settles: it must not hold us up.
    if (this.#pending) returned?.catch(() => {});
    else await returned;
  }
}

const isAsyncIterable = (source: unknown): source is AsyncIterable<Uint8Array> =>
  typeof (source as AsyncIterable<Uint8Array> | undefined)?.[Symbol.asyncIterator] === 'function';

const isWebStream = (source: unknown): source is ReadableStream<Uint8Array> =>
  typeof (source as ReadableStream<Uint8Array> | undefined)?.getReader === 'function';

/** For web streams of other makes, which may not be iterable. */
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
