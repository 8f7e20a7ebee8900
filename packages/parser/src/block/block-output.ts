import type { LineOutput } from '../kernel/regular-records.js';
import { type Packer, packer } from '../pack/packer.js';
import type { PackedRecords } from '../pack/steps.js';
import type { BuiltRecord } from '../record/build-record.js';
import type { CanonicalBytes } from '../record/canonical-buffer.js';
import { copyBytes } from '../record/copy-bytes.js';
import { HASH_AFTER_ID, HASH_LENGTH, ID_START, type OutputKind, TABLE_WIDTH } from '../record/message-layout.js';

/** The first capacity if no memory is given, and the factor by which the capacity grows. */
const FIRST_BYTES = 64 * 1024;
const GROWTH = 1.5;

const NOTHING = Buffer.alloc(0);
const NO_TABLE = new Int32Array(0);

/** The UTF-8 bytes of a UTF-16 code unit, at most. */
const MAX_BYTES_PER_UNIT = 3;

const COMMA = 0x2c;
const LINE_FEED = 0x0a;

/** A part of some bytes. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** The bytes of a record, as far as it is not known where they are. */
const NO_SPAN: ByteSpan = { start: 0, end: 0 };

/** The bytes in memory of at least `length` bytes, which can be transferred: the same if it is large enough. */
const withCapacity = (bytes: Buffer, used: number, length: number): Buffer => {
  if (length <= bytes.length) return bytes;
  const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, Math.ceil(GROWTH * length)));
  larger.set(bytes.subarray(0, used));
  return larger;
};

/** The lines of a block, or its packed records. */
export interface FinishedOutput {
  bytes: Uint8Array;
  table: Int32Array;
  hashes: Uint8Array;
  xml: Uint8Array | undefined;
  packed: PackedRecords | undefined;
}

/**
 * Collects a block's lines. With output `messages` a line is a message body, and its span in the table is the id, as
 * JSON escapes it. With `json` and `raw` a line is a record's canonical JSON; its span is the record's XML with `raw`,
 * and means nothing with `json`. With `packed`, lines are those of `json`, and are packed as they come.
 */
export class BlockOutput implements LineOutput {
  readonly kind: OutputKind;
  #lines: Buffer;
  #length = 0;
  #table = new Int32Array(64);
  #records = 0;
  #hashes: Buffer = NOTHING;
  #hashBytes = 0;
  readonly #packer: Packer | undefined;

  /**
   * @param memory - holds the lines as long as it is large enough
   * @param fields - with output `packed`: the fields to keep; `undefined`: all
   */
  constructor(kind: OutputKind, memory?: ArrayBuffer, fields?: readonly string[]) {
    this.kind = kind;
    this.#packer = kind === 'packed' ? packer() : undefined;
    this.#packer?.begin(fields, memory);
    this.#lines = memory === undefined || kind === 'packed' ? NOTHING : Buffer.from(memory);
  }

  /** Adds one record. @param xml - with output `raw`: where the record is in the block */
  add(record: BuiltRecord, xml: ByteSpan = NO_SPAN): void {
    const start = this.#length;
    if (this.kind === 'messages') {
      const { head, tail } = record;
      this.#addText(`${head}${tail}\n`);
      this.#addRow(start, this.#length - 1, start + ID_START, start + Buffer.byteLength(head) - 1);
      return;
    }
    if (this.#packer !== undefined) {
      const json = Buffer.from(record.canonicalJson);
      this.#packer.addLine(json, 0, json.length);
      this.#addHash(record.sha256);
      return;
    }
    this.#addText(`${record.canonicalJson}\n`);
    this.#addRow(start, this.#length - 1, xml.start, xml.end);
    if (this.kind === 'json') this.#addHash(record.sha256);
  }

  /**
   * Adds a record from its canonical JSON.
   *
   * @param idJson - the id of the message as JSON, in place of the member `id`
   */
  addCanonical({ bytes, start, end, idStart, idEnd }: CanonicalBytes, idJson: string, hash: string): void {
    if (this.#packer !== undefined) {
      this.#packer.addLine(bytes, start, end);
      this.#addHash(hash);
      return;
    }
    const line = this.#length;
    if (this.kind !== 'messages') {
      this.#reserveBytes(end - start + 1);
      const lineEnd = copyBytes(bytes, start, end, this.#lines, line);
      this.#lines[lineEnd] = LINE_FEED;
      this.#length = lineEnd + 1;
      this.#addRow(line, lineEnd, 0, 0);
      this.#addHash(hash);
      return;
    }
    const head = `{"type":"data","id":${idJson},"sha256":"${hash}"`;
    this.#reserveBytes(MAX_BYTES_PER_UNIT * head.length + end - start + 2);
    const lines = this.#lines;
    let at = line + lines.write(head, line);
    const idTo = at - 1 - HASH_LENGTH - HASH_AFTER_ID;
    // The members before `id`, if there are any, and those after it, which begin with a comma, with the brace.
    const membersEnd = idEnd === 0 ? end - 1 : idStart - 1;
    if (membersEnd > start + 1) {
      lines[at] = COMMA;
      at = copyBytes(bytes, start + 1, membersEnd, lines, at + 1);
    }
    at = copyBytes(bytes, idEnd === 0 ? end - 1 : idEnd, end, lines, at);
    lines[at] = LINE_FEED;
    this.#length = at + 1;
    this.#addRow(line, at, line + ID_START, idTo);
  }

  addLines(lines: Uint8Array, table: Int32Array, xmlStart: number, hashes?: Uint8Array): void {
    if (hashes !== undefined) this.#addHashes(hashes);
    if (this.#packer !== undefined) {
      this.#packer.addLines(lines, table);
      return;
    }
    const at = this.#records * TABLE_WIDTH;
    this.#reserve(at + table.length);
    this.#table.set(table, at);
    const shift = this.#length;
    const spanShift = this.kind === 'raw' ? xmlStart : shift;
    if (shift > 0 || spanShift > 0) {
      const rows = this.#table;
      for (let row = at; row < at + table.length; row += TABLE_WIDTH) {
        rows[row]! += shift;
        rows[row + 1]! += shift;
        rows[row + 2]! += spanShift;
        rows[row + 3]! += spanShift;
      }
    }
    this.#records += table.length / TABLE_WIDTH;
    this.#addBytes(lines);
  }

  /**
   * Everything that was added, in memory that can be transferred to another thread. If there is space, the table
   * follows the lines: separate memory would accumulate, because the receiving thread rarely collects
   * garbage.
   *
   * @param xml - with output `raw`: the block that the lines were read from, which is copied
   */
  finish(xml: Uint8Array): FinishedOutput {
    const hashes = this.#hashes.subarray(0, this.#hashBytes);
    if (this.#packer !== undefined) return { ...this.#packer.finish(), xml: undefined, table: NO_TABLE, hashes };
    const end = this.#length;
    const hasXml = this.kind === 'raw' && this.#records > 0;
    if (hasXml) this.#addBytes(xml);
    return {
      bytes: this.#lines.subarray(0, end),
      xml: hasXml ? this.#lines.subarray(end, this.#length) : undefined,
      table: this.#finishTable(),
      hashes,
      packed: undefined,
    };
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

  #addHash(digits: string): void {
    this.#hashes = withCapacity(this.#hashes, this.#hashBytes, this.#hashBytes + HASH_LENGTH);
    this.#hashBytes += this.#hashes.write(digits, this.#hashBytes, 'latin1');
  }

  #addHashes(digits: Uint8Array): void {
    this.#hashes = withCapacity(this.#hashes, this.#hashBytes, this.#hashBytes + digits.length);
    this.#hashes.set(digits, this.#hashBytes);
    this.#hashBytes += digits.length;
  }

  #addBytes(bytes: Uint8Array): void {
    this.#reserveBytes(bytes.length);
    this.#lines.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #addText(text: string): void {
    this.#reserveBytes(MAX_BYTES_PER_UNIT * text.length);
    this.#length += this.#lines.write(text, this.#length);
  }

  /** Ensures capacity for `bytes` more bytes. */
  #reserveBytes(bytes: number): void {
    this.#lines = withCapacity(this.#lines, this.#length, this.#length + bytes);
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
