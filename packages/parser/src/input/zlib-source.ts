import { createGunzip, type Gunzip } from 'node:zlib';
import { abortable } from '@discogs-extractor/internal/abort';
import { AsyncSignal } from '@discogs-extractor/internal/async-signal';
import { ParserError } from '../errors.js';
import { gzipError } from '../gzip/gzip-error.js';
import type { ByteSource } from './byte-source.js';

/** Output in pieces of 1 MiB gunzips seven times as fast as in zlib's default of 16 KiB. */
const OUTPUT_BYTES = 1024 * 1024;

/**
 * Input goes in pieces of one size, counted from its start: where zlib finds damage, it drops what it had made of the
 * piece at hand, and how much that is should depend on the dump alone.
 */
const INPUT_BYTES = 256 * 1024;

/** How many pieces of output may wait; zlib works ahead on its own thread meanwhile. */
const MOST_WAITING = 2;

/** Gunzips `input` with zlib: for the strict engine, and where WebAssembly SIMD is missing. One member or several in a row. */
export class ZlibSource implements ByteSource {
  readonly #input: ByteSource;
  readonly #signal: AbortSignal | undefined;
  readonly #gunzip: Gunzip;
  readonly #output: Buffer[] = [];
  /** Rung when output, the end or a failure comes; when there is room for more output. */
  readonly #news = new AsyncSignal();
  readonly #room = new AsyncSignal();
  #pump: Promise<void> | undefined;
  #bytes = 0;
  #ended = false;
  #closed = false;
  #failure: { error: unknown } | undefined;

  constructor(input: ByteSource, signal: AbortSignal | undefined) {
    this.#input = input;
    this.#signal = signal;
    // The low mark makes zlib wait with each piece of output until the one before has been taken.
    this.#gunzip = createGunzip({ chunkSize: OUTPUT_BYTES, readableHighWaterMark: 1 } as object);
    this.#gunzip.on('data', (chunk: Buffer) => {
      this.#output.push(chunk);
      if (this.#output.length >= MOST_WAITING) this.#gunzip.pause();
      this.#news.notify();
      this.#room.notify();
    });
    this.#gunzip.on('end', () => {
      this.#ended = true;
      this.#news.notify();
    });
    this.#gunzip.on('error', (cause: Error & { code?: string }) => {
      const kind = cause.code === 'Z_BUF_ERROR' ? 'truncated' : 'damaged';
      this.#fail(gzipError({ kind, detail: cause.message }, { cause }));
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    this.#pump ??= this.#feed().catch((error: unknown) => this.#fail(error));
    for (;;) {
      const chunk = this.#output.shift();
      if (chunk !== undefined) {
        this.#bytes += chunk.length;
        if (this.#gunzip.isPaused()) this.#gunzip.resume();
        this.#room.notify();
        return chunk;
      }
      if (this.#failure !== undefined) throw this.#placed(this.#failure.error);
      if (this.#ended) return undefined;
      await abortable(this.#news.wait(), this.#signal);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#gunzip.destroy();
    this.#room.notify();
    await this.#input.close();
  }

  /** Hands all input to zlib, as its output is taken. */
  async #feed(): Promise<void> {
    const pieces = new Pieces(this.#input, INPUT_BYTES);
    for (;;) {
      const piece = await pieces.next();
      // An error makes zlib drop output that has not been taken, so it gets nothing to fail on before that is.
      while (!this.#closed && (this.#gunzip.readableLength > 0 || this.#output.length >= MOST_WAITING)) {
        await this.#room.wait();
      }
      if (this.#closed || this.#failure !== undefined) return;
      if (piece === undefined) {
        // An early end shows only now, when nothing is left to be lost with it.
        this.#gunzip.end();
        return;
      }
      await new Promise<void>((resolve) => this.#gunzip.write(piece, () => resolve()));
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#news.notify();
  }

  #placed(error: unknown): unknown {
    if (!(error instanceof ParserError) || error.byteOffset !== undefined) return error;
    return new ParserError(error.code, error.message, { cause: error.cause, byteOffset: this.#bytes });
  }
}

/** Cuts a source's bytes into pieces of one size. */
class Pieces {
  readonly #source: ByteSource;
  readonly #size: number;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(source: ByteSource, size: number) {
    this.#source = source;
    this.#size = size;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.#rest.length >= this.#size) return this.#take(this.#rest);
    const parts: Uint8Array[] = [this.#rest];
    let length = this.#rest.length;
    this.#rest = new Uint8Array(0);
    while (length < this.#size) {
      const bytes = await this.#source.read();
      if (bytes === undefined) break;
      parts.push(bytes);
      length += bytes.length;
    }
    const filled = parts.filter((part) => part.length > 0);
    if (filled.length === 0) return undefined;
    return this.#take(filled.length === 1 ? filled[0]! : Buffer.concat(filled, length));
  }

  #take(bytes: Uint8Array): Uint8Array {
    this.#rest = bytes.subarray(this.#size);
    return bytes.subarray(0, this.#size);
  }
}
