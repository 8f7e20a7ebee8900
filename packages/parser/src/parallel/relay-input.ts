import { AsyncSignal } from '@discogs-extractor/internal/async-signal';
import type { ByteSource } from '../input/byte-source.js';

const PIECE_BYTES = 1024 * 1024;

/** Pieces' memory that is kept for use again. */
const MOST_SPARES = 8;

interface Piece {
  readonly memory: SharedArrayBuffer;
  /** What is in it, and how much of that is used. */
  filled: number;
  used: number;
  /** How many shares look at it. */
  readers: number;
}

/** Compressed bytes that a leg was given. */
export interface InputShare {
  readonly bytes: readonly Uint8Array[];
  /** Nobody looks at them any more. */
  release(): void;
}

/** Reads a relay's compressed bytes ahead, into memory that all threads see: they need not move, and a leg can be run again. */
export class RelayInput {
  readonly #source: ByteSource;
  readonly #mostAhead: number;
  readonly #onNews: () => void;
  readonly #pieces: Piece[] = [];
  readonly #spares: SharedArrayBuffer[] = [];
  readonly #room = new AsyncSignal();
  #waiting = 0;
  #ended = false;
  #stopped = false;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param first - comes before what is read of `source`
   * @param mostAhead - how many bytes may wait
   * @param onNews - called when more waits, and at the end
   */
  constructor(source: ByteSource, first: Uint8Array, mostAhead: number, onNews: () => void) {
    this.#source = source;
    this.#mostAhead = mostAhead;
    this.#onNews = onNews;
    // In a piece of its own, so that what is read goes to where a piece begins: memory that threads share is copied by words only where
    // source and target lie alike.
    if (first.length > 0) {
      this.#pieces.push(newPiece(new SharedArrayBuffer(first.length)));
      this.#append(first);
    }
    void this.#read();
  }

  /** How many bytes wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether what waits is all that comes. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What the source failed with, behind all that waits. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** All that waits; it goes on waiting until it is {@link use}d. */
  share(): InputShare {
    const pieces = this.#pieces.filter(({ used, filled }) => used < filled);
    for (const piece of pieces) piece.readers++;
    return {
      bytes: pieces.map(({ memory, used, filled }) => new Uint8Array(memory, used, filled - used)),
      release: () => {
        for (const piece of pieces) {
          piece.readers--;
          this.#keep(piece);
        }
      },
    };
  }

  /** Passes over bytes. */
  use(bytes: number): void {
    this.#waiting -= bytes;
    let left = bytes;
    for (const piece of this.#pieces) {
      const part = Math.min(left, piece.filled - piece.used);
      piece.used += part;
      left -= part;
    }
    while (this.#pieces[0] !== undefined && isUsedUp(this.#pieces[0])) this.#keep(this.#pieces.shift()!);
    this.#room.notify();
  }

  stop(): void {
    this.#stopped = true;
    this.#room.notify();
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      while (this.#waiting >= this.#mostAhead && !this.#stopped) await this.#room.wait();
      if (this.#stopped) return;
      try {
        const bytes = await this.#source.read();
        if (bytes === undefined) this.#ended = true;
        else {
          this.#append(bytes);
          this.#source.recycle?.(bytes.buffer as ArrayBuffer);
        }
      } catch (error) {
        this.#failure = { error };
        this.#ended = true;
      }
      if (this.#stopped) return;
      this.#onNews();
      if (this.#ended) return;
    }
  }

  #append(bytes: Uint8Array): void {
    this.#waiting += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const last = this.#pieces.at(-1);
      const piece =
        last === undefined || isFull(last) ? newPiece(this.#spares.pop() ?? new SharedArrayBuffer(PIECE_BYTES)) : last;
      if (piece !== last) this.#pieces.push(piece);
      const part = bytes.subarray(at, at + piece.memory.byteLength - piece.filled);
      new Uint8Array(piece.memory, piece.filled).set(part);
      piece.filled += part.length;
      at += part.length;
    }
  }

  /** Keeps a piece's memory, once it is used up and nobody looks at it. */
  #keep(piece: Piece): void {
    if (piece.readers > 0 || !isUsedUp(piece) || piece.memory.byteLength !== PIECE_BYTES) return;
    if (this.#spares.length < MOST_SPARES) this.#spares.push(piece.memory);
  }
}

const newPiece = (memory: SharedArrayBuffer): Piece => ({ memory, filled: 0, used: 0, readers: 0 });

const isFull = ({ memory, filled }: Piece): boolean => filled === memory.byteLength;

const isUsedUp = (piece: Piece): boolean => isFull(piece) && piece.used === piece.filled;
