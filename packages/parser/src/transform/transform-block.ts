import { BlockOutput } from '../block/block-output.js';
import type { BlockNote, TransformedRecords } from '../block/encode-block.js';
import type { DataType } from '../data-type.js';
import { ParserError } from '../errors.js';
import type { Kernel } from '../kernel/kernel.js';
import type { PackedRecords } from '../pack/steps.js';
import { createNormalizer } from '../platform/normalize.js';
import { CanonicalBuffer, type CanonicalBytes } from '../record/canonical-buffer.js';
import { type DeliveredKind, TABLE_WIDTH, type WrittenKind } from '../record/message-layout.js';
import { recordIdOf } from '../record/record-id.js';
import { sha256 } from '../record/sha256.js';
import type { XmlObject } from '../record/types.js';
import { writeRecord } from '../record/write-record.js';
import type { MalformedReason } from '../reports.js';
import { canHoldLines, KernelLines } from './kernel-lines.js';
import { type LoadedTransforms, TransformFailure } from './load-transforms.js';
import { RecordMembers } from './record-members.js';
import type { TransformContext } from './record-transform.js';
import { writeChangedMembers } from './write-changed-members.js';

/** The records of a block, to be transformed. The result depends on nothing else but the transforms. */
export interface TransformBlockRequest {
  readonly dataType: DataType;
  readonly output: DeliveredKind;
  /** With output `packed`: the fields to keep; `undefined`: all. */
  readonly fields?: readonly string[] | undefined;
  /** How many of the block's records are before that of the first line: they were skipped. */
  readonly skipped: number;
  /** The number in the dump of the first line's record. */
  readonly firstNumber: number;
  /** How many of the lines to transform. */
  readonly count: number;
  /** Lines, table and XML of output `raw`. */
  readonly bytes: Uint8Array;
  readonly table: Int32Array;
  readonly xml: Uint8Array;
  /** Memory that the output may be written to. */
  memory?: ArrayBuffer | undefined;
}

/** The transformed records of a block. */
export interface TransformedBlock {
  readonly bytes: Uint8Array;
  readonly table: Int32Array;
  readonly hashes: Uint8Array;
  readonly packed: PackedRecords | undefined;
  readonly transformed: TransformedRecords;
  /** The records that a transform or mapper failed on, as notes of kind `malformed`. */
  readonly failures: readonly BlockNote[];
}

/** Takes the records of a block through the transforms. @throws ParserError `INVALID_TRANSFORM` */
export const transformBlock = (
  request: TransformBlockRequest & { readonly output: WrittenKind },
  transforms: LoadedTransforms,
): TransformedBlock => {
  const { dataType, output: kind, skipped, firstNumber, count, bytes, table, xml } = request;
  const { transform, members, normalizer, reader } = transforms.for(dataType);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const output = new BlockOutput(kind, request.memory, request.fields);
  const indexes = new Int32Array(count);
  let lines = 0;
  const ids: string[] = [];
  const failures: BlockNote[] = [];
  const kernelLines =
    reader !== undefined && count > 0 && canHoldLines(bytes)
      ? new KernelLines(reader, output, bytes, table[0]!, count)
      : undefined;
  const context = new Context(text, xml, kernelLines);
  const source = members ?? new RecordMembers(() => false);
  const buffer = new CanonicalBuffer();
  for (let index = 0; index < count; index++) {
    const row = index * TABLE_WIDTH;
    const start = table[row]!;
    const end = table[row + 1]!;
    let raw: XmlObject;
    let id: string | undefined;
    if (kernelLines !== undefined) raw = kernelLines.fieldsOf(index);
    else {
      members?.scan(text, start, end);
      raw = members?.parseFields() ?? (JSON.parse(text.toString('utf8', start, end)) as XmlObject);
      id = members?.id ?? recordIdOf(raw);
    }
    context.begin(index, firstNumber + index, id, row, table);
    try {
      const record = transform(raw, context);
      if (record === undefined) continue;
      if (record !== context.unchanged || !kernelLines?.add(index)) {
        if (kernelLines !== undefined) {
          kernelLines.flush();
          members!.scan(text, start, end);
        }
        let written: CanonicalBytes = buffer;
        if (record === context.unchanged) {
          if (members === undefined) source.scan(text, start, end);
          written = source;
        } else if (members === undefined) writeRecord(record, buffer);
        else writeChangedMembers(record, members, buffer);
        if (normalizer !== undefined) written = normalized(written, normalizer, dataType, buffer);
        const hash = sha256(written.bytes.subarray(written.start, written.end));
        output.addCanonical(written, members?.idJson ?? JSON.stringify(context.id), hash);
      }
    } catch (error) {
      if (error instanceof ParserError) throw error;
      failures.push(failureOf(error, context, skipped));
      continue;
    }
    indexes[lines] = index;
    lines++;
    if (kind !== 'messages') ids.push(context.id);
  }
  kernelLines?.flush();
  return {
    ...output.finish(xml),
    transformed: { indexes: indexes.slice(0, lines), ids, findings: context.findings },
    failures,
  };
};

const normalized = (
  line: CanonicalBytes,
  normalizer: Kernel,
  dataType: DataType,
  buffer: CanonicalBuffer,
): CanonicalBytes => {
  const done = normalizer.normalizeLine(line);
  if (done !== undefined) return done;
  const raw = JSON.parse(line.bytes.toString('utf8', line.start, line.end)) as XmlObject;
  writeRecord(createNormalizer(dataType).normalize(raw) ?? raw, buffer);
  return buffer;
};

const UNCHANGED: object = Object.freeze(Object.create(null));

/** The context of one record after the other. */
class Context implements TransformContext {
  number = 0;
  readonly unchanged = UNCHANGED;
  index = 0;
  /** Where the record's XML is. */
  start = 0;
  end = 0;
  readonly findings: TransformedRecords['findings'] = [];
  readonly #text: Buffer;
  readonly #xml: Uint8Array;
  readonly #lines: KernelLines | undefined;
  #id: string | undefined;
  #jsonStart = 0;
  #jsonEnd = 0;

  /**
   * @param text - the block's lines
   * @param lines - the same in a kernel, which then knows the ids
   */
  constructor(text: Buffer, xml: Uint8Array, lines: KernelLines | undefined) {
    this.#text = text;
    this.#xml = xml;
    this.#lines = lines;
  }

  /** Most transforms do not ask for it. */
  get id(): string {
    this.#id ??= this.#lines!.idOf(this.index);
    return this.#id;
  }

  /** @param row - where the record's numbers are in the table */
  begin(index: number, number: number, id: string | undefined, row: number, table: Int32Array): void {
    this.index = index;
    this.number = number;
    this.#id = id;
    this.#jsonStart = table[row]!;
    this.#jsonEnd = table[row + 1]!;
    this.start = table[row + 2]!;
    this.end = table[row + 3]!;
  }

  record(): XmlObject {
    return JSON.parse(this.#text.toString('utf8', this.#jsonStart, this.#jsonEnd)) as XmlObject;
  }

  xml(): Uint8Array {
    return new Uint8Array(this.#xml.subarray(this.start, this.end));
  }

  report(finding: unknown): void {
    this.findings.push({ index: this.index, id: this.id, finding: structuredClone(finding) });
  }
}

const failureOf = (error: unknown, context: Context, skipped: number): BlockNote => {
  // What `writeRecord` throws names what is wrong with the record that the last transform returned.
  const isNamed = error instanceof TransformFailure;
  const detail = isNamed ? error.message : `the transformed record cannot be written: ${(error as Error).message}`;
  return failureNote('transform-failed', detail, isNamed ? (error.cause ?? error) : error, {
    recordsBefore: skipped + context.index,
    start: context.start,
    bytes: context.xml(),
  });
};

/** A record that a transform or mapper failed on. */
export const failureNote = (
  reason: MalformedReason,
  detail: string,
  error: unknown,
  place: { readonly recordsBefore: number; readonly start: number; readonly bytes: Uint8Array },
): BlockNote => ({
  kind: 'malformed',
  reason,
  detail,
  ...place,
  begins: true,
  ends: true,
  thrown: { error: copyOfError(error) },
});

/** An error as it arrives from another thread, also if there is none: results do not depend on threads. */
export const copyOfError = (error: unknown): unknown => {
  try {
    return structuredClone(error);
  } catch {
    return new Error(String(error));
  }
};
