import type { BlockNote, BlockResult } from '../block/encode-block.js';
import type { DataType } from '../data-type.js';
import { ParserError } from '../errors.js';
import { inventoryOf } from '../inventory/inventory-counter.js';
import type { PackedRecords } from '../pack/steps.js';
import { TABLE_WIDTH } from '../record/message-layout.js';
import { type RecordRange, rangeAfter } from '../record/record-range.js';
import type { ReadStats, RecordFinding } from '../reports.js';
import type { ResolvedReadOptions } from './resolve-options.js';

/** The records of a block that are to be delivered. */
export interface Delivery {
  dataType: DataType;
  firstRecord: number;
  lastRecord: number;
  /** How many lines or results: a transform or mapper can omit records. */
  count: number;
  bytes: Uint8Array;
  table: Int32Array;
  /** With output `packed`: what `bytes` holds. There is no table then. */
  packed: PackedRecords | undefined;
  hashes: Uint8Array;
  /**
   * After a transform: for each line its record, counted from `firstRecord`, and unless the output is `messages`, that
   * record's id.
   */
  indexes: Int32Array | undefined;
  ids: readonly string[] | undefined;
  findings: readonly RecordFinding[];
  /** With output `mapped`: what the mapper made of the records. */
  results: readonly unknown[] | undefined;
  /** Returns the memory of `bytes` for reuse. */
  release: (() => void) | undefined;
}

export interface Collected {
  delivery: Delivery | undefined;
  /** Thrown after the delivery. */
  error: ParserError | undefined;
  /** Whether reading is over; if `limit` ended it, the dump itself is not. */
  done: boolean;
}

const NO_FINDINGS: readonly RecordFinding[] = [];

/** Of a block's first `records` records, those that a transform or mapper failed on. */
const countFailures = ({ notes }: BlockResult, records: number): number =>
  notes.filter((note) => note.kind === 'malformed' && note.thrown !== undefined && note.recordsBefore < records).length;

/**
 * Takes the results of consecutive blocks: numbers the records, keeps the counters, calls the callbacks, and applies
 * `limit` and `maxMalformed`.
 */
export class Collector {
  readonly #options: ResolvedReadOptions;
  readonly #stats: ReadStats;
  #limited = false;
  /** Bytes of XML before the next block. */
  #offset = 0;
  #delivered = 0;
  /** Position of the last malformed record. */
  #lastMalformed = 0;
  /** The broken record that continues past a block's end. */
  #open: { start: number; length: number; kept: Uint8Array[]; keptLength: number } | undefined;

  constructor(options: ResolvedReadOptions, stats: ReadStats) {
    this.#options = options;
    this.#stats = stats;
  }

  /** Whether `limit` was reached. */
  get limited(): boolean {
    return this.#limited;
  }

  /** The range of the next block. */
  get nextRange(): RecordRange {
    return rangeAfter(this.#options, this.#stats.records, this.#stats.skipped);
  }

  take(result: BlockResult): Collected {
    const stats = this.#stats;
    stats.dataType = result.state.dataType ?? stats.dataType;
    const recordsBefore = stats.records;
    const { inventoryFrom } = this.nextRange;
    const cut = this.#cut(result);

    for (const note of result.notes) {
      if (note.recordsBefore > cut.records || (cut.limited && note.recordsBefore === cut.records)) break;
      this.#report(note, recordsBefore);
      if (this.#tooMany()) break;
    }
    const delivered = cut.records - result.skipped;
    stats.records += cut.records;
    stats.skipped += Math.min(result.skipped, cut.records);
    this.#delivered += Math.max(delivered, 0);
    const offset = this.#offset;
    this.#offset += result.consumed;
    stats.parsedXmlBytes = this.#offset;

    const delivery = delivered > 0 ? this.#delivery(result, recordsBefore + result.skipped + 1, delivered) : undefined;
    if (delivery !== undefined) {
      stats.omitted += delivered - delivery.count - countFailures(result, cut.records);
      for (const finding of delivery.findings) this.#options.onFinding?.(finding);
    }
    if (this.#tooMany()) {
      const message = `More than ${this.#options.maxMalformed} malformed records: see onMalformed, or raise maxMalformed`;
      return { delivery, done: true, error: this.#error('TOO_MANY_MALFORMED', message, this.#lastMalformed) };
    }
    this.#reportInventory(result, recordsBefore, inventoryFrom, cut.records);
    this.#limited = cut.limited;
    if (cut.limited) return { delivery, done: true, error: undefined };
    if (result.error !== undefined) {
      const { code, message, at } = result.error;
      return { delivery, done: true, error: this.#error(code, message, offset + at) };
    }
    return { delivery, done: result.ended, error: undefined };
  }

  #reportInventory({ inventory }: BlockResult, recordsBefore: number, from: number, to: number): void {
    if (inventory === undefined || from >= to) return;
    const block = inventoryOf(inventory, this.#stats.dataType!, { recordsBefore, from, to });
    this.#options.onInventory?.(block);
  }

  /** How many of the block's records count: up to the limit, or up to one malformed record too many. */
  #cut(result: BlockResult): { records: number; limited: boolean } {
    let { records } = result;
    let limited = false;
    const left = this.#options.limit - this.#delivered;
    if (records - result.skipped >= left) {
      records = result.skipped + left;
      limited = true;
    }
    let malformed = this.#stats.malformed;
    for (const note of result.notes) {
      if (note.kind !== 'malformed' || !note.ends) continue;
      malformed++;
      if (malformed > this.#options.maxMalformed && note.recordsBefore < records) {
        return { records: note.recordsBefore, limited: false };
      }
    }
    return { records, limited };
  }

  #delivery(result: BlockResult, firstRecord: number, records: number): Delivery {
    const { transformed } = result;
    let count = records;
    if (transformed !== undefined) {
      count = transformed.indexes.length;
      while (count > 0 && transformed.indexes[count - 1]! >= records) count--;
    }
    const table = result.table.subarray(0, count * TABLE_WIDTH);
    const end = count === 0 ? 0 : (table[(count - 1) * TABLE_WIDTH + 1] ?? result.bytes.length - 1) + 1;
    return {
      dataType: this.#stats.dataType!,
      firstRecord,
      lastRecord: firstRecord + records - 1,
      count,
      bytes: result.bytes.subarray(0, end),
      table,
      packed: result.packed,
      hashes: result.hashes,
      indexes: transformed?.indexes,
      ids: transformed === undefined || transformed.ids.length === 0 ? undefined : transformed.ids,
      findings:
        transformed === undefined
          ? NO_FINDINGS
          : transformed.findings
              .filter(({ index }) => index < records)
              .map(({ index, id, finding }) => ({ number: firstRecord + index, id, finding })),
      results: transformed?.results,
      release: result.release,
    };
  }

  #report(note: BlockNote, recordsBefore: number): void {
    const stats = this.#stats;
    if (note.kind === 'irregularity') {
      stats.irregularities[note.irregularity] += note.count;
      this.#options.onIrregularity?.({
        kind: note.irregularity,
        count: note.count,
        byteOffset: this.#offset + note.at,
        recordNumber: note.ofRecord ? recordsBefore + note.recordsBefore + 1 : undefined,
        detail: note.detail,
      });
      return;
    }

    if (note.begins || this.#open === undefined) {
      this.#open = { start: this.#offset + note.start, length: 0, kept: [], keptLength: 0 };
    }
    const open = this.#open;
    const left = this.#options.maxRecordBytes - open.keptLength;
    const bytes = note.bytes.length > left ? note.bytes.slice(0, left) : note.bytes;
    if (bytes.length > 0) open.kept.push(bytes);
    open.keptLength += bytes.length;
    open.length += note.bytes.length;
    if (!note.ends) return;

    this.#open = undefined;
    this.#lastMalformed = open.start;
    stats.malformed++;
    this.#options.onMalformed?.({
      number: stats.malformed,
      reason: note.reason,
      detail: note.detail,
      byteOffset: open.start,
      length: open.length,
      bytes: open.kept.length === 1 ? open.kept[0]! : new Uint8Array(Buffer.concat(open.kept)),
      truncated: open.keptLength < open.length,
      recordsBefore: recordsBefore + note.recordsBefore,
      recordNumber: note.thrown === undefined ? undefined : recordsBefore + note.recordsBefore + 1,
      cause: note.thrown?.error,
    });
  }

  #tooMany(): boolean {
    return this.#stats.malformed > this.#options.maxMalformed;
  }

  #error(code: ParserError['code'], message: string, byteOffset: number): ParserError {
    return new ParserError(code, message, { facts: { byteOffset, recordsBefore: this.#stats.records } });
  }
}
