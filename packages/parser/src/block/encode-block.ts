import { type DocumentItem, nextItem } from '../document/scan-document.js';
import { copyState, type DocumentState, indentAt } from '../document/state.js';
import type { ParserErrorCode } from '../errors.js';
import { InventoryCounter, type InventoryCounts } from '../inventory/inventory-counter.js';
import type { RegularRecords, RegularRun } from '../kernel/regular-records.js';
import type { PackedRecords } from '../pack/steps.js';
import { createNormalizer, type Normalizer } from '../platform/normalize.js';
import type { Reading } from '../reading.js';
import { type BuiltRecord, buildRecord, idOf } from '../record/build-record.js';
import { CanonicalBuffer } from '../record/canonical-buffer.js';
import { isObject } from '../record/canonical-json.js';
import type { Element } from '../record/element.js';
import type { OutputKind } from '../record/message-layout.js';
import type { RecordRange } from '../record/record-range.js';
import { sha256 } from '../record/sha256.js';
import type { XmlObject } from '../record/types.js';
import { writeRecord } from '../record/write-record.js';
import type { IrregularityKind, MalformedReason } from '../reports.js';
import { readElement } from '../strict/read-element.js';
import { BlockOutput } from './block-output.js';

/** A part of the document to encode. The result depends on nothing else. */
export interface BlockRequest extends RecordRange {
  /** The document's state at the first byte. */
  state: DocumentState;
  bytes: Buffer;
  /** Whether the document ends with these bytes. */
  isFinal: boolean;
  output: OutputKind;
  /** With output `packed`: the fields to keep; `undefined`: all. */
  fields?: readonly string[] | undefined;
  reading: Reading;
  /** Whether records get the platform's form (CONVERSION.md, section 8). Not with output `raw`. */
  isNormalized: boolean;
  maxRecordBytes: number;
  maxDepth: number;
  /** Memory that the output may be written to. */
  memory?: ArrayBuffer | undefined;
}

/** Something to report, in document order. Offsets are into the block's bytes. */
export type BlockNote =
  | {
      kind: 'irregularity';
      irregularity: IrregularityKind;
      count: number;
      at: number;
      /** Records of this block before it. */
      recordsBefore: number;
      /** Whether it belongs to the next record. */
      ofRecord: boolean;
      detail?: string | undefined;
    }
  | {
      kind: 'malformed';
      reason: MalformedReason;
      detail: string;
      recordsBefore: number;
      /** Where its bytes in this block begin, and those bytes. */
      start: number;
      bytes: Uint8Array;
      /** Whether it began in an earlier block; whether it ends in this one. */
      begins: boolean;
      ends: boolean;
      /** What the transform or mapper threw. Such a record is the block's record `recordsBefore`, counted from 0. */
      thrown?: { error: unknown } | undefined;
    };

/**
 * What a transform made of a block's records, beyond lines. An index is that of a record, counted from the first one
 * that was not skipped.
 */
export interface TransformedRecords {
  /** The record of each line, in ascending order: a transform can omit records. */
  indexes: Int32Array;
  /** The id of each line's record; not with output `messages`. */
  ids: string[];
  findings: { index: number; id: string; finding: unknown }[];
  /** What a mapper made of each line's record, with output `mapped`: then there are no lines. */
  results?: readonly unknown[] | undefined;
}

export interface BlockResult {
  /** The document's state after the last byte that was consumed. */
  state: DocumentState;
  /** How many bytes were consumed; the rest belongs in front of the next block. */
  consumed: number;
  /** Records numbered, including skipped ones. */
  records: number;
  skipped: number;
  /** The encoded records' lines, and their positions: see `BlockOutput`. */
  bytes: Uint8Array;
  table: Int32Array;
  /** With output `json` and `packed`: the records' hashes, 64 digits each. */
  hashes: Uint8Array;
  /** With output `packed`: what `bytes` holds. */
  packed?: PackedRecords | undefined;
  /** With output `raw`: the bytes that were consumed, a view of the memory of `bytes`. `undefined` without lines. */
  xml?: Uint8Array | undefined;
  /** What a transform made of the records. */
  transformed?: TransformedRecords | undefined;
  /** The inventory of the records that the request names; `undefined` if there are none. */
  inventory: InventoryCounts | undefined;
  notes: BlockNote[];
  /** Why the document cannot be read past this result. */
  error: { code: ParserErrorCode; message: string; at: number } | undefined;
  /** Whether the document is over. */
  ended: boolean;
  /** Returns the memory of `bytes` for reuse, when it is no longer read. */
  release?: (() => void) | undefined;
}

/**
 * Encodes a block: a pure function of its request. Without `regular` every record is read by the strict engine; with
 * it, only those that are not regular.
 */
export const encodeBlock = (request: BlockRequest, regular?: RegularRecords): BlockResult => {
  const encoder = new BlockEncoder(request);
  regular?.begin(request.bytes, encoder.inventory);
  const result = encoder.run(regular);
  if (regular !== undefined && encoder.hasTooManyPaths) {
    // More than the kernel's inventory holds: no dump has as many.
    const counted = encodeBlock({ ...request, skip: Number.POSITIVE_INFINITY, memory: undefined });
    result.inventory = counted.inventory;
  }
  return result;
};

class BlockEncoder {
  readonly #request: BlockRequest;
  readonly #state: DocumentState;
  readonly #output: BlockOutput;
  readonly #notes: BlockNote[] = [];
  readonly inventory = new InventoryCounter();
  hasTooManyPaths = false;
  #records = 0;
  #skipped = 0;
  /** Created when first needed. */
  #normalizing: { buffer: CanonicalBuffer; normalizer: Normalizer } | undefined;
  /** The broken record that is being skipped, and the position of its bytes in this block. */
  #broken: { start: number; begins: boolean; reason: MalformedReason; detail: string } | undefined;

  constructor(request: BlockRequest) {
    this.#request = request;
    this.#state = copyState(request.state);
    this.#output = new BlockOutput(request.output, request.memory, request.fields);
    const { inside } = this.#state;
    if (inside?.kind === 'resync') {
      this.#broken = { start: 0, begins: false, reason: inside.reason, detail: inside.detail };
    }
  }

  run(regular: RegularRecords | undefined): BlockResult {
    const { bytes, isFinal, state, maxRecordBytes } = this.#request;
    const input = { bytes, end: bytes.length, isFinal, indentBefore: state.indent, maxRecordBytes };
    let position = 0;
    for (;;) {
      if (regular !== undefined && this.#isBetweenRecords()) {
        // Even if the rest is incomplete for the kernel, the strict engine decides: near the end of the bytes it can
        // find a deviation earlier, and then a stream that is damaged there yields the same with both engines.
        position = this.#encodeRegular(regular, position);
      }
      const item = nextItem(this.#state, input, position);
      position = item.next;
      switch (item.kind) {
        case 'record':
          this.#encodeStrictly(item);
          break;
        case 'irregularity':
          this.#note(item.irregularity, 1, item.at, false, item.detail);
          break;
        case 'broken':
          this.#broken = { start: item.start, begins: true, reason: item.reason, detail: item.detail };
          break;
        case 'resumed':
          this.#noteBroken(item.next, true);
          break;
        default:
          if (regular !== undefined) this.hasTooManyPaths = !regular.takeInventory();
          return this.#finish(item);
      }
    }
  }

  #isBetweenRecords(): boolean {
    return this.#state.inside === undefined && (this.#state.phase === 'root' || this.#state.phase === 'rootless');
  }

  /** Returns the position that the kernel reached. */
  #encodeRegular(regular: RegularRecords, position: number): number {
    const run: RegularRun = { position, records: 0, skipped: 0, unknownIds: [] };
    regular.encode(this.#state.dataType!, this.#request, this.#records, this.#output, run);
    for (const unknown of run.unknownIds) {
      const facts = { count: 1, at: unknown.at, recordsBefore: this.#records + unknown.recordsBefore, ofRecord: true };
      if (unknown.hasEmptyId) this.#notes.push({ kind: 'irregularity', irregularity: 'id-not-a-string', ...facts });
      this.#notes.push({ kind: 'irregularity', irregularity: 'unknown-id', ...facts });
    }
    this.#records += run.records;
    this.#skipped += run.skipped;
    return run.position;
  }

  #encodeStrictly(item: Extract<DocumentItem, { kind: 'record' }>): void {
    const { bytes, reading, isNormalized, maxDepth, skip, inventoryFrom, inventoryTo } = this.#request;
    const read = readElement({ ...item, bytes, end: item.next }, { reading, maxDepth });
    if (read.kind === 'malformed') {
      this.#noteMalformed(item.start, item.next, { begins: true, ends: true, ...read });
      return;
    }
    if (!isObject(read.element)) {
      this.#noteNotAnObject(item, read.element);
      return;
    }
    if (this.#records >= inventoryFrom && this.#records < inventoryTo) {
      this.inventory.addRecord(read.element, this.#records, idOf(read.element));
    }
    if (this.#skipped < skip) {
      this.#skipped++;
      this.#records++;
      return;
    }
    for (const [irregularity, count] of read.irregularities) this.#note(irregularity, count, item.start, true);
    const built = buildRecord(read.element, this.#state.dataType!, reading);
    for (const irregularity of built.irregularities) this.#note(irregularity, 1, item.start, true);
    if (isNormalized) this.#addNormalized(built);
    else this.#output.add(built, { start: item.start, end: item.next });
    this.#records++;
  }

  #addNormalized({ canonicalJson, id }: BuiltRecord): void {
    this.#normalizing ??= { buffer: new CanonicalBuffer(), normalizer: createNormalizer(this.#state.dataType!) };
    const { buffer, normalizer } = this.#normalizing;
    const raw = JSON.parse(canonicalJson) as XmlObject;
    writeRecord(normalizer.normalize(raw) ?? raw, buffer);
    this.#output.addCanonical(buffer, JSON.stringify(id), sha256(buffer.bytes.subarray(buffer.start, buffer.end)));
  }

  /** An empty record lacks nothing if it is skipped, but one with text does. */
  #noteNotAnObject(item: Extract<DocumentItem, { kind: 'record' }>, element: Element): void {
    if (element.text === '') {
      this.#note('not-an-object', 1, item.start, false);
      return;
    }
    this.#noteMalformed(item.start, item.next, {
      reason: 'not-an-object',
      detail: 'the record has text, but neither attributes nor elements',
      begins: true,
      ends: true,
    });
  }

  #note(irregularity: IrregularityKind, count: number, at: number, ofRecord: boolean, detail?: string): void {
    this.#notes.push({ kind: 'irregularity', irregularity, count, at, recordsBefore: this.#records, ofRecord, detail });
  }

  #noteBroken(end: number, ends: boolean): void {
    const { start, begins, reason, detail } = this.#broken!;
    this.#noteMalformed(start, end, { begins, ends, reason, detail });
    this.#broken = undefined;
  }

  #noteMalformed(
    start: number,
    end: number,
    facts: { reason: MalformedReason; detail: string; begins: boolean; ends: boolean },
  ): void {
    this.#notes.push({
      kind: 'malformed',
      reason: facts.reason,
      detail: facts.detail,
      begins: facts.begins,
      ends: facts.ends,
      recordsBefore: this.#records,
      start,
      // A copy: the block's memory is reused.
      bytes: new Uint8Array(this.#request.bytes.subarray(start, end)),
    });
  }

  #finish(item: Extract<DocumentItem, { kind: 'more' | 'end' | 'error' }>): BlockResult {
    if (this.#broken !== undefined) this.#noteBroken(item.next, false);
    this.#state.indent = indentAt(this.#request.bytes, item.next, this.#request.state.indent);
    return {
      state: this.#state,
      consumed: item.next,
      records: this.#records,
      skipped: this.#skipped,
      ...this.#output.finish(this.#request.bytes.subarray(0, item.next)),
      inventory: this.inventory.finish(),
      notes: this.#notes,
      error: item.kind === 'error' ? { code: item.code, message: item.message, at: item.at } : undefined,
      ended: item.kind === 'end',
    };
  }
}
