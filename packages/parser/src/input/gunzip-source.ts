import { abortable } from '@discogs-extractor/internal/abort';
import { AsyncSignal } from '@discogs-extractor/internal/async-signal';
import { GzipDecoder, type GzipFault } from '../gzip/gzip-decoder.js';
import { gzipError } from '../gzip/gzip-error.js';
import { giveInflaterBack, type Inflater, inflaterModule, takeInflater } from '../gzip/inflater.js';
import type { ByteSource, GzipStream } from './byte-source.js';
import { isChunkMemory, newChunk, newChunkMemory } from './chunk-memory.js';
import { GunzipThread } from './gunzip-thread.js';

/** The first chunk is small, so that whoever wants to go on by himself has little to take over. */
const FIRST_BYTES = 64 * 1024;

/** XML that is gunzipped on the calling thread before another one is started for the rest. */
const THREAD_AFTER_BYTES = 1024 * 1024;

/** Chunks that the thread may be ahead. */
const MOST_AHEAD = 5;

/** Pieces of input that wait at the thread, so that it never does. */
const MOST_INPUT = 2;

/** Chunks' memory that is kept for use again. */
const MOST_SPARES = 16;

/**
 * Gunzips `input` with the WebAssembly inflater: a small dump on the calling thread, a large one from its first mebibyte of XML on in
 * a thread of its own, ahead of whoever reads.
 */
export class GunzipSource implements ByteSource {
  readonly #input: ByteSource;
  readonly #signal: AbortSignal | undefined;
  readonly #nice: number | undefined;
  readonly #spares: ArrayBuffer[] = [];
  /** Rung when a chunk, the end or a failure comes, and when there is room for input. */
  readonly #news = new AsyncSignal();
  readonly #room = new AsyncSignal();
  #inflater: Inflater | undefined;
  #decoder: GzipDecoder | undefined;
  #thread: GunzipThread | undefined;
  #isThreadReady = false;
  #isHandedOver = false;
  readonly #chunks: Uint8Array[] = [];
  /** Chunks asked for and not yet come. */
  #asked = 0;
  #atThread = 0;
  #inputFailure: { error: unknown } | undefined;
  #failure: { error: unknown } | undefined;
  #ended = false;
  #closed = false;
  #bytes = 0;

  /** @param nice - niceness of the thread, where it is not that of the process */
  constructor(input: ByteSource, signal: AbortSignal | undefined, nice?: number) {
    this.#input = input;
    this.#signal = signal;
    this.#nice = nice;
  }

  async read(): Promise<Uint8Array | undefined> {
    const chunk = this.#isHandedOver ? await this.#fromThread() : await this.#fromHere();
    if (chunk !== undefined) this.#bytes += chunk.length;
    return chunk;
  }

  /** Takes back a chunk's memory. */
  recycle(memory: ArrayBuffer): void {
    if (isChunkMemory(memory) && this.#spares.length < MOST_SPARES) this.#spares.push(memory);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#room.notify();
    this.#letInflaterGo();
    await Promise.all([this.#thread?.close(), this.#input.close()]);
  }

  #letInflaterGo(): void {
    this.#decoder = undefined;
    if (this.#inflater !== undefined) giveInflaterBack(this.#inflater);
    this.#inflater = undefined;
  }

  #memory(): ArrayBuffer {
    return this.#spares.pop() ?? newChunkMemory();
  }

  async #fromHere(): Promise<Uint8Array | undefined> {
    if (this.#closed) return undefined;
    this.#inflater ??= takeInflater();
    this.#decoder ??= new GzipDecoder(this.#inflater);
    const decoder = this.#decoder;
    if (this.#bytes >= THREAD_AFTER_BYTES && !this.#ended) this.#thread ??= this.#startThread();
    const room = newChunk(this.#memory());
    const chunk = this.#bytes === 0 ? room.subarray(0, FIRST_BYTES) : room;
    for (;;) {
      const length = decoder.read(chunk);
      if (length > 0) return chunk.subarray(0, length);
      if (decoder.fault !== undefined) throw this.#errorOf(decoder.fault);
      if (this.#inputFailure !== undefined) throw this.#inputFailure.error;
      if (this.#ended) return undefined;
      if (this.#isThreadReady) {
        this.recycle(chunk.buffer);
        this.#handOver(decoder);
        return this.#fromThread();
      }
      await this.#pull(decoder);
      // The inflater may be another's by now.
      if (this.#closed) return undefined;
    }
  }

  /** Not for the end of a stream, nor for what a thread has taken on. */
  leaveGzip(): GzipStream | undefined {
    const decoder = this.#decoder;
    if (decoder === undefined || decoder.failed || this.#thread !== undefined) return undefined;
    if (this.#inputFailure !== undefined || this.#ended) return undefined;
    const xml = new Uint8Array(decoder.unread);
    decoder.read(xml);
    const xmlBytes = this.#bytes + xml.length;
    return { xml, xmlBytes, ...this.#partWith(decoder), input: this.#input, onXml: () => {} };
  }

  /** Lets somebody else go on from where the decoder stands. */
  #partWith(decoder: GzipDecoder): Pick<GzipStream, 'decoder' | 'unused'> {
    const unused = decoder.unusedInput();
    const memory = new Uint8Array(this.#inflater!.savedBytes);
    const place = decoder.save(memory);
    this.#letInflaterGo();
    return { decoder: { memory, ...place }, unused };
  }

  /** Gets the decoder more input, or the end of it. */
  async #pull(decoder: GzipDecoder): Promise<void> {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#input.read();
    } catch (error) {
      this.#inputFailure = { error };
      return;
    }
    if (bytes === undefined) {
      this.#ended = true;
      decoder.finish();
      return;
    }
    decoder.push(bytes);
  }

  #startThread(): GunzipThread {
    return new GunzipThread(this.#nice, {
      onReady: () => {
        this.#isThreadReady = true;
      },
      onChunk: (bytes) => {
        this.#asked--;
        this.#chunks.push(bytes);
        this.#news.notify();
      },
      onUsed: (memory) => {
        this.#atThread--;
        this.#input.recycle?.(memory);
        this.#room.notify();
      },
      onEnd: (fault) => {
        this.#ended = true;
        if (fault !== undefined) this.#failure = { error: fault };
        else this.#failure ??= this.#inputFailure;
        this.#news.notify();
      },
      onFailure: (error) => {
        this.#failure ??= { error };
        this.#news.notify();
      },
    });
  }

  #handOver(decoder: GzipDecoder): void {
    const { decoder: saved, unused } = this.#partWith(decoder);
    this.#thread!.begin(inflaterModule(), saved);
    if (unused.length > 0) this.#giveInput(unused);
    this.#isHandedOver = true;
    void this.#feed();
  }

  async #fromThread(): Promise<Uint8Array | undefined> {
    const thread = this.#thread!;
    for (;;) {
      while (this.#asked + this.#chunks.length < MOST_AHEAD && !this.#ended) {
        this.#asked++;
        thread.giveRoom(this.#memory());
      }
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.#failure !== undefined) throw this.#errorOf(this.#failure.error);
      if (this.#ended) return undefined;
      // It holds the process only while somebody waits for it.
      thread.ref();
      try {
        await abortable(this.#news.wait(), this.#signal);
      } finally {
        thread.unref();
      }
    }
  }

  /** Hands all input to the thread, as it is used. */
  async #feed(): Promise<void> {
    const thread = this.#thread!;
    for (;;) {
      let bytes: Uint8Array | undefined;
      try {
        bytes = await this.#input.read();
      } catch (error) {
        this.#inputFailure = { error };
      }
      if (this.#closed) return;
      if (bytes === undefined) {
        thread.finish(this.#inputFailure !== undefined);
        return;
      }
      // Memory that is not ours to move is copied.
      const isOurs = this.#input.recycle !== undefined;
      this.#giveInput(isOurs ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes));
      while (this.#atThread >= MOST_INPUT && !this.#closed && !this.#ended) await this.#room.wait();
      if (this.#closed || this.#ended) return;
    }
  }

  #giveInput(bytes: Uint8Array<ArrayBuffer>): void {
    this.#thread!.giveInput(bytes);
    this.#atThread++;
  }

  #errorOf(error: unknown): unknown {
    return isFault(error) ? gzipError(error, { byteOffset: this.#bytes }) : error;
  }
}

const isFault = (error: unknown): error is GzipFault =>
  typeof error === 'object' && error !== null && 'kind' in error && 'detail' in error && !(error instanceof Error);
