import { type Kernel, MAX_LOAD_BYTES } from '../kernel/kernel.js';
import type { LineOutput } from '../kernel/regular-records.js';
import type { XmlObject } from '../record/types.js';

/** What was written is taken when it is so long. */
const MAX_WRITTEN_BYTES = 512 * 1024;

/**
 * The records of a block, in a kernel: it finds what transforms need of them, and writes those that no transform changes.
 */
export class KernelLines {
  readonly #kernel: Kernel;
  readonly #output: LineOutput;
  readonly #mode: 'messages' | 'json';
  readonly #count: number;
  /** The records that are in the kernel's table, from the first one up to the one after the last, and their fields. */
  #first = 0;
  #end = 0;
  #fields: XmlObject[] = [];
  /** Where the line of record `#end` begins. */
  #next: number;
  #isWriting = false;

  /** @param bytes - the block's lines, at most `MAX_LOAD_BYTES`; `count` of them follow each other from `from` on */
  constructor(kernel: Kernel, output: LineOutput, bytes: Uint8Array, from: number, count: number) {
    this.#kernel = kernel;
    this.#output = output;
    this.#mode = output.kind === 'messages' ? 'messages' : 'json';
    this.#next = from;
    this.#count = count;
    kernel.load(bytes);
  }

  /** The fields of a record: of one after the other. */
  fieldsOf(index: number): XmlObject {
    if (index === this.#end) this.#read();
    return this.#fields[index - this.#first]!;
  }

  /** The id of the record whose fields were read last. */
  idOf(index: number): string {
    return this.#kernel.lineId(index - this.#first);
  }

  /** Adds that record as it is, or returns false if it is not a regular one. */
  add(index: number): boolean {
    if (!this.#isWriting) this.#kernel.beginLines(this.#mode);
    this.#isWriting = true;
    const written = this.#kernel.addLine(index - this.#first);
    if (written > MAX_WRITTEN_BYTES) this.flush();
    return written > 0;
  }

  /** Completes what was added: to be called before anything else is added to the output, and at the end. */
  flush(): void {
    if (!this.#isWriting) return;
    this.#isWriting = false;
    const lines = this.#kernel.takeLines();
    const hashes = this.#mode === 'json' ? this.#kernel.hashLines(lines.records) : undefined;
    this.#output.addLines(lines.output, lines.table, 0, hashes);
  }

  #read(): void {
    // The fields are written to where the lines are.
    this.flush();
    const { lines, next, fields } = this.#kernel.readLines(this.#next, this.#count - this.#end);
    this.#first = this.#end;
    this.#end += lines;
    this.#next = next;
    this.#fields = JSON.parse(fields) as XmlObject[];
  }
}

/** Whether a kernel can hold these lines. */
export const canHoldLines = (bytes: Uint8Array): boolean => bytes.length <= MAX_LOAD_BYTES;
