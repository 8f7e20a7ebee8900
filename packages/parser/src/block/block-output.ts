import type { LineOutput } from '../kernel/regular-records.js';
import type { BuiltRecord } from '../record/build-record.js';
import { ID_START, type OutputKind, TABLE_WIDTH } from '../record/message-layout.js';

/** The first capacity if no memory is given, and the factor by which the capacity grows. */
const FIRST_BYTES = 64 * 1024;
const GROWTH = 1.5;

const NOTHING = new Uint8Array(0);

/**
 * Collects a block's lines. With output `messages` a line is a message body and its id a span of it, as JSON escapes
 * it; with output `json` a line is a record's canonical JSON and the id's span means nothing.
 */
export class BlockOutput implements LineOutput {
  readonly kind: OutputKind;
  #lines: Buffer;
  #length = 0;
  #table = new Int32Array(64);
  #records = 0;
  #hashes: string[] = [];

  /** @param memory - holds the lines as long as it is large enough */
  constructor(kind: OutputKind, memory?: ArrayBuffer) {
    this.kind = kind;
    this.#lines = memory === undefined ? Buffer.alloc(0) : Buffer.from(memory);
  }

  /** Adds a record that the strict engine built. */
  add(record: BuiltRecord): void {
    const isMessage = this.kind === 'messages';
    const line = Buffer.from(isMessage ? `${record.head}${record.tail}\n` : `${record.canonicalJson}\n`);
    const idEnd = isMessage ? Buffer.byteLength(record.head) - 1 : ID_START;
    if (!isMessage) this.#hashes.push(record.sha256);
    this.#addRow(this.#length, this.#length + line.length - 1, this.#length + ID_START, this.#length + idEnd);
    this.#addBytes(line);
  }

  /** Adds finished lines and their table; copies both. `hashes` only with output `json`. */
  addLines(lines: Uint8Array, table: Int32Array, hashes?: readonly string[]): void {
    const at = this.#records * TABLE_WIDTH;
    this.#reserve(at + table.length);
    this.#table.set(table, at);
    if (this.#length > 0) {
      for (let index = at; index < at + table.length; index++) this.#table[index]! += this.#length;
    }
    this.#records += table.length / TABLE_WIDTH;
    if (hashes !== undefined) for (const hash of hashes) this.#hashes.push(hash);
    this.#addBytes(lines);
  }

  /**
   * Everything that was added, in memory that can be transferred to another thread. If there is space, the table
   * follows the lines: separate memory would accumulate, because the receiving thread rarely collects
   * garbage.
   */
  finish(): { bytes: Uint8Array; table: Int32Array; hashes: Uint8Array } {
    const hashes = this.#hashes.length === 0 ? NOTHING : Uint8Array.from(Buffer.from(this.#hashes.join(''), 'latin1'));
    return { bytes: this.#lines.subarray(0, this.#length), table: this.#finishTable(), hashes };
  }

  #finishTable(): Int32Array {
    const table = this.#table.subarray(0, this.#records * TABLE_WIDTH);
    const { buffer, byteOffset } = this.#lines;
    const start = Math.ceil((byteOffset + this.#length) / table.BYTES_PER_ELEMENT) * table.BYTES_PER_ELEMENT;
    if (start + table.byteLength > byteOffset + this.#lines.length) return table.slice();
    const copy = new Int32Array(buffer, start, table.length);
    copy.set(table);
    return copy;
  }

  #addBytes(bytes: Uint8Array): void {
    const end = this.#length + bytes.length;
    if (end > this.#lines.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, Math.ceil(GROWTH * end)));
      larger.set(this.#lines.subarray(0, this.#length));
      this.#lines = larger;
    }
    this.#lines.set(bytes, this.#length);
    this.#length = end;
  }

  /** Ensures capacity for a table of `length` numbers. */
  #reserve(length: number): void {
    if (length <= this.#table.length) return;
    const table = new Int32Array(Math.max(length, 2 * this.#table.length));
    table.set(this.#table);
    this.#table = table;
  }

  #addRow(start: number, end: number, idStart: number, idEnd: number): void {
    const at = this.#records * TABLE_WIDTH;
    this.#reserve(at + TABLE_WIDTH);
    this.#table[at] = start;
    this.#table[at + 1] = end;
    this.#table[at + 2] = idStart;
    this.#table[at + 3] = idEnd;
    this.#records++;
  }
}
