import type { Worker } from 'node:worker_threads';
import { ParserError } from '../errors.js';
import type { GzipFault, SavedDecoder } from '../gzip/gzip-decoder.js';
import type { WasmModule } from '../kernel/webassembly.js';
import type { GunzipRequest, GunzipResponse } from './gunzip-protocol.js';
import { GUNZIP_SOURCE } from './gunzip-thread.generated.js';
import { startWorker } from './start-worker.js';

export interface GunzipThreadEvents {
  /** The thread runs. */
  readonly onReady: () => void;
  readonly onChunk: (bytes: Uint8Array) => void;
  /** A piece of input was used up; here is its memory. */
  readonly onUsed: (memory: ArrayBuffer) => void;
  readonly onEnd: (fault: GzipFault | undefined) => void;
  /** The thread died: a ParserError `WORKER_FAILED`. */
  readonly onFailure: (error: ParserError) => void;
}

/** The calling thread's end of the gunzip thread. */
export class GunzipThread {
  readonly #worker: Worker;
  #closing: Promise<number> | undefined;

  constructor(nice: number | undefined, events: GunzipThreadEvents) {
    const fail = (cause: unknown): void => {
      if (this.#closing !== undefined) return;
      const message = cause instanceof Error ? cause.message : String(cause);
      events.onFailure(new ParserError('WORKER_FAILED', `the gunzip thread failed: ${message}`, { cause }));
    };
    this.#worker = startWorker(GUNZIP_SOURCE, 'discogs-gunzip', { nice });
    this.#worker.once('online', events.onReady);
    this.#worker.on('message', (response: GunzipResponse) => {
      if (response.kind === 'chunk') events.onChunk(response.bytes);
      else if (response.kind === 'used') events.onUsed(response.memory);
      else events.onEnd(response.fault);
    });
    this.#worker.on('error', fail);
    this.#worker.on('messageerror', fail);
    this.#worker.on('exit', (code) => fail(new Error(`it ended with status ${code}`)));
    this.#worker.unref();
  }

  begin(module: WasmModule, saved: SavedDecoder): void {
    this.#post({ kind: 'begin', module, saved });
  }

  giveRoom(memory: ArrayBuffer): void {
    this.#post({ kind: 'room', memory }, memory);
  }

  /** The bytes' memory moves. */
  giveInput(bytes: Uint8Array<ArrayBuffer>): void {
    this.#post({ kind: 'input', bytes }, bytes.buffer);
  }

  finish(cut: boolean): void {
    this.#post({ kind: 'finish', cut });
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }

  /** Ends the thread, at once. Idempotent. */
  close(): Promise<number> {
    this.#closing ??= this.#worker.terminate();
    return this.#closing;
  }

  #post(request: GunzipRequest, ...moved: ArrayBuffer[]): void {
    this.#worker.postMessage(request, moved);
  }
}
