import { iterateRecords } from '@discogs-extractor/internal/indexed-records';
import type { EncodedBlock, EncodedRecord } from '@discogs-extractor/parser';
import type { SinkBlock } from './select-records.js';

/** A block in parts of at most so many records, which share its memory; the block itself if it is not larger. */
export const partsOf = (block: EncodedBlock, maxRecords: number): SinkBlock[] => {
  if (block.count <= maxRecords) return [block];
  let unreleased = Math.ceil(block.count / maxRecords);
  const release = (): void => {
    unreleased--;
    if (unreleased === 0) block.release();
  };
  return Array.from({ length: unreleased }, (_, index) => {
    const start = index * maxRecords;
    return new BlockPart(block, start, Math.min(start + maxRecords, block.count), release);
  });
};

/** The records from index `start` to `end` of a block, and those before them that it omits. */
class BlockPart implements SinkBlock {
  readonly dataType: SinkBlock['dataType'];
  readonly firstRecord: number;
  readonly lastRecord: number;
  readonly count: number;
  readonly findings: SinkBlock['findings'];
  readonly bytes: Uint8Array;
  readonly #block: EncodedBlock;
  readonly #start: number;
  #release: (() => void) | undefined;

  constructor(block: EncodedBlock, start: number, end: number, release: () => void) {
    this.#block = block;
    this.#start = start;
    this.#release = release;
    this.dataType = block.dataType;
    this.firstRecord = start === 0 ? block.firstRecord : block.number(start - 1) + 1;
    this.lastRecord = end === block.count ? block.lastRecord : block.number(end - 1);
    this.count = end - start;
    this.findings = block.findings.filter(({ number }) => number >= this.firstRecord && number <= this.lastRecord);
    const [first, last] = [block.message(start), block.message(end - 1)];
    const from = first.byteOffset - block.bytes.byteOffset;
    // The line feed follows.
    this.bytes = block.bytes.subarray(from, last.byteOffset - block.bytes.byteOffset + last.byteLength + 1);
  }

  number(index: number): number {
    return this.#block.number(this.#at(index));
  }

  id(index: number): string {
    return this.#block.id(this.#at(index));
  }

  sha256(index: number): string {
    return this.#block.sha256(this.#at(index));
  }

  message(index: number): Uint8Array {
    return this.#block.message(this.#at(index));
  }

  release(): void {
    this.#release?.();
    this.#release = undefined;
  }

  [Symbol.iterator](): Generator<EncodedRecord, void, undefined> {
    return iterateRecords(this);
  }

  #at(index: number): number {
    if (index >= 0 && index < this.count) return this.#start + index;
    throw new RangeError(`There is no record ${index} in this part of a block, which has ${this.count} records`);
  }
}
