import type { DataType } from '../data-type.js';
import type { OutputKind } from '../record/message-layout.js';

/** Takes the lines of encoded records. */
export interface LineOutput {
  readonly kind: OutputKind;
  /**
   * Adds finished lines and their table; copies both.
   *
   * @param xmlStart - with output `raw`: the position that the spans of XML are relative to
   * @param hashes - with output `json`
   */
  addLines(lines: Uint8Array, table: Int32Array, xmlStart: number, hashes?: readonly string[]): void;
}

/** Encodes regular records, as many in a row as it can; where it stops, the strict engine continues. */
export interface RegularRecords {
  begin(bytes: Buffer): void;
  /**
   * @param skip - how many records to skip first
   * @param run - where to begin; is updated
   */
  encode(dataType: DataType, skip: number, output: LineOutput, run: RegularRun): void;
}

/** One run of regular records. */
export interface RegularRun {
  /** The first byte that was not consumed. */
  position: number;
  records: number;
  skipped: number;
  /**
   * Encoded records without an id: their positions, how many records of this run are before each, and whether an empty
   * child `id` was left out.
   */
  unknownIds: { recordsBefore: number; at: number; hasEmptyId: boolean }[];
}
