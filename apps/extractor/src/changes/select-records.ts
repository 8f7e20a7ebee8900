import type { EncodedBlock, EncodedRecord } from '@discogs-extractor/parser';

/** Some consecutive records for a sink: a block of the parser, or a part of one. */
export type SinkBlock = Omit<EncodedBlock, 'readHashes' | 'readNumericIds'>;

/**
 * The records of a block that are to be sent. The block itself if it is all of them; else a copy, which is small if most
 * records stay as they are, so that the memory of the block can be used again.
 *
 * @param send - by index in the block: 1 for a record to send
 * @param after - the block stands for the records after this one only
 */
export const selectRecords = (block: SinkBlock, send: Uint8Array, after: number): SinkBlock => {
  const indexes: number[] = [];
  for (let index = 0; index < block.count; index++) if (send[index] === 1) indexes.push(index);
  if (indexes.length === block.count && after < block.firstRecord) return block;
  const selected = new SelectedBlock(block, indexes, after);
  block.release();
  return selected;
};

const LINE_FEED = 0x0a;

class SelectedBlock implements SinkBlock {
  readonly dataType: SinkBlock['dataType'];
  readonly firstRecord: number;
  readonly lastRecord: number;
  readonly findings: SinkBlock['findings'];
  readonly bytes: Buffer;
  readonly #records: EncodedRecord[] = [];

  constructor(block: SinkBlock, indexes: readonly number[], after: number) {
    this.dataType = block.dataType;
    this.firstRecord = Math.max(block.firstRecord, after + 1);
    this.lastRecord = block.lastRecord;
    this.findings = block.findings.filter(({ number }) => number > after);
    const messages = indexes.map((index) => block.message(index));
    this.bytes = Buffer.alloc(
      messages.reduce((sum, { byteLength }) => sum + byteLength + 1, 0),
      LINE_FEED,
    );
    let start = 0;
    for (const [at, index] of indexes.entries()) {
      this.bytes.set(messages[at]!, start);
      const end = start + messages[at]!.byteLength;
      this.#records.push({
        number: block.number(index),
        id: block.id(index),
        sha256: block.sha256(index),
        message: this.bytes.subarray(start, end),
      });
      start = end + 1;
    }
  }

  get count(): number {
    return this.#records.length;
  }

  number(index: number): number {
    return this.#at(index).number;
  }

  id(index: number): string {
    return this.#at(index).id;
  }

  sha256(index: number): string {
    return this.#at(index).sha256;
  }

  message(index: number): Uint8Array {
    return this.#at(index).message;
  }

  release(): void {
    // Its memory is its own.
  }

  [Symbol.iterator](): Iterator<EncodedRecord> {
    return this.#records[Symbol.iterator]();
  }

  #at(index: number): EncodedRecord {
    const record = this.#records[index];
    if (record === undefined) {
      throw new RangeError(`There is no record ${index} in this block of ${this.#records.length} records`);
    }
    return record;
  }
}
