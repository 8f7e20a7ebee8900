import { iterateRecords } from '@discogs-extractor/internal/indexed-records';
import type { DataType } from '../data-type.js';
import { HASH_AFTER_ID, HASH_LENGTH, TABLE_WIDTH } from '../record/message-layout.js';
import type { RecordFinding } from '../reports.js';
import type { Delivery } from './collector.js';
import type { EncodedBlock, EncodedRecord } from './encoded-block.js';

const HASH_BYTES = HASH_LENGTH / 2;

/** The values of lower-case hexadecimal digits by byte. */
const DIGITS = new Uint8Array(256);
for (const [value, digit] of [...'0123456789abcdef'].entries()) DIGITS[digit.charCodeAt(0)] = value;

/** Whole numbers of up to so many digits are exact. */
const MAX_ID_DIGITS = 15;

const ZERO = 0x30;

const assertRoom = ({ length }: { readonly length: number }, needed: number): void => {
  if (length < needed) throw new RangeError(`There is room for ${length} values, and the block has ${needed}`);
};

/** The id between two places as a number; `NaN` if it is not one in canonical form. */
const readNumericId = (bytes: Uint8Array, start: number, end: number): number => {
  const isCanonical = end > start && end - start <= MAX_ID_DIGITS && (bytes[start] !== ZERO || end === start + 1);
  let value = isCanonical ? 0 : Number.NaN;
  for (let at = start; at < end && !Number.isNaN(value); at++) {
    const digit = bytes[at]! - ZERO;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
  }
  return value;
};

/** An encoded block in the memory that it was encoded into; ids and hashes are read from the messages on demand. */
export class MessageBlock implements EncodedBlock {
  readonly dataType: DataType;
  readonly firstRecord: number;
  readonly lastRecord: number;
  readonly count: number;
  readonly findings: readonly RecordFinding[];
  readonly bytes: Buffer;
  readonly #table: Int32Array;
  readonly #indexes: Int32Array | undefined;
  #release: (() => void) | undefined;

  constructor({
    dataType,
    firstRecord,
    lastRecord,
    count,
    bytes,
    table,
    indexes,
    findings,
    release,
  }: Omit<Delivery, 'hashes' | 'ids' | 'packed' | 'results'>) {
    this.dataType = dataType;
    this.firstRecord = firstRecord;
    this.lastRecord = lastRecord;
    this.count = count;
    this.findings = findings;
    this.#indexes = indexes;
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#table = table;
    this.#release = release;
  }

  number(index: number): number {
    this.#row(index);
    return this.firstRecord + (this.#indexes?.[index] ?? index);
  }

  id(index: number): string {
    const row = this.#row(index);
    const start = this.#table[row + 2]!;
    const end = this.#table[row + 3]!;
    const text = this.bytes.toString('utf8', start, end);
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
  }

  sha256(index: number): string {
    const start = this.#table[this.#row(index) + 3]! + HASH_AFTER_ID;
    return this.bytes.toString('latin1', start, start + HASH_LENGTH);
  }

  readNumericIds(into: Float64Array): void {
    assertRoom(into, this.count);
    for (let index = 0; index < this.count; index++) {
      const row = index * TABLE_WIDTH;
      into[index] = readNumericId(this.bytes, this.#table[row + 2]!, this.#table[row + 3]!);
    }
  }

  readHashes(into: Uint8Array): void {
    assertRoom(into, this.count * HASH_BYTES);
    const { bytes, count } = this;
    for (let index = 0, at = 0; index < count; index++) {
      let digit = this.#table[index * TABLE_WIDTH + 3]! + HASH_AFTER_ID;
      for (const end = at + HASH_BYTES; at < end; at++, digit += 2) {
        into[at] = (DIGITS[bytes[digit]!]! << 4) | DIGITS[bytes[digit + 1]!]!;
      }
    }
  }

  message(index: number): Buffer {
    const row = this.#row(index);
    return this.bytes.subarray(this.#table[row], this.#table[row + 1]);
  }

  release(): void {
    const release = this.#release;
    this.#release = undefined;
    // The caller may have transferred the buffer to another thread.
    if (this.bytes.buffer.byteLength > 0) release?.();
  }

  [Symbol.iterator](): Generator<EncodedRecord, void, undefined> {
    return iterateRecords(this);
  }

  #row(index: number): number {
    if (!(index >= 0 && index < this.count))
      throw new RangeError(`There is no record ${index} in this block of ${this.count} records`);
    return index * TABLE_WIDTH;
  }
}
