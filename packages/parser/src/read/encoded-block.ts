import type { DataType } from '../data-type.js';

/** One encoded record of a block; `message` is a view of the block's buffer. */
export interface EncodedRecord {
  /** 1 for the dump's first record, the ones that `skip` passed over included. */
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
  /** All message bodies, each followed by a line feed: NDJSON as it stands. */
  readonly bytes: Uint8Array;
  /** Of the block's record `index`, counted from 0. @throws RangeError */
  id(index: number): string;
  sha256(index: number): string;
  message(index: number): Uint8Array;
  /**
   * Gives the block's memory back for a later block, which saves the time to allocate it. Not needed, and only for who
   * knows that nobody looks at `bytes` or at a message any more: they are gone with it. Idempotent.
   */
  release(): void;
}
