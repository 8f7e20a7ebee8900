import { copyBytes } from './copy-bytes.js';

const FIRST_BYTES = 64 * 1024;

/** The UTF-8 bytes of a UTF-16 code unit, at most. */
const MAX_BYTES_PER_UNIT = 3;

const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** A record's canonical JSON as bytes. */
export interface CanonicalBytes {
  readonly bytes: Buffer;
  /** Where it is in `bytes`. */
  readonly start: number;
  readonly end: number;
  /** Where its member `id` is, from the name to the end of the value; both 0 if it has none. */
  readonly idStart: number;
  readonly idEnd: number;
}

/** Memory in which one record after the other is written, member by member. */
export class CanonicalBuffer implements CanonicalBytes {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  readonly start = 0;
  end = 0;
  idStart = 0;
  idEnd = 0;

  /** Begins a record. */
  open(): void {
    this.bytes[0] = OPEN;
    this.end = 1;
    this.idStart = 0;
    this.idEnd = 0;
  }

  /** Ends the record. */
  close(): void {
    this.#reserve(1);
    this.bytes[this.end++] = CLOSE;
  }

  /** Adds members, as JSON without a comma before or after them. */
  addText(members: string): void {
    this.#reserve(1 + MAX_BYTES_PER_UNIT * members.length);
    this.#separate();
    this.end += this.bytes.write(members, this.end);
  }

  /** The same, from bytes. */
  addBytes(source: Buffer, from: number, to: number): void {
    this.#reserve(1 + to - from);
    this.#separate();
    this.end = copyBytes(source, from, to, this.bytes, this.end);
  }

  /** Marks the member that was added last, when the record ended at `from`, as the member `id`. */
  markId(from: number): void {
    // A comma comes before it, unless it is the first.
    this.idStart = from === 1 ? from : from + 1;
    this.idEnd = this.end;
  }

  #separate(): void {
    if (this.end > 1) this.bytes[this.end++] = COMMA;
  }

  #reserve(bytes: number): void {
    if (this.end + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.end + bytes));
    larger.set(this.bytes.subarray(0, this.end));
    this.bytes = larger;
  }
}
