import { compiledOnce, growTo, type WasmGlobal, type WasmMemory, webAssembly } from '../kernel/webassembly.js';
import { copyBytes } from '../record/copy-bytes.js';
import { TABLE_WIDTH } from '../record/message-layout.js';
import { type FieldTree, fieldTreeOf } from './field-tree.js';
import { PACKER_WASM } from './packer-wasm.generated.js';
import { type BATCH_WIDTH, type PackedRecords, STEP, STEP_BITS } from './steps.js';

/** What `assembly/packer/index.ts` exports. */
interface PackerExports {
  readonly memory: WasmMemory;
  readonly inputAddress: WasmGlobal;
  readonly inputBytes: WasmGlobal;
  readonly resultAddress: WasmGlobal;
  readonly selectionAddress: WasmGlobal;
  readonly fieldKeysAddress: WasmGlobal;
  readonly shapesAddress: WasmGlobal;
  readonly shortAddress: WasmGlobal;
  readonly shortLengthsAddress: WasmGlobal;
  readonly asciiAddress: WasmGlobal;
  readonly wideAddress: WasmGlobal;
  readonly stepsAddress: WasmGlobal;
  readonly memoryBytes: WasmGlobal;
  begin(selects: number): void;
  pack(bytes: number): void;
}

/**
 * How much JSON makes a batch. In a larger one fewer texts repeat outside of it, but its objects' parts live longer, and
 * garbage collection takes more time than is saved.
 */
const BATCH_BYTES = 64 * 1024;

/** Words of a shape's entry: its parent, and the address and length of its key. */
const SHAPE_WORDS = 8;
/** Words of an entry of the selection. */
const SELECTED_WORDS = 4;

const FIRST_BYTES = 64 * 1024;
const GROWTH = 1.5;
const WORD_BYTES = 4;

const LINE_FEED = 0x0a;
const NOTHING = Buffer.alloc(0);

const packerModule = compiledOnce(PACKER_WASM);

/**
 * Packs records given as canonical JSON, block by block. An instance belongs to one thread, and its memory is reused for
 * each block.
 */
export class Packer {
  readonly #exports: PackerExports;
  readonly #heap: Buffer;
  readonly #words: Int32Array;
  readonly #input: Buffer;
  #fields: readonly string[] | undefined;
  #lines = 0;
  #output: Buffer = Buffer.alloc(0);
  #length = 0;
  #batches: number[] = [];

  constructor() {
    this.#exports = new webAssembly!.Instance(packerModule()).exports as PackerExports;
    const { memory, inputAddress, inputBytes, memoryBytes } = this.#exports;
    growTo(memory, memoryBytes.value);
    this.#heap = Buffer.from(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#input = this.#heap.subarray(inputAddress.value, inputAddress.value + inputBytes.value);
  }

  /**
   * Begins a block.
   *
   * @param fields - the fields to keep; `undefined`: all
   * @param memory - holds the packed records as long as it is large enough
   */
  begin(fields: readonly string[] | undefined, memory: ArrayBuffer | undefined): void {
    if (fields !== undefined && fields !== this.#fields) this.#writeSelection(fieldTreeOf(fields));
    this.#fields = fields;
    this.#exports.begin(Number(fields !== undefined));
    this.#lines = 0;
    this.#output = memory === undefined ? Buffer.allocUnsafeSlow(FIRST_BYTES) : Buffer.from(memory);
    this.#length = 0;
    this.#batches = [];
  }

  /** Adds one record. */
  addLine(bytes: Buffer, start: number, end: number): void {
    const length = end - start + 1;
    if (this.#lines > 0 && this.#lines + length > BATCH_BYTES) this.#pack();
    if (length > this.#input.length) {
      this.#addAsValue(bytes.subarray(start, end));
      return;
    }
    const lineEnd = copyBytes(bytes, start, end, this.#input, this.#lines);
    this.#input[lineEnd] = LINE_FEED;
    this.#lines = lineEnd + 1;
  }

  /** Adds records: lines with their table, as the kernel writes them. */
  addLines(lines: Uint8Array, table: Int32Array): void {
    const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
    for (let row = 0; row < table.length; ) {
      const start = table[row]!;
      let end = table[row + 1]! + 1;
      row += TABLE_WIDTH;
      // Lines that follow each other are copied together, as many as fit into the batch.
      while (table[row] === end && this.#lines + table[row + 1]! + 1 - start <= BATCH_BYTES) {
        end = table[row + 1]! + 1;
        row += TABLE_WIDTH;
      }
      this.addLine(bytes, start, end - 1);
    }
  }

  /** Everything that was added, in memory that can be transferred to another thread. */
  finish(): { bytes: Uint8Array; packed: PackedRecords } {
    if (this.#lines > 0) this.#pack();
    const shapes = this.#words[(this.#exports.resultAddress.value >> 2) + 4]!;
    const names: string[] = [];
    const parents = new Int32Array(Math.max(shapes - 1, 0));
    let entry = (this.#exports.shapesAddress.value >> 2) + SHAPE_WORDS;
    for (let shape = 1; shape < shapes; shape++, entry += SHAPE_WORDS) {
      const key = this.#words[entry + 1]!;
      parents[shape - 1] = this.#words[entry]!;
      // Without the colon.
      names.push(this.#heap.toString('utf8', key, key + this.#words[entry + 2]! - 1));
    }
    return {
      bytes: this.#output.subarray(0, this.#length),
      packed: { batches: Int32Array.from(this.#batches), names: `[${names.join(',')}]`, parents },
    };
  }

  #pack(): void {
    const { shortAddress, shortLengthsAddress, asciiAddress, wideAddress, stepsAddress, resultAddress } = this.#exports;
    this.#exports.pack(this.#lines);
    this.#lines = 0;
    const result = resultAddress.value >> 2;
    const part = (start: WasmGlobal, end: number): Buffer =>
      this.#heap.subarray(start.value, this.#words[result + end]!);
    this.#addBatch({
      short: part(shortAddress, 5),
      shortLengths: part(shortLengthsAddress, 6),
      ascii: part(asciiAddress, 1),
      wide: part(wideAddress, 2),
      steps: part(stepsAddress, 3),
    });
  }

  /** Adds a record that is too large for the packer's memory. */
  #addAsValue(json: Buffer): void {
    const steps = Int32Array.of(STEP.wide, ...(this.#fields === undefined ? [] : [STEP.null]), wholeRecord);
    const wide = Buffer.concat([Buffer.from('['), json, Buffer.from(']')]);
    this.#addBatch({ short: NOTHING, shortLengths: NOTHING, ascii: NOTHING, wide, steps: Buffer.from(steps.buffer) });
  }

  #addBatch({ short, shortLengths, ascii, wide, steps }: BatchParts): void {
    const lengthsStart = this.#length + short.length;
    const asciiStart = lengthsStart + shortLengths.length;
    const wideStart = asciiStart + ascii.length;
    const wideEnd = wideStart + wide.length;
    const stepsStart = Math.ceil(wideEnd / WORD_BYTES) * WORD_BYTES;
    const end = stepsStart + steps.length;
    const batch: Batch = [this.#length, lengthsStart, asciiStart, wideStart, wideEnd, stepsStart, end];
    this.#reserve(end);
    this.#output.set(short, this.#length);
    this.#output.set(shortLengths, lengthsStart);
    this.#output.set(ascii, asciiStart);
    this.#output.set(wide, wideStart);
    this.#output.set(steps, stepsStart);
    this.#length = end;
    this.#batches.push(...batch);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#output.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.ceil(GROWTH * bytes));
    larger.set(this.#output.subarray(0, this.#length));
    this.#output = larger;
  }

  /** Writes the fields to keep to the packer's memory. */
  #writeSelection(tree: FieldTree): void {
    const { selectionAddress, fieldKeysAddress } = this.#exports;
    const first = selectionAddress.value >> 2;
    let keys = 0;
    let entries = 1;
    const write = (node: FieldTree, entry: number): void => {
      let link = first + entry * SELECTED_WORDS;
      this.#words[link] = 0;
      for (const [name, below] of node) {
        const child = entries++;
        this.#words[link] = child;
        const at = first + child * SELECTED_WORDS;
        const bytes = this.#heap.write(`${JSON.stringify(name)}:`, fieldKeysAddress.value + keys);
        this.#words.set([0, 0, keys, bytes], at);
        keys += bytes;
        write(below, child);
        link = at + 1;
      }
    };
    write(tree, 0);
  }
}

interface BatchParts {
  readonly short: Buffer;
  readonly shortLengths: Buffer;
  readonly ascii: Buffer;
  readonly wide: Buffer;
  readonly steps: Buffer;
}

/** The end of a record that is one value as a whole. */
const wholeRecord = (1 << STEP_BITS) | STEP.end;

type Batch = [number, number, number, number, number, number, number] & { readonly length: typeof BATCH_WIDTH };

let threadPacker: Packer | undefined;

/** This thread's packer: a block is packed without interruption, so all reads can share it. */
export const packer = (): Packer => {
  threadPacker ??= new Packer();
  return threadPacker;
};
