import { BlockOutput, type CanonicalBytes } from '../block/block-output.js';
import type { BlockNote, TransformedRecords } from '../block/encode-block.js';
import type { DataType } from '../data-type.js';
import { ParserError } from '../errors.js';
import { type DeliveredKind, TABLE_WIDTH } from '../record/message-layout.js';
import { recordIdOf } from '../record/record-id.js';
import { sha256 } from '../record/sha256.js';
import type { XmlObject } from '../record/types.js';
import { CanonicalBuffer } from './canonical-buffer.js';
import { type LoadedTransforms, TransformFailure } from './load-transforms.js';
import type { RecordMembers } from './record-members.js';
import type { TransformContext } from './record-transform.js';
import { isEmpty, writeChangedMembers, writeRecord } from './write-record.js';

/** The records of a block, to be transformed. The result depends on nothing else but the transforms. */
export interface TransformBlockRequest {
  readonly dataType: DataType;
  readonly output: DeliveredKind;
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
  readonly transformed: TransformedRecords;
  /** The records that a transform failed on, as notes of kind `malformed`. */
  readonly failures: readonly BlockNote[];
}

/** Takes the records of a block through the transforms. @throws ParserError `INVALID_TRANSFORM` */
export const transformBlock = (request: TransformBlockRequest, transforms: LoadedTransforms): TransformedBlock => {
  const { dataType, output: kind, skipped, firstNumber, count, bytes, table, xml } = request;
  const { transform, members } = transforms.for(dataType);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const output = new BlockOutput(kind, request.memory);
  const indexes = new Int32Array(count);
  let lines = 0;
  const ids: string[] = [];
  const failures: BlockNote[] = [];
  const context = new Context(xml);
  const buffer = new CanonicalBuffer();
  for (let index = 0; index < count; index++) {
    const row = index * TABLE_WIDTH;
    const start = table[row]!;
    const end = table[row + 1]!;
    members?.scan(text, start, end);
    const raw = members?.parseFields() ?? (JSON.parse(text.toString('utf8', start, end)) as XmlObject);
    const id = members?.id ?? recordIdOf(raw);
    context.begin(index, firstNumber + index, id, table[row + 2]!, table[row + 3]!);
    try {
      const record = transform(raw, context);
      if (record === undefined) continue;
      const written = writtenBytes(record, members, buffer);
      const hash = sha256(written.bytes.subarray(written.start, written.end));
      output.addCanonical(written, members?.idJson ?? JSON.stringify(id), hash);
    } catch (error) {
      if (error instanceof ParserError) throw error;
      failures.push(failureOf(error, context, skipped));
      continue;
    }
    indexes[lines] = index;
    lines++;
    if (kind === 'json') ids.push(id);
  }
  return {
    ...output.finish(xml),
    transformed: { indexes: indexes.slice(0, lines), ids, findings: context.findings },
    failures,
  };
};

/** @param members - those of the record before the transform, if that was given some of them only */
const writtenBytes = (record: object, members: RecordMembers | undefined, buffer: CanonicalBuffer): CanonicalBytes => {
  if (members === undefined) writeRecord(record, buffer);
  // Most records of some types have none of the members.
  else if (members.fields === 0 && isEmpty(record)) return members;
  else writeChangedMembers(record, members, buffer);
  return buffer;
};

/** The context of one record after the other. */
class Context implements TransformContext {
  number = 0;
  id = '';
  index = 0;
  start = 0;
  end = 0;
  readonly findings: TransformedRecords['findings'] = [];
  readonly #xml: Uint8Array;

  constructor(xml: Uint8Array) {
    this.#xml = xml;
  }

  begin(index: number, number: number, id: string, start: number, end: number): void {
    this.index = index;
    this.number = number;
    this.id = id;
    this.start = start;
    this.end = end;
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
  return {
    kind: 'malformed',
    reason: 'transform-failed',
    detail,
    recordsBefore: skipped + context.index,
    start: context.start,
    bytes: context.xml(),
    begins: true,
    ends: true,
    thrown: { error: copyOfError(isNamed ? (error.cause ?? error) : error) },
  };
};

/** An error as it arrives from another thread, also if there is none: results do not depend on threads. */
export const copyOfError = (error: unknown): unknown => {
  try {
    return structuredClone(error);
  } catch {
    return new Error(String(error));
  }
};
