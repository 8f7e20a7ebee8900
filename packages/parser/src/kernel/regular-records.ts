import type { DataType } from '../data-type.js';
import type { InventoryCounter } from '../inventory/inventory-counter.js';
import type { OutputKind } from '../record/message-layout.js';
import type { RecordRange } from '../record/record-range.js';

/** Takes the lines of encoded records. */
export interface LineOutput {
  readonly kind: OutputKind;
  /**
   * Adds finished lines and their table; copies both.
   *
   * @param xmlStart - with output `raw`: the position that the spans of XML are relative to
   * @param hashes - with output `json` and `packed`: the hashes of all lines, 64 digits each; copied too
   */
  addLines(lines: Uint8Array, table: Int32Array, xmlStart: number, hashes?: Uint8Array): void;
}

/** Encodes regular records, as many in a row as it can; where it stops, the strict engine continues. */
export interface RegularRecords {
  /** @param inventory - takes the inventory of what is encoded */
  begin(bytes: Buffer, inventory: InventoryCounter): void;
  /**
   * @param range - which of the block's records to encode and to count
   * @param recordsBefore - how many of them are before this run
   * @param run - where to begin; is updated
   */
  encode(dataType: DataType, range: RecordRange, recordsBefore: number, output: LineOutput, run: RegularRun): void;
  /** Completes the inventory. Returns false if there were too many paths: then it is of no use. */
  takeInventory(): boolean;
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
