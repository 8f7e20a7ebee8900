import type { DataType } from '../data-type.js';
import { type FieldTree, fieldTreeOf, keepFields } from '../pack/field-tree.js';
import type { PackedRecords } from '../pack/steps.js';
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

/**
 * Makes objects of what is delivered with output `packed` or `json`, with the given fields only.
 *
 * An async generator would cost as much per record as to make a small one: it takes several turns of the microtask queue
 * for each. Here, it is one, and the records of a delivery need none of the steps that wait for the next.
 */
export class ParsedRecords<T extends DataType> implements AsyncIterableIterator<ParsedRecord<T>, void, undefined> {
  readonly #deliveries: AsyncGenerator<Delivery, void, undefined>;
  readonly #tree: FieldTree | undefined;
  #delivery: Delivery | undefined;
  #digits: Buffer = Buffer.alloc(0);
  #reader: RecordReader | undefined;
  #index = 0;
  /** How many calls wait for earlier ones, and the last of them. */
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(deliveries: AsyncGenerator<Delivery, void, undefined>, fields: readonly string[] | undefined) {
    this.#deliveries = deliveries;
    this.#tree = fields === undefined ? undefined : fieldTreeOf(fields);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ParsedRecord<T>, void>> {
    if (this.#waiting === 0 && this.#hasRecord) return Promise.resolve({ done: false, value: this.#take() });
    return this.#inTurn(async () => {
      while (!this.#hasRecord) {
        this.#delivery?.release?.();
        this.#delivery = undefined;
        const { done, value } = await this.#deliveries.next();
        if (done) return { done: true, value: undefined };
        this.#open(value);
      }
      return { done: false, value: this.#take() };
    });
  }

  return(): Promise<IteratorResult<ParsedRecord<T>, void>> {
    return this.#inTurn(async () => {
      this.#delivery = undefined;
      await this.#deliveries.return();
      return { done: true, value: undefined };
    });
  }

  /** Calls that do not wait for each other's result are carried out one after the other. */
  #inTurn<R>(step: () => Promise<R>): Promise<R> {
    this.#waiting++;
    const result = this.#last.then(step);
    const isOver = (): void => {
      this.#waiting--;
    };
    this.#last = result.then(isOver, isOver);
    return result;
  }

  get #hasRecord(): boolean {
    return this.#delivery !== undefined && this.#index < this.#delivery.count;
  }

  #open(delivery: Delivery): void {
    const { hashes, packed } = delivery;
    this.#delivery = delivery;
    this.#index = 0;
    this.#digits = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    this.#reader =
      packed === undefined ? new JsonReader(delivery, this.#tree) : new PackedReader(delivery, packed, this.#tree);
  }

  #take(): ParsedRecord<T> {
    const { firstRecord, indexes, ids } = this.#delivery!;
    const reader = this.#reader!;
    const index = this.#index++;
    const record = reader.next() as RawRecords[T];
    return {
      number: firstRecord + (indexes?.[index] ?? index),
      id: ids?.[index] ?? reader.id,
      sha256: this.#digits.toString('latin1', index * HASH_LENGTH, (index + 1) * HASH_LENGTH),
      record,
    };
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

  constructor({ bytes }: Delivery, packed: PackedRecords, tree: FieldTree | undefined) {
    this.#records = new Unpacker(bytes, packed, tree !== undefined);
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
