import type { DataType } from '../data-type.js';
import { type FieldTree, fieldTreeOf, keepFields } from '../pack/field-tree.js';
import { Unpacker } from '../pack/unpacker.js';
import { HASH_LENGTH, TABLE_WIDTH } from '../record/message-layout.js';
import { recordIdOf, UNKNOWN } from '../record/record-id.js';
import type { RawRecords, XmlObject } from '../record/types.js';
import type { Delivery } from './collector.js';

/** One record as an object. */
export interface ParsedRecord<T extends DataType = DataType> {
  /** 1 for the dump's first record; skipped records count. */
  number: number;
  /** The record id, or `unknown`. */
  id: string;
  /** SHA-256 of the record's canonical JSON, 64 lower-case hexadecimal digits. */
  sha256: string;
  /** The record: its canonical JSON, parsed. After a transform, what that has made of it. */
  record: RawRecords[T];
}

/** Makes objects of what is delivered with output `packed` or `json`, with the given fields only. */
export async function* parsedRecords<T extends DataType>(
  deliveries: AsyncIterable<Delivery>,
  fields: readonly string[] | undefined,
): AsyncGenerator<ParsedRecord<T>, void, undefined> {
  const tree = fields === undefined ? undefined : fieldTreeOf(fields);
  for await (const delivery of deliveries) {
    const { firstRecord, count, hashes, indexes, ids, release } = delivery;
    const digits = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    const reader = delivery.packed === undefined ? new JsonReader(delivery, tree) : new PackedReader(delivery, tree);
    for (let index = 0; index < count; index++) {
      const record = reader.next() as RawRecords[T];
      yield {
        number: firstRecord + (indexes?.[index] ?? index),
        id: ids?.[index] ?? reader.id,
        sha256: digits.toString('latin1', index * HASH_LENGTH, (index + 1) * HASH_LENGTH),
        record,
      };
    }
    release?.();
  }
}

interface RecordReader {
  /** The next record. */
  next(): XmlObject;
  /** The id of the record that was returned last. */
  readonly id: string;
}

class JsonReader implements RecordReader {
  readonly #text: Buffer;
  readonly #table: Int32Array;
  readonly #tree: FieldTree | undefined;
  #row = 0;
  id = UNKNOWN;

  constructor({ bytes, table }: Delivery, tree: FieldTree | undefined) {
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#table = table;
    this.#tree = tree;
  }

  next(): XmlObject {
    const row = this.#row;
    this.#row += TABLE_WIDTH;
    const record = JSON.parse(this.#text.toString('utf8', this.#table[row], this.#table[row + 1])) as XmlObject;
    this.id = recordIdOf(record);
    if (this.#tree !== undefined) keepFields(record, this.#tree);
    return record;
  }
}

class PackedReader implements RecordReader {
  readonly #records: Unpacker;
  readonly #tree: FieldTree | undefined;
  id = UNKNOWN;

  constructor({ bytes, packed }: Delivery, tree: FieldTree | undefined) {
    this.#records = new Unpacker(bytes, packed!, tree !== undefined);
    this.#tree = tree;
  }

  next(): XmlObject {
    const records = this.#records;
    const record = records.next();
    if (this.#tree === undefined || records.isWhole) {
      this.id = recordIdOf(record);
      if (this.#tree !== undefined) keepFields(record, this.#tree);
    } else {
      this.id = typeof records.id === 'string' ? records.id : UNKNOWN;
    }
    return record;
  }
}
