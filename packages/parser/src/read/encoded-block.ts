import type { DataType } from '../data-type.js';
import type { RecordFinding } from '../reports.js';

/** One encoded record of a block; `message` is a view of the block's buffer. */
export interface EncodedRecord {
  /** 1 for the dump's first record; skipped and omitted records count. */
  number: number;
  /** The id of the record before any transform, or `unknown`. */
  id: string;
  /** SHA-256 of the (transformed) record's canonical JSON, 64 lower-case hexadecimal digits. */
  sha256: string;
  /** The message body: UTF-8 JSON, without a line feed. */
  message: Uint8Array;
}

/** Some consecutive records of a dump, encoded into one buffer. */
export interface EncodedBlock extends Iterable<EncodedRecord> {
  readonly dataType: DataType;
  /** The numbers of the first and the last record that the block stands for, counted from 1. */
  readonly firstRecord: number;
  readonly lastRecord: number;
  /**
   * How many records are in the block: `lastRecord - firstRecord + 1`, less those that a transform omitted or failed on.
   * With a transform it can be 0; otherwise it is at least 1.
   */
  readonly count: number;
  /** What a transform reported about the records from `firstRecord` to `lastRecord`, in document order. */
  readonly findings: readonly RecordFinding[];
  /** All message bodies, each followed by a line feed: NDJSON, ready to be written to a file. */
  readonly bytes: Uint8Array;
  /** The number of the block's record `index`, counted from 0. @throws RangeError */
  number(index: number): number;
  /** The id of record `index`, without creating the other values. @throws RangeError */
  id(index: number): string;
  /** The SHA-256 of record `index`. @throws RangeError */
  sha256(index: number): string;
  /**
   * Writes the ids of all records, in order: `NaN` for those that are not a whole number of up to 15 digits without
   * leading zeros. Much faster than {@link id} for each. @throws RangeError if there is no room
   */
  readNumericIds(into: Float64Array): void;
  /**
   * Writes the SHA-256 of all records, in order, 32 bytes for each. Much faster than {@link sha256} for each.
   * @throws RangeError if there is no room
   */
  readHashes(into: Uint8Array): void;
  /** The message body of record `index`: a view of `bytes`. @throws RangeError */
  message(index: number): Uint8Array;
  /**
   * Optional: returns the block's memory, to be reused for a later block, which saves its allocation. Without this
   * call the memory is garbage-collected as usual. Call it only when `bytes` and all messages of the block are no
   * longer in use: their contents change afterwards. Idempotent.
   */
  release(): void;
}
