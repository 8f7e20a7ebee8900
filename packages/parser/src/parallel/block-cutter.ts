import type { DataType } from '../data-type.js';
import { recordNameOf } from '../data-type.js';
import { type DocumentState, indentAt } from '../document/state.js';
import type { ByteSource } from '../input/byte-source.js';
import { BLOCK_BYTES } from './block-reader.js';
import { findRecordBoundary } from './find-record-boundary.js';

/** A block without a boundary grows to this size; then it is cut anywhere. */
export const MAX_BLOCK_BYTES = 8 * BLOCK_BYTES;

/** There is little to read before the first record: blocks begin small, and double. */
const FIRST_BLOCK_BYTES = 4 * 1024;

/** Memory of how many blocks is kept for reuse. */
const MAX_SPARES = 8;

const NOTHING = new Uint8Array(0);

export interface CutBlock {
  bytes: Uint8Array;
  isFinal: boolean;
  /** The error that ended the input early, after these bytes. */
  failure: { error: unknown } | undefined;
  /** The state that the next block begins in, if the boundary is what it looks like. */
  nextState: DocumentState | undefined;
}

/** Gathers chunks into blocks, each in memory that can be transferred, and cuts them where a record seems to begin. */
export class BlockCutter {
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #spares: ArrayBuffer[] = [];
  #firstBlockBytes = FIRST_BLOCK_BYTES;
  #chunk: Uint8Array = NOTHING;
  /** The beginning of the next block. */
  #rest: Uint8Array = NOTHING;
  #boundary: { state: DocumentState; recordName: string; indent: string | undefined } | undefined;

  constructor(source: ByteSource, blockBytes = BLOCK_BYTES) {
    this.#source = source;
    this.#blockBytes = blockBytes;
  }

  /**
   * From now on blocks are cut between records. `state` is a state between records; `rest` comes before everything
   * else. Returns how many bytes are available.
   */
  cutBetweenRecords(state: DocumentState, dataType: DataType, rest: Uint8Array): number {
    this.#boundary = { state: { ...state }, recordName: recordNameOf(dataType), indent: state.indent };
    this.#rest = rest;
    return rest.length + this.#chunk.length;
  }

  /** Everything that was read of the source and belongs to no block yet, for reading on without this cutter. */
  takeRest(): Uint8Array {
    const rest = new Uint8Array(Buffer.concat([this.#rest, this.#chunk]));
    this.#rest = NOTHING;
    this.#advance(this.#chunk.length);
    return rest;
  }

  async next(): Promise<CutBlock> {
    let memory = Buffer.from(this.#spares.pop() ?? new ArrayBuffer(this.#blockBytes));
    while (memory.length < this.#rest.length) memory = Buffer.from(new ArrayBuffer(2 * memory.length));
    memory.set(this.#rest);
    let length = this.#rest.length;
    this.#rest = NOTHING;
    if (this.#boundary === undefined) {
      memory = memory.subarray(0, this.#firstBlockBytes);
      this.#firstBlockBytes = Math.min(2 * this.#firstBlockBytes, this.#blockBytes);
    }
    for (;;) {
      while (length < memory.length) {
        const end = await this.#pull();
        if (end !== undefined) return cutBlock(memory, length, end);
        const part = this.#chunk.subarray(0, memory.length - length);
        memory.set(part, length);
        length += part.length;
        this.#advance(part.length);
      }
      if (this.#boundary === undefined) return cutBlock(memory, length, {});
      const block = this.#cut(memory, length);
      if (block !== undefined) return block;
      if (length >= Math.max(MAX_BLOCK_BYTES, this.#blockBytes)) return cutBlock(memory, length, {});
      const larger = Buffer.from(new ArrayBuffer(2 * memory.length));
      larger.set(memory);
      memory = larger;
    }
  }

  /** Reads a chunk unless there is one; returns how the source ended if it did. */
  async #pull(): Promise<Partial<CutBlock> | undefined> {
    if (this.#chunk.length > 0) return undefined;
    try {
      const chunk = await this.#source.read();
      if (chunk === undefined) return { isFinal: true };
      this.#chunk = chunk;
      return undefined;
    } catch (error) {
      return { failure: { error } };
    }
  }

  /** Drops bytes of the current chunk that were copied. */
  #advance(bytes: number): void {
    const chunk = this.#chunk;
    this.#chunk = chunk.subarray(bytes);
    if (bytes === chunk.length) this.#source.recycle?.(chunk.buffer as ArrayBuffer);
  }

  /** Cuts a block where a record seems to begin, and keeps the rest. */
  #cut(memory: Buffer, length: number): CutBlock | undefined {
    const { state, recordName, indent } = this.#boundary!;
    const cut = findRecordBoundary(memory, length, recordName, indent);
    if (cut === undefined) return undefined;
    this.#rest = Uint8Array.prototype.slice.call(memory, cut, length);
    return cutBlock(memory, cut, { nextState: { ...state, indent: indentAt(memory, cut, undefined) } });
  }

  /** Takes back the memory of a block that is no longer needed. */
  recycle(bytes: Uint8Array): void {
    const memory = bytes.buffer as ArrayBuffer;
    if (memory.byteLength === this.#blockBytes && this.#spares.length < MAX_SPARES) this.#spares.push(memory);
  }
}

const cutBlock = (memory: Buffer, length: number, facts: Partial<CutBlock>): CutBlock => ({
  bytes: memory.subarray(0, length),
  isFinal: false,
  failure: undefined,
  nextState: undefined,
  ...facts,
});
