import type { DataType } from '../data-type.js';
import { fieldTreeOf } from '../pack/field-tree.js';
import { openRecords } from '../pack/record-reader.js';
import { HASH_LENGTH } from '../record/message-layout.js';
import type { RawRecords } from '../record/types.js';
import type { OpenDelivery } from './delivered-items.js';

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
export const openParsedRecords = <T extends DataType>(
  fields: readonly string[] | undefined,
): OpenDelivery<ParsedRecord<T>> => {
  const tree = fields === undefined ? undefined : fieldTreeOf(fields);
  return (delivery) => {
    const { firstRecord, indexes, ids, hashes } = delivery;
    const digits = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    const reader = openRecords(delivery, tree);
    return (index) => {
      const record = reader.next() as RawRecords[T];
      return {
        number: firstRecord + (indexes?.[index] ?? index),
        id: ids?.[index] ?? reader.id,
        sha256: digits.toString('latin1', index * HASH_LENGTH, (index + 1) * HASH_LENGTH),
        record,
      };
    };
  };
};
