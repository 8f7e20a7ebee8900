import type { BuiltRecord } from '../record/build-record.js';
import type { OutputKind } from './encode-block.js';

/** Numbers per record in a block's table: start and end of its line (line feed not counted), start and end of its id. */
export const TABLE_WIDTH = 4;

/** Bytes of a message before its id: `{"type":"data","id":"`. */
const BEFORE_ID = 21;

/** Bytes of a message from its id's end to its hash: `","sha256":"`. */
export const HASH_AFTER_ID = 12;

export const HASH_LENGTH = 64;

/** Blocks differ little in the size of what they become. */
const HEADROOM = 1.25;

const NOTHING = new Uint8Array(0);

/**
 * Collects a block's lines. With output `messages` a line is a message body and its id a span of it, as JSON escapes it;
 * with output `json` a line is a record's canonical JSON and the id's span means nothing.
 */
export class BlockOutput {
  readonly kind: OutputKind;
  #memory: ArrayBuffer | undefined;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #table = new Int32Array(64);
  #records = 0;
  #hashes: string[] = [];

  /** @param memory - used for the lines where it is large enough */
  constructor(kind: OutputKind, memory?: ArrayBuffer) {
    this.kind = kind;
    this.#memory = memory;
  }

  /** Adds a record that the strict engine built. */
  add(record: BuiltRecord): void {
    const isMessage = this.kind === 'messages';
    const line = Buffer.from(isMessage ? `${record.head}${record.tail}\n` : `${record.canonicalJson}\n`);
    const idEnd = isMessage ? Buffer.byteLength(record.head) - 1 : BEFORE_ID;
    if (!isMessage) this.#hashes.push(record.sha256);
    this.#addRow(this.#length, this.#length + line.length - 1, this.#length + BEFORE_ID, this.#length + idEnd);
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
    if (lines.length === 0) return;
    const copy = this.#take(lines.length);
    copy.set(lines);
    this.#addBytes(copy);
  }

  /** All that was added, each part in memory of its own, so that it can be sent to another thread. */
  finish(): { bytes: Uint8Array; table: Int32Array; hashes: Uint8Array } {
    const [only] = this.#chunks;
    const bytes = this.#chunks.length === 1 ? only! : this.#join();
    const hashes = this.#hashes.length === 0 ? NOTHING : Uint8Array.from(Buffer.from(this.#hashes.join(''), 'latin1'));
    return { bytes, table: this.#table.slice(0, this.#records * TABLE_WIDTH), hashes };
  }

  #join(): Uint8Array {
    const bytes = this.#take(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  /** Memory that is no one else's. Where memory comes back from a consumer, it is made large enough for later blocks. */
  #take(length: number): Buffer {
    const memory = this.#memory;
    if (memory === undefined) return Buffer.allocUnsafeSlow(length);
    this.#memory = undefined;
    if (memory.byteLength >= length) return Buffer.from(memory, 0, length);
    return Buffer.allocUnsafeSlow(Math.ceil(length * HEADROOM)).subarray(0, length);
  }

  #addBytes(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Makes room for a table of `length` numbers. */
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
