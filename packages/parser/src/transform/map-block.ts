import type { BlockNote, TransformedRecords } from '../block/encode-block.js';
import { ParserError } from '../errors.js';
import { fieldTreeOf } from '../pack/field-tree.js';
import { packer } from '../pack/packer.js';
import { openRecords, type RecordBytes } from '../pack/record-reader.js';
import { HASH_LENGTH, TABLE_WIDTH, type WrittenKind } from '../record/message-layout.js';
import { sha256 } from '../record/sha256.js';
import type { LoadedTransforms } from './load-transforms.js';
import type { MapperContext } from './record-mapper.js';
import { failureNote, type TransformBlockRequest, type TransformedBlock, transformBlock } from './transform-block.js';

/** A block to map. */
type MapBlockRequest = TransformBlockRequest & { readonly output: 'mapped' };

/** Takes a block's records through what the read has: transforms, a mapper or both. @throws ParserError `INVALID_TRANSFORM` */
export const changeBlock = (request: TransformBlockRequest, transforms: LoadedTransforms): TransformedBlock => {
  const { output } = request;
  return output === 'mapped'
    ? mapBlock({ ...request, output }, transforms)
    : transformBlock({ ...request, output }, transforms);
};

/** Calls `send` with a block, or if that cannot be copied, with one in which such results are failures. */
export const sendBlock = <T>(
  block: TransformedBlock,
  request: TransformBlockRequest,
  send: (block: TransformedBlock) => T,
): T => {
  try {
    return send(block);
  } catch (error) {
    if (block.transformed.results === undefined) throw error;
    return send(withoutUncopiable(block, request));
  }
};

/** The records of a block as they come to the mapper. */
interface MappedRecords extends RecordBytes {
  readonly count: number;
  /** The index of each among the block's records; `undefined`: that of the line. */
  readonly indexes: Int32Array | undefined;
  /** Their ids before any transform; `undefined`: those of the records. */
  readonly ids: readonly string[] | undefined;
  /** The hash of line `line`. */
  readonly hashOf: (line: number) => string;
  readonly findings: TransformedRecords['findings'];
  readonly failures: readonly BlockNote[];
}

const mapBlock = (request: MapBlockRequest, transforms: LoadedTransforms): TransformedBlock => {
  const { dataType, fields, firstNumber } = request;
  const map = transforms.mapperFor(dataType);
  const records = transforms.hasTransforms
    ? transformed(request, transforms)
    : untransformed(request, transforms.isFast);
  const { count, indexes, ids } = records;
  const reader = openRecords(records, fields && fieldTreeOf(fields));
  const context = new Context(records.hashOf);
  const mapped = new Int32Array(count);
  const results: unknown[] = [];
  const failures: BlockNote[] = [];
  for (let line = 0; line < count; line++) {
    const record = reader.next();
    const index = indexes?.[line] ?? line;
    context.begin(line, index, firstNumber + index, ids?.[line] ?? reader.id);
    try {
      const result = map(record, context);
      if (result === undefined) continue;
      mapped[results.length] = index;
      results.push(result);
    } catch (error) {
      if (error instanceof ParserError) throw error;
      failures.push(mapperFailure((error as Error).message, (error as Error).cause ?? error, index, request));
    }
  }
  return {
    // Packed records have memory of their own, which is given back.
    bytes: records.packed === undefined ? new Uint8Array(0) : records.bytes.subarray(0, 0),
    table: new Int32Array(0),
    hashes: new Uint8Array(0),
    packed: undefined,
    transformed: {
      indexes: mapped.slice(0, results.length),
      ids: [],
      findings: mergedByIndex(records.findings, context.findings, ({ index }) => index),
      results,
    },
    failures: mergedByIndex(records.failures, failures, ({ recordsBefore }) => recordsBefore),
  };
};

/** The records as transforms leave them. */
const transformed = (request: MapBlockRequest, transforms: LoadedTransforms): MappedRecords => {
  const output: WrittenKind = transforms.isFast ? 'packed' : 'json';
  const { bytes, table, packed, hashes, transformed, failures } = transformBlock({ ...request, output }, transforms);
  const digits = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  const { indexes, ids, findings } = transformed;
  const hashOf = (line: number): string => digits.toString('latin1', line * HASH_LENGTH, (line + 1) * HASH_LENGTH);
  return { bytes, table, packed, count: indexes.length, indexes, ids, hashOf, findings, failures };
};

/** The records as they are. */
const untransformed = (request: MapBlockRequest, isFast: boolean): MappedRecords => {
  const { bytes, count, fields } = request;
  const table = request.table.subarray(0, count * TABLE_WIDTH);
  const hashOf = (line: number): string => {
    const row = line * TABLE_WIDTH;
    return sha256(bytes.subarray(table[row], table[row + 1]));
  };
  let records: RecordBytes = { bytes, table, packed: undefined };
  if (isFast) {
    packer().begin(fields, request.memory);
    packer().addLines(bytes, table);
    records = { ...packer().finish(), table };
  }
  return { ...records, count, indexes: undefined, ids: undefined, hashOf, findings: [], failures: [] };
};

/** The context of one record after the other. */
class Context implements MapperContext {
  number = 0;
  id = '';
  readonly findings: TransformedRecords['findings'] = [];
  readonly #hashOf: MappedRecords['hashOf'];
  #line = 0;
  #index = 0;

  constructor(hashOf: MappedRecords['hashOf']) {
    this.#hashOf = hashOf;
  }

  begin(line: number, index: number, number: number, id: string): void {
    this.#line = line;
    this.#index = index;
    this.number = number;
    this.id = id;
  }

  get sha256(): string {
    return this.#hashOf(this.#line);
  }

  report(finding: unknown): void {
    this.findings.push({ index: this.#index, id: this.id, finding: structuredClone(finding) });
  }
}

const mapperFailure = (
  detail: string,
  error: unknown,
  index: number,
  { skipped, table, xml }: TransformBlockRequest,
): BlockNote => {
  const [, , start, end] = table.subarray(index * TABLE_WIDTH);
  const bytes = new Uint8Array(xml.subarray(start, end));
  return failureNote('mapper-failed', detail, error, { recordsBefore: skipped + index, start: start!, bytes });
};

/** A block of which the results that cannot be copied are failures. */
const withoutUncopiable = (block: TransformedBlock, request: TransformBlockRequest): TransformedBlock => {
  const { indexes, results } = block.transformed;
  const kept: number[] = [];
  const failures: BlockNote[] = [];
  for (const [line, result] of results!.entries()) {
    try {
      structuredClone(result);
      kept.push(line);
    } catch (error) {
      const detail = `the mapper's result cannot be copied: ${(error as Error).message}`;
      failures.push(mapperFailure(detail, error, indexes[line]!, request));
    }
  }
  return {
    ...block,
    transformed: {
      ...block.transformed,
      indexes: Int32Array.from(kept, (line) => indexes[line]!),
      results: kept.map((line) => results![line]),
    },
    failures: mergedByIndex(block.failures, failures, ({ recordsBefore }) => recordsBefore),
  };
};

/** Both lists in the order of the records. Of the same record, items of `first` come first. */
const mergedByIndex = <T>(first: readonly T[], second: readonly T[], indexOf: (item: T) => number): T[] =>
  [...first, ...second].sort((one, other) => indexOf(one) - indexOf(other));
