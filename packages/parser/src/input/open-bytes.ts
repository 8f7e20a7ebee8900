import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { abortable } from '@discogs-extractor/internal/abort';
import { ParserError } from '../errors.js';
import type { BlobLike, DumpInput, OpenFileLike, ResponseLike, WebStreamLike } from '../options.js';
import type { ByteSource } from './byte-source.js';

/** Large enough that a read costs next to nothing compared with gunzipping what it returns. */
const READ_BYTES = 1024 * 1024;

const WEB_URL = /^https?:\/\//i;

/** Memory of how many reads is kept for reuse. */
const MAX_SPARES = 4;

/** Opens the caller's input. @throws ParserError `SOURCE_UNREADABLE` */
export const openBytes = async (input: DumpInput, signal: AbortSignal | undefined): Promise<ByteSource> => {
  signal?.throwIfAborted();
  if (typeof input === 'string' || input instanceof URL) return openFile(input, signal);
  const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
  if (bytes instanceof Uint8Array) return new IterableSource(piecesOf(bytes), signal, bytes.length);
  if (isOpenFile(input)) return FileSource.start({ file: input, signal });
  if (isAsyncIterable(input)) return new IterableSource(input[Symbol.asyncIterator](), signal);
  if (isWebStream(input)) return new IterableSource(readerIterator(input), signal);
  if (isResponse(input)) return openResponse(input, signal);
  if (isBlob(input)) return new IterableSource(readerIterator(input.stream()), signal, input.size);
  const what = typeof (input as { then?: unknown } | null)?.then === 'function' ? 'a promise: await it' : OTHER_INPUT;
  throw new ParserError('SOURCE_UNREADABLE', `The input is ${what}`);
};

const OTHER_INPUT =
  'not a path, a file: URL, an open file, bytes, a Blob, a Response, a stream or an async iterable of bytes';

const openResponse = (response: ResponseLike, signal: AbortSignal | undefined): ByteSource => {
  const { ok, status, headers, body } = response;
  if (!ok) {
    throw new ParserError('SOURCE_UNREADABLE', `The response has the HTTP status ${status}: it is not a dump`);
  }
  const { locked } = (body ?? {}) as { locked?: unknown };
  if ((response as { bodyUsed?: unknown }).bodyUsed === true || locked === true) {
    throw new ParserError('SOURCE_UNREADABLE', 'The body of the response was read before: fetch it again');
  }
  // With a content encoding, the length is not that of the bytes that arrive here.
  const length = headers.get('content-encoding') === null ? headers.get('content-length') : null;
  const size = length === null ? undefined : Number(length);
  return new IterableSource(body === null ? piecesOf(new Uint8Array(0)) : readerIterator(body), signal, size);
};

/** Pieces of the size of a file's reads: between them, the event loop runs. */
async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += READ_BYTES) yield bytes.subarray(at, at + READ_BYTES);
}

/** @throws ParserError `SOURCE_UNREADABLE` */
const openFile = async (path: string | URL, signal: AbortSignal | undefined): Promise<ByteSource> => {
  const describe = (cause: unknown): ParserError =>
    new ParserError('SOURCE_UNREADABLE', `Cannot read ${pathOf(path)}: ${(cause as Error).message}`, {
      facts: { path: pathOf(path) },
      cause,
    });
  if (WEB_URL.test(String(path))) throw describe(new Error('pass what `await fetch(…)` returns instead of its URL'));
  const file = await open(path, 'r').catch((cause: unknown) => Promise.reject(describe(cause)));
  try {
    return await FileSource.start({ file, signal, describe, close: () => file.close() });
  } catch (error) {
    await file.close();
    throw error;
  }
};

interface FileSourceOptions {
  readonly file: OpenFileLike;
  readonly signal: AbortSignal | undefined;
  /** What to throw when the file cannot be read. @default the error of the file */
  readonly describe?: ((cause: unknown) => unknown) | undefined;
  /** @default the file stays open */
  readonly close?: (() => Promise<void>) | undefined;
}

class FileSource implements ByteSource {
  readonly #options: FileSourceOptions;
  readonly #spares: ArrayBuffer[] = [];
  #position = 0;
  #closing: Promise<void> | undefined;

  /** Of a regular file. */
  readonly size: number | undefined;

  private constructor(options: FileSourceOptions, size: number | undefined) {
    this.#options = options;
    this.size = size;
  }

  static async start(options: FileSourceOptions): Promise<FileSource> {
    const { file, describe = same } = options;
    const stats = await file.stat().catch((cause: unknown) => Promise.reject(describe(cause)));
    return new FileSource(options, stats.isFile() ? stats.size : undefined);
  }

  async read(): Promise<Uint8Array | undefined> {
    const { file, signal, describe = same } = this.#options;
    const buffer = Buffer.from(this.#spares.pop() ?? new ArrayBuffer(READ_BYTES));
    const position = this.size === undefined ? null : this.#position;
    const { bytesRead } = await file
      .read(buffer, 0, buffer.length, position)
      .catch((cause: unknown) => Promise.reject(describe(cause)));
    signal?.throwIfAborted();
    this.#position += bytesRead;
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
  }

  recycle(memory: ArrayBuffer): void {
    if (memory.byteLength === READ_BYTES && this.#spares.length < MAX_SPARES) this.#spares.push(memory);
  }

  async close(): Promise<void> {
    this.#closing ??= this.#options.close?.();
    await this.#closing;
  }
}

const same = (error: unknown): unknown => error;

/** A path as people write it; a URL that names no local file as it is. */
export const pathOf = (path: string | URL): string => {
  if (typeof path === 'string') return path;
  try {
    return fileURLToPath(path);
  } catch {
    return path.href;
  }
};

class IterableSource implements ByteSource {
  readonly size: number | undefined;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #pending = false;
  #ended = false;

  constructor(iterator: AsyncIterator<Uint8Array>, signal: AbortSignal | undefined, size?: number) {
    this.size = size;
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

const isWebStream = (input: unknown): input is WebStreamLike =>
  typeof (input as WebStreamLike | undefined)?.getReader === 'function';

const isOpenFile = (input: unknown): input is OpenFileLike => {
  const { read, stat } = (input ?? {}) as Partial<OpenFileLike>;
  return typeof read === 'function' && typeof stat === 'function';
};

const isBlob = (input: unknown): input is BlobLike => typeof (input as BlobLike | undefined)?.stream === 'function';

const isResponse = (input: unknown): input is ResponseLike => {
  const { body, headers } = (input ?? {}) as Partial<ResponseLike>;
  return typeof headers?.get === 'function' && (body === null || isWebStream(body));
};

/** For web streams of other implementations, which may not be iterable. */
async function* readerIterator(stream: WebStreamLike): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value!;
    }
  } finally {
    if (!ended) await reader.cancel();
    reader.releaseLock();
  }
}
