import { type BlockOutput, TABLE_WIDTH } from '../block/block-output.js';
import type { RegularRecords, RegularRun } from '../block/encode-block.js';
import type { DataType } from '../data-type.js';
import { createKernel, isKernelSupported, type Kernel, type KernelRun, MAX_LOAD_BYTES } from '../kernel/kernel.js';
import { sha256 } from '../record/sha256.js';

export interface FastRecordsOptions {
  maxDepth: number;
  maxRecordBytes: number;
}

/** Whether the fast engine runs here. */
export const isFastEngineSupported = isKernelSupported;

const UNKNOWN = Buffer.from('unknown');

/** Most records that the kernel is asked to count at once. */
const MOST_RECORDS = 0x7fff_ffff;

/**
 * Encodes regular records with the WebAssembly kernel. One of these belongs to one thread and one dump at a time; the
 * kernel's memory is used again for each block.
 */
export class FastRecords implements RegularRecords {
  readonly #options: FastRecordsOptions;
  #kernel: { dataType: DataType; instance: Kernel } | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  /** The part of the bytes that the kernel holds. */
  #loadedFrom = 0;
  #loadedTo = 0;

  constructor(options: FastRecordsOptions) {
    this.#options = options;
  }

  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#loadedFrom = 0;
    this.#loadedTo = 0;
  }

  encode(dataType: DataType, skip: number, output: BlockOutput, run: RegularRun): void {
    const kernel = this.#kernelFor(dataType);
    let toSkip = skip;
    for (;;) {
      this.#load(kernel, run.position);
      const from = run.position - this.#loadedFrom;
      let result: KernelRun;
      if (toSkip > 0) {
        result = kernel.run(from, 'count', Math.min(toSkip, MOST_RECORDS));
        run.skipped += result.records;
        toSkip -= result.records;
      } else {
        result = kernel.run(from, output.kind);
        // The result's views go with the next call of the kernel, so they are copied first.
        const { table, unknownIds } = result;
        const candidates = unknownIds === 0 ? [] : unknownCandidates(result, output.kind);
        output.addLines(result.output, table, output.kind === 'json' ? hashLines(result) : undefined);
        if (candidates.length > 0) this.#noteUnknownIds(kernel, run, candidates, unknownIds);
      }
      run.records += result.records;
      run.position = this.#loadedFrom + result.offset;
      if (result.status === 'irregular') return;
      if (result.status === 'incomplete' && this.#loadedTo === this.#bytes.length) {
        run.incomplete = true;
        return;
      }
      // What was loaded is done with, but for a record that runs over its end.
      if (result.status === 'incomplete') this.#loadedTo = 0;
    }
  }

  #kernelFor(dataType: DataType): Kernel {
    if (this.#kernel?.dataType !== dataType) {
      this.#kernel = { dataType, instance: createKernel({ dataType, ...this.#options })! };
      this.#loadedTo = 0;
    }
    return this.#kernel.instance;
  }

  #load(kernel: Kernel, position: number): void {
    if (position >= this.#loadedFrom && this.#loadedTo > 0 && position <= this.#loadedTo) return;
    this.#loadedFrom = position;
    this.#loadedTo = Math.min(this.#bytes.length, position + MAX_LOAD_BYTES);
    kernel.load(this.#bytes.subarray(position, this.#loadedTo));
  }

  /** Finds where the records without an id begin, by counting up to them: they are few but for some dumps' artists. */
  #noteUnknownIds(kernel: Kernel, run: RegularRun, candidates: readonly number[], unknownIds: number): void {
    let at = run.position - this.#loadedFrom;
    let counted = 0;
    for (const candidate of candidates) {
      if (candidate > counted) at = kernel.run(at, 'count', candidate - counted).offset;
      counted = candidate;
      // A record may also have the very word as its id; only then is each looked at.
      if (candidates.length > unknownIds && kernel.run(at, 'json', 1).unknownIds === 0) continue;
      let start = this.#loadedFrom + at;
      while (this.#bytes[start] !== 0x3c) start++;
      run.unknownIds.push({ recordsBefore: run.records + candidate, at: start });
    }
  }
}

/** Which of a run's records may have no id. */
const unknownCandidates = ({ output, table, records }: KernelRun, kind: BlockOutput['kind']): number[] => {
  const candidates: number[] = [];
  for (let index = 0; index < records; index++) {
    const start = table[index * TABLE_WIDTH + 2]!;
    const end = table[index * TABLE_WIDTH + 3]!;
    const unknown = kind === 'json' ? start === -1 : end - start === 7 && UNKNOWN.equals(output.subarray(start, end));
    if (unknown) candidates.push(index);
  }
  return candidates;
};

const hashLines = ({ output, table, records }: KernelRun): string[] => {
  const hashes: string[] = [];
  for (let index = 0; index < records; index++) {
    const row = index * TABLE_WIDTH;
    hashes.push(sha256(output.subarray(table[row], table[row + 1])));
  }
  return hashes;
};
