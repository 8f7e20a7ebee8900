import type { DataType } from '../data-type.js';
import type { InventoryCounter } from '../inventory/inventory-counter.js';
import type { Reading } from '../reading.js';
import type { RecordRange } from '../record/record-range.js';
import { createKernel, type Kernel, type KernelRun, MAX_LOAD_BYTES } from './kernel.js';
import type { LineOutput, RegularRecords, RegularRun } from './regular-records.js';
import { isSimdSupported } from './webassembly.js';

export interface FastRecordsOptions {
  reading: Reading;
  isNormalized: boolean;
  maxDepth: number;
  maxRecordBytes: number;
}

/** Whether the fast engine runs in this runtime. */
export const isFastEngineSupported = isSimdSupported;

/**
 * Encodes regular records with the WebAssembly kernel. An instance belongs to one thread and one dump at a time; the
 * kernel's memory is reused for each block.
 */
export class FastRecords implements RegularRecords {
  readonly #options: FastRecordsOptions;
  #kernel: { dataType: DataType; instance: Kernel } | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  /** The part of the bytes that the kernel holds. */
  #loadedFrom = 0;
  #loadedTo = 0;
  #inventory: InventoryCounter | undefined;
  /** Whether the kernel has counts that are not in `#inventory` yet. */
  #hasInventory = false;
  #hasTooManyPaths = false;

  constructor(options: FastRecordsOptions) {
    this.#options = options;
  }

  begin(bytes: Buffer, inventory: InventoryCounter): void {
    this.#bytes = bytes;
    this.#inventory = inventory;
    this.#hasInventory = false;
    this.#hasTooManyPaths = false;
    this.#loadedFrom = 0;
    this.#loadedTo = 0;
  }

  encode(dataType: DataType, range: RecordRange, recordsBefore: number, output: LineOutput, run: RegularRun): void {
    const kernel = this.kernelFor(dataType);
    const { skip, inventoryFrom, inventoryTo } = range;
    for (;;) {
      this.#load(kernel, run.position);
      const from = run.position - this.#loadedFrom;
      const record = recordsBefore + run.records;
      const isCounted = record >= inventoryFrom && record < inventoryTo;
      const inventory = isCounted ? record : undefined;
      if (isCounted && !this.#hasInventory) {
        kernel.beginInventory();
        this.#hasInventory = true;
      }
      const next = Math.min(...[skip, inventoryFrom, inventoryTo].filter((boundary) => boundary > record));
      let result: KernelRun;
      if (record < skip) {
        result = kernel.run(from, 'count', next - record, inventory);
        run.skipped += result.records;
      } else {
        result = kernel.run(from, output.kind === 'messages' ? 'messages' : 'json', next - record, inventory);
        const isHashed = output.kind === 'json' || output.kind === 'packed';
        const hashes = isHashed ? kernel.hashLines(result.records) : undefined;
        output.addLines(result.output, result.table, this.#loadedFrom, hashes);
        for (let index = 0; index < result.unknowns.length; index += 2) {
          run.unknownIds.push({
            recordsBefore: run.records + result.unknowns[index]!,
            at: this.#loadedFrom + (result.unknowns[index + 1]! >> 1),
            hasEmptyId: (result.unknowns[index + 1]! & 1) === 1,
          });
        }
      }
      run.records += result.records;
      run.position = this.#loadedFrom + result.offset;
      if (result.status === 'irregular') return;
      if (result.status === 'incomplete' && this.#loadedTo === this.#bytes.length) return;
      // What was loaded is consumed, except for a record that continues past its end.
      if (result.status === 'incomplete') this.#loadedTo = 0;
    }
  }

  takeInventory(): boolean {
    if (this.#hasInventory && !this.#kernel!.instance.takeInventory(this.#inventory!)) this.#hasTooManyPaths = true;
    this.#hasInventory = false;
    return !this.#hasTooManyPaths;
  }

  /** The kernel for records of this type. `begin` may be called with a block that is already in its `inputBuffer`. */
  kernelFor(dataType: DataType): Kernel {
    if (this.#kernel === undefined) {
      this.#kernel = { dataType, instance: createKernel({ dataType, ...this.#options })! };
    } else if (this.#kernel.dataType !== dataType) {
      this.#kernel.dataType = dataType;
      this.#kernel.instance.setDataType(dataType);
    }
    return this.#kernel.instance;
  }

  #load(kernel: Kernel, position: number): void {
    if (position >= this.#loadedFrom && this.#loadedTo > 0 && position <= this.#loadedTo) return;
    // The kernel's inventory refers to ids in the bytes that are replaced.
    this.takeInventory();
    // If the block is already in the kernel's memory, moving a part of it would overwrite the rest.
    this.#loadedFrom = this.#bytes.buffer === kernel.inputBuffer.buffer ? 0 : position;
    this.#loadedTo = Math.min(this.#bytes.length, this.#loadedFrom + MAX_LOAD_BYTES);
    kernel.load(this.#bytes.subarray(this.#loadedFrom, this.#loadedTo));
  }
}
