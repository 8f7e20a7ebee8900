import { AsyncSignal } from '@discogs-extractor/internal/async-signal';
import type { ByteSource } from '../input/byte-source.js';

const PIECE_BYTES = 1024 * 1024;

/** Memory of how many pieces is kept for reuse. */
const MAX_SPARES = 8;

interface Piece {
  readonly memory: SharedArrayBuffer;
  /** How many bytes it holds, and how many of them are used. */
  filled: number;
  used: number;
  /** How many shares refer to it. */
  readers: number;
}

/** Compressed bytes that a segment was given. */
export interface InputShare {
  readonly bytes: readonly Uint8Array[];
  /** Reports that the bytes are no longer read. */
  release(): void;
}

export interface CompressedInputOptions {
  readonly source: ByteSource;
  /** Bytes that come before those of `source`. */
  readonly first: Uint8Array;
  /** How many bytes may wait. */
  readonly maxAheadBytes: () => number;
  /** Called when more bytes wait, and at the end. */
  readonly onChange: () => void;
}

/**
 * Reads the compressed bytes ahead, into memory that all threads share: it need not be transferred, and a segment can
 * be inflated a second time.
 */
export class CompressedInput {
  readonly #options: CompressedInputOptions;
  readonly #pieces: Piece[] = [];
  readonly #spares: SharedArrayBuffer[] = [];
  /** Notified when more bytes may be read, and by `stop`. */
  readonly #demandChanged = new AsyncSignal();
  #insufficient = -1;
  #waiting = 0;
  #ended = false;
  #stopped = false;
  #failure: { readonly error: unknown } | undefined;

  private constructor(options: CompressedInputOptions) {
    this.#options = options;
  }

  /** Starts reading. */
  static start(options: CompressedInputOptions): CompressedInput {
    const input = new CompressedInput(options);
    const { first } = options;
    // In a piece of its own, so that every chunk read from the source starts at a piece's beginning: shared memory is
    // copied by words only if source and target are aligned alike, and four times slower otherwise.
    if (first.length > 0) {
      input.#pieces.push(newPiece(new SharedArrayBuffer(first.length)));
      input.#append(first);
    }
    void input.#read();
    return input;
  }

  /** How many bytes wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether nothing comes after the bytes that wait. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The error of the source, after all bytes that wait. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** All bytes that wait; they wait until {@link use} is called. */
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

  /** Marks the first `bytes` bytes as used. */
  use(bytes: number): void {
    this.#waiting -= bytes;
    let left = bytes;
    for (const piece of this.#pieces) {
      const part = Math.min(left, piece.filled - piece.used);
      piece.used += part;
      left -= part;
    }
    while (this.#pieces[0] !== undefined && isUsedUp(this.#pieces[0])) this.#keep(this.#pieces.shift()!);
    this.#demandChanged.notify();
  }

  /** Reads more than `bytes` bytes, even if that is more than `maxAheadBytes`: fewer are not enough to continue. */
  readMoreThan(bytes: number): void {
    this.#insufficient = bytes;
    this.#demandChanged.notify();
  }

  stop(): void {
    this.#stopped = true;
    this.#demandChanged.notify();
  }

  async #read(): Promise<void> {
    const { source, maxAheadBytes, onChange } = this.#options;
    while (!this.#stopped) {
      while (this.#waiting >= maxAheadBytes() && this.#waiting > this.#insufficient && !this.#stopped) {
        await this.#demandChanged.wait();
      }
      if (this.#stopped) return;
      try {
        const bytes = await source.read();
        if (bytes === undefined) this.#ended = true;
        else {
          this.#append(bytes);
          source.recycle?.(bytes.buffer as ArrayBuffer);
        }
      } catch (error) {
        this.#failure = { error };
        this.#ended = true;
      }
      if (this.#stopped) return;
      onChange();
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

  /** Keeps a piece's memory, once the piece is used up and no share refers to it. */
  #keep(piece: Piece): void {
    if (piece.readers > 0 || !isUsedUp(piece) || piece.memory.byteLength !== PIECE_BYTES) return;
    if (this.#spares.length < MAX_SPARES) this.#spares.push(piece.memory);
  }
}

const newPiece = (memory: SharedArrayBuffer): Piece => ({ memory, filled: 0, used: 0, readers: 0 });

const isFull = ({ memory, filled }: Piece): boolean => filled === memory.byteLength;

const isUsedUp = (piece: Piece): boolean => isFull(piece) && piece.used === piece.filled;
