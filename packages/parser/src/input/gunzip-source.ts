import { setImmediate } from 'node:timers/promises';
import { ParserError } from '../errors.js';
import { GzipDecoder, type SavedDecoder } from '../gzip/gzip-decoder.js';
import { gzipError } from '../gzip/gzip-error.js';
import { acquireInflater, type Inflater, releaseInflater } from '../gzip/inflater.js';
import { isSimdSupported } from '../kernel/webassembly.js';
import type { ByteSource } from './byte-source.js';

/** The first chunk is small: most often it holds the first record, and the rest can be gunzipped by other threads. */
const FIRST_CHUNK_BYTES = 64 * 1024;

const CHUNK_BYTES = 1024 * 1024;

/** A gzip stream whose beginning was gunzipped, for others to continue. */
export interface GzipHandoff {
  /** What was gunzipped but not read. */
  readonly xml: Uint8Array;
  readonly decoder: SavedDecoder;
  /** XML gunzipped so far, in bytes. */
  readonly xmlBytes: number;
  /** What was read of the input but not used. */
  readonly unused: Uint8Array<ArrayBuffer>;
  /** The rest of the input. */
  readonly input: ByteSource;
  /** To be called with the number of bytes that are gunzipped from now on. */
  readonly onXml: (bytes: number) => void;
}

/**
 * Gunzips on the calling thread, a chunk with each `read`. Between chunks the event loop runs and an abort is noticed.
 * A fault is thrown after everything that could be gunzipped before it.
 */
export class GunzipSource implements ByteSource {
  readonly #input: ByteSource;
  readonly #signal: AbortSignal | undefined;
  readonly #onXml: (bytes: number) => void;
  /** Pieces of input that the decoder has not used up. */
  readonly #pieces: Uint8Array[] = [];
  #spare: ArrayBuffer | undefined;
  #inflater: Inflater | undefined;
  #decoder: GzipDecoder | undefined;
  #inputFailure: { error: unknown } | undefined;
  #inputEnded = false;
  #closed = false;
  #xmlBytes = 0;
  #sinceYield = 0;

  /**
   * @param onXml - called with the number of bytes of each chunk
   * @throws ParserError `ENGINE_UNAVAILABLE`
   */
  constructor(input: ByteSource, signal: AbortSignal | undefined, onXml: (bytes: number) => void = () => {}) {
    if (!isSimdSupported()) {
      throw new ParserError(
        'ENGINE_UNAVAILABLE',
        'This runtime has no WebAssembly with SIMD, which gunzip needs: pass a stream that is already decompressed',
      );
    }
    this.#input = input;
    this.#signal = signal;
    this.#onXml = onXml;
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#sinceYield >= CHUNK_BYTES) {
      this.#sinceYield = 0;
      await setImmediate();
    }
    this.#signal?.throwIfAborted();
    if (this.#closed) return undefined;
    this.#inflater ??= acquireInflater();
    this.#decoder ??= new GzipDecoder(this.#inflater);
    const decoder = this.#decoder;
    const memory = this.#spare ?? new ArrayBuffer(CHUNK_BYTES);
    this.#spare = undefined;
    const chunk = new Uint8Array(memory, 0, this.#xmlBytes === 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES);
    for (;;) {
      const length = decoder.read(chunk);
      this.#recycleInput(decoder);
      if (length > 0) {
        this.#count(length);
        if (length >= CHUNK_BYTES / 2) return chunk.subarray(0, length);
        // A slow stream yields few bytes at a time: many nearly empty chunks would each occupy a full buffer.
        this.#spare = memory;
        return chunk.slice(0, length);
      }
      if (decoder.fault !== undefined) throw gzipError(decoder.fault, { byteOffset: this.#xmlBytes });
      if (this.#inputFailure !== undefined) throw this.#inputFailure.error;
      if (this.#inputEnded) return undefined;
      await this.#pull(decoder);
      // By now another read may be using the inflater.
      if (this.#closed) return undefined;
    }
  }

  recycle(memory: ArrayBuffer): void {
    if (memory.byteLength === CHUNK_BYTES) this.#spare = memory;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#releaseInflater();
    await this.#input.close();
  }

  /**
   * Leaves the rest of the stream to the caller, who must still close this source but not read from it again.
   * `undefined` if the input is used up or something failed: then read the rest here.
   */
  handOff(): GzipHandoff | undefined {
    const decoder = this.#decoder;
    if (decoder === undefined || decoder.failed || this.#inputFailure !== undefined || this.#inputEnded) {
      return undefined;
    }
    const xml = new Uint8Array(decoder.unread);
    decoder.read(xml);
    this.#count(xml.length);
    const unused = decoder.unusedInput();
    const memory = new Uint8Array(this.#inflater!.savedBytes);
    const place = decoder.save(memory);
    this.#releaseInflater();
    return {
      xml,
      decoder: { memory, ...place },
      xmlBytes: this.#xmlBytes,
      unused,
      input: this.#input,
      onXml: this.#onXml,
    };
  }

  #count(bytes: number): void {
    this.#xmlBytes += bytes;
    this.#sinceYield += bytes;
    this.#onXml(bytes);
  }

  #releaseInflater(): void {
    this.#decoder = undefined;
    if (this.#inflater !== undefined) releaseInflater(this.#inflater);
    this.#inflater = undefined;
  }

  /** Gives the decoder more input, or the end of it. */
  async #pull(decoder: GzipDecoder): Promise<void> {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#input.read();
    } catch (error) {
      this.#inputFailure = { error };
      return;
    }
    if (bytes === undefined) {
      this.#inputEnded = true;
      decoder.finish();
      return;
    }
    this.#pieces.push(bytes);
    decoder.push(bytes);
  }

  #recycleInput(decoder: GzipDecoder): void {
    while (this.#pieces.length > decoder.waiting) {
      const piece = this.#pieces.shift()!;
      this.#input.recycle?.(piece.buffer as ArrayBuffer);
    }
  }
}
