import type { DataType } from '../data-type.js';

/** One encoded record of a block; `message` is a view of the block's buffer. */
export interface EncodedRecord {
  /** 1 for the dump's first record; skipped records count. */
  number: number;
  /** The record id, or `unknown`. */
  id: string;
  /** SHA-256 of the record's canonical JSON, 64 lower-case hexadecimal digits. */
  sha256: string;
  /** The message body: UTF-8 JSON, without a line feed. */
  message: Uint8Array;
}

/** Some consecutive records of a dump, encoded into one buffer. */
export interface EncodedBlock extends Iterable<EncodedRecord> {
  readonly dataType: DataType;
  /** The number of the block's first record, counted from 1. */
  readonly firstRecord: number;
  /** How many records; at least 1. */
  readonly count: number;
  /** All message bodies, each followed by a line feed: NDJSON, ready to be written to a file. */
  readonly bytes: Uint8Array;
  /** The id of the block's record `index`, counted from 0, without creating the other values. @throws RangeError */
  id(index: number): string;
  /** The SHA-256 of record `index`. @throws RangeError */
  sha256(index: number): string;
  /** The message body of record `index`: a view of `bytes`. @throws RangeError */
  message(index: number): Uint8Array;
  /**
   * Optional: returns the block's memory, to be reused for a later block, which saves its allocation. Without this
   * call the memory is garbage-collected as usual. Call it only when `bytes` and all messages of the block are no
   * longer in use: their contents change afterwards. Idempotent.
   */
  release(): void;
}
