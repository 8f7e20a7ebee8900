import type { DataType } from '../data-type.js';
import { recordNameOf } from '../data-type.js';
import { type DocumentState, indentAt } from '../document/state.js';
import type { ByteSource } from '../input/byte-source.js';
import { BLOCK_BYTES } from './block-reader.js';
import { findCut } from './find-cut.js';

/** A block without a boundary grows up to this; then it is cut anywhere. */
export const LARGEST_BLOCK = 8 * BLOCK_BYTES;

/** Before the first record there is little to read: blocks begin small, and double. */
const FIRST_BLOCK = 4 * 1024;

/** How many blocks' memory is kept for use again. */
const MOST_SPARES = 8;

const NOTHING = new Uint8Array(0);

export interface CutBlock {
  bytes: Uint8Array;
  isFinal: boolean;
  /** What ended the source before its time, after these bytes. */
  failure: { error: unknown } | undefined;
  /** The state that the next block will begin in, if the cut is what it looks like. */
  nextState: DocumentState | undefined;
}

/**
 * Gathers a source's chunks into blocks in memory of their own, to be handed to a thread, and cuts them where a record
 * seems to begin.
 */
export class BlockCutter {
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #spares: ArrayBuffer[] = [];
  #firstBytes = FIRST_BLOCK;
  #chunk: Uint8Array = NOTHING;
  /** The beginning of the next block. */
  #rest: Uint8Array = NOTHING;
  #boundary: { state: DocumentState; recordName: string; indent: string | undefined } | undefined;

  constructor(source: ByteSource, blockBytes = BLOCK_BYTES) {
    this.#source = source;
    this.#blockBytes = blockBytes;
  }

  /**
   * From now on blocks are cut between records. `state` is a state between records; `rest` comes before all else. Answers how many bytes
   * are at hand.
   */
  cutBetweenRecords(state: DocumentState, dataType: DataType, rest: Uint8Array): number {
    this.#boundary = { state: { ...state }, recordName: recordNameOf(dataType), indent: state.indent };
    this.#rest = rest;
    return rest.length + this.#chunk.length;
  }

  /** All that was read of the source and is in no block yet, for who goes on without this cutter. */
  takeRest(): Uint8Array {
    const rest = new Uint8Array(Buffer.concat([this.#rest, this.#chunk]));
    this.#rest = NOTHING;
    this.#use(this.#chunk.length);
    return rest;
  }

  async next(): Promise<CutBlock> {
    return (await this.#cutChunk()) ?? this.#gather();
  }

  /**
   * A block that is the chunk at hand itself, with what was left of the one before put in front of it: nothing else is copied.
   * `undefined` where it cannot be done.
   */
  async #cutChunk(): Promise<CutBlock | undefined> {
    if (this.#source.recycle === undefined || this.#boundary === undefined) return undefined;
    const failure = await this.#pull();
    const chunk = this.#chunk;
    const rest = this.#rest;
    if (failure !== undefined || chunk.length === 0 || chunk.byteOffset < rest.length) return undefined;
    const memory = Buffer.from(chunk.buffer, chunk.byteOffset - rest.length, rest.length + chunk.length);
    memory.set(rest);
    const block = this.#cut(memory, memory.length);
    // It may still make one with more behind it.
    if (block === undefined) this.#rest = new Uint8Array(memory);
    this.#chunk = NOTHING;
    return block ?? this.#gather();
  }

  /** A block gathered in memory of its own. */
  async #gather(): Promise<CutBlock> {
    let memory = Buffer.from(this.#spares.pop() ?? new ArrayBuffer(this.#blockBytes));
    while (memory.length < this.#rest.length) memory = Buffer.from(new ArrayBuffer(2 * memory.length));
    memory.set(this.#rest);
    let length = this.#rest.length;
    this.#rest = NOTHING;
    if (this.#boundary === undefined) {
      memory = memory.subarray(0, this.#firstBytes);
      this.#firstBytes = Math.min(2 * this.#firstBytes, this.#blockBytes);
    }
    for (;;) {
      while (length < memory.length) {
        const end = await this.#pull();
        if (end !== undefined) return cutBlock(memory, length, end);
        const part = this.#chunk.subarray(0, memory.length - length);
        memory.set(part, length);
        length += part.length;
        this.#use(part.length);
      }
      if (this.#boundary === undefined) return cutBlock(memory, length, {});
      const block = this.#cut(memory, length);
      if (block !== undefined) return block;
      if (length >= Math.max(LARGEST_BLOCK, this.#blockBytes)) return cutBlock(memory, length, {});
      const larger = Buffer.from(new ArrayBuffer(2 * memory.length));
      larger.set(memory);
      memory = larger;
    }
  }

  /** Sees to it that there is a chunk, or answers what the source ends with. */
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

  /** Passes over bytes of the chunk at hand, which are somewhere else by now. */
  #use(bytes: number): void {
    const chunk = this.#chunk;
    this.#chunk = chunk.subarray(bytes);
    if (bytes === chunk.length) this.#source.recycle?.(chunk.buffer as ArrayBuffer);
  }

  /** Cuts a block where a record seems to begin, and keeps the rest. */
  #cut(memory: Buffer, length: number): CutBlock | undefined {
    const { state, recordName, indent } = this.#boundary!;
    const cut = findCut(memory, length, recordName, indent);
    if (cut === undefined) return undefined;
    this.#rest = Uint8Array.prototype.slice.call(memory, cut, length);
    return cutBlock(memory, cut, { nextState: { ...state, indent: indentAt(memory, cut, undefined) } });
  }

  /** Takes back the memory of a block that is done with. */
  recycle(bytes: Uint8Array): void {
    const memory = bytes.buffer as ArrayBuffer;
    if (memory.byteLength !== this.#blockBytes) this.#source.recycle?.(memory);
    else if (this.#spares.length < MOST_SPARES) this.#spares.push(memory);
  }
}

const cutBlock = (memory: Buffer, length: number, facts: Partial<CutBlock>): CutBlock => ({
  bytes: memory.subarray(0, length),
  isFinal: false,
  failure: undefined,
  nextState: undefined,
  ...facts,
});
