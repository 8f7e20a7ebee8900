import { TABLE_WIDTH } from '../record/message-layout.js';
import { recordIdOf, UNKNOWN } from '../record/record-id.js';
import type { XmlObject } from '../record/types.js';
import { type FieldTree, keepFields } from './field-tree.js';
import type { PackedRecords } from './steps.js';
import { Unpacker } from './unpacker.js';

/** The records of a block with output `packed`, `json` or `raw`. */
export interface RecordBytes {
  readonly bytes: Uint8Array;
  readonly table: Int32Array;
  readonly packed: PackedRecords | undefined;
}

/** @param tree - the fields to keep; `undefined`: all */
export const openRecords = (records: RecordBytes, tree: FieldTree | undefined): RecordReader =>
  records.packed === undefined ? new JsonReader(records, tree) : new PackedReader(records, records.packed, tree);

/** Reads the records of a block, one after the other. */
export interface RecordReader {
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

  constructor({ bytes, table }: RecordBytes, tree: FieldTree | undefined) {
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

  constructor({ bytes }: RecordBytes, packed: PackedRecords, tree: FieldTree | undefined) {
    this.#records = new Unpacker(bytes, packed, tree !== undefined);
    this.#tree = tree;
  }

  next(): XmlObject {
    const records = this.#records;
    const record = records.next();
    if (records.isWhole) {
      this.id = recordIdOf(record);
      if (this.#tree !== undefined) keepFields(record, this.#tree);
    } else {
      this.id = typeof records.id === 'string' ? records.id : UNKNOWN;
    }
    return record;
  }
}
