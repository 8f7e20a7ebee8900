import { hash, randomFillSync } from 'node:crypto';
import { type DataType, recordNameOf } from '../data-type.js';
import type { InventoryCounter } from '../inventory/inventory-counter.js';
import { type FieldChange, FORMS } from '../platform/forms.js';
import type { Reading } from '../reading.js';
import { addsId } from '../record/build-record.js';
import type { CanonicalBytes } from '../record/canonical-buffer.js';
import { HASH_LENGTH, TABLE_WIDTH } from '../record/message-layout.js';
import { UNKNOWN } from '../record/record-id.js';
import { KERNEL_WASM } from './kernel-wasm.generated.js';
import {
  compiledOnce,
  growTo,
  isSimdSupported,
  type WasmGlobal,
  type WasmMemory,
  type WebAssemblyApi,
  webAssembly,
} from './webassembly.js';

/**
 * The typed interface of the WebAssembly kernel (`assembly/kernel`): XML bytes in, finished message bytes out.
 *
 * How to use it, for one data type and one thread:
 *
 * ```ts
 * const kernel = createKernel({ dataType: 'releases' });   // undefined without WebAssembly SIMD
 * kernel.load(block);                                       // one copy into linear memory; stays loaded
 * for (let at = 0; ; ) {
 *   const run = kernel.run(at, 'messages');
 *   take(run.output, run.table, run.records);               // copy: the views are valid until the next call
 *   at = run.offset;
 *   if (run.status === 'incomplete') break;                 // keep block.subarray(at) for the next block
 *   if (run.status === 'irregular') at = strictItem(block, at);
 * }                                                         // 'full': just call again
 * ```
 *
 * The kernel never guesses: it stops at whatever it cannot prove regular by the rules of CONVERSION.md, and reports it.
 */

/** The output of a run. */
export type KernelMode =
  /** Message bodies with their hashes, or canonical JSON without; each followed by a line feed. */
  | 'messages'
  | 'json'
  /** Nothing: the records are only proven regular and counted. */
  | 'count';

/** Why a run ended. */
export type KernelStatus =
  /** The loaded bytes end at `offset` (all was consumed) or in a record that begins there and is regular so far. */
  | 'incomplete'
  /**
   * What begins at `offset` is not a record, or one that the kernel cannot prove regular: it is left to the strict
   * engine. The loaded bytes may end inside of it.
   */
  | 'irregular'
  /** The output or its table is full, or `maxRecords` were read: call again with `offset`. */
  | 'full';

/** Options of {@link createKernel}. */
export interface KernelOptions {
  /** The data type; its singular is the record's name. */
  readonly dataType: DataType;
  /** @default 'xmltodict' */
  readonly reading?: Reading;
  /** Whether records get the platform's form (CONVERSION.md, section 8). @default false */
  readonly isNormalized?: boolean;
  /**
   * Maximum depth, the record itself being 1; deeper records are irregular. @default 256, which is also the upper bound
   */
  readonly maxDepth?: number;
  /** Maximum length of a record in bytes; longer ones are irregular. @default 8 MiB, which is also the upper bound */
  readonly maxRecordBytes?: number;
}

/**
 * The result of one run. `output`, `table` and `unknowns` are views of the kernel's memory, valid until its next call.
 */
export interface KernelRun {
  readonly status: KernelStatus;
  /** First byte that was not consumed, counted from the start of the loaded bytes. */
  readonly offset: number;
  /** Records read by this run. */
  readonly records: number;
  /** How many of them have no id that is a string (their id is `unknown`). Not counted in mode `count`. */
  readonly unknownIds: number;
  /**
   * Two numbers for each of these: its index in the run, counted from 0, and twice its position in the loaded bytes,
   * plus 1 if an empty child `id` was left out of it.
   */
  readonly unknowns: Int32Array;
  /** `records` lines, each ended by a line feed. Empty in mode `count`. */
  readonly output: Uint8Array;
  /**
   * {@link TABLE_WIDTH} numbers per record: start of its line in `output`, end of its line (without the line feed), and
   * a span. In mode `messages` that is its id in `output`, printable ASCII without escapes (a record with any other id
   * is irregular), and the hash's 64 digits begin `HASH_AFTER_ID` bytes after its end. In mode `json` it is the record
   * in the loaded bytes. Empty in mode `count`.
   */
  readonly table: Int32Array;
}

/** Lines, as in {@link KernelRun}. */
export type WrittenLines = Pick<KernelRun, 'records' | 'output' | 'table'>;

/** What {@link Kernel.readLines} read. */
export interface ReadLines {
  /** How many lines. */
  readonly lines: number;
  /** Where the next line begins. */
  readonly next: number;
  /** A JSON array of objects: the fields of each record. */
  readonly fields: string;
}

/** A kernel: one WebAssembly instance with its own memory. Not shared between threads. */
export interface Kernel {
  /** Switches to records of another data type. Loaded bytes stay. */
  setDataType(dataType: DataType): void;
  /**
   * The part of the kernel's memory that {@link load} copies to, {@link MAX_LOAD_BYTES} long: bytes written here are
   * loaded without a copy. Always the same view.
   */
  readonly inputBuffer: Buffer;
  /** All of the kernel's memory, for an inflater that gunzips into {@link inputBuffer}. */
  readonly memory: WasmMemory;
  /**
   * Copies XML into the kernel's memory, unless it is the beginning of {@link inputBuffer}. It must begin between
   * records (at root level) and stays loaded until the next call.
   *
   * @throws RangeError when there are more than {@link MAX_LOAD_BYTES}.
   */
  load(bytes: Uint8Array): void;
  /**
   * Reads records from `from` on, at most `maxRecords` of them.
   *
   * @param from - where to begin, counted from the start of the loaded bytes: between records
   * @param maxRecords - @default no limit
   * @param inventoryFrom - the number that the first record has in the inventory; without it, the records are left out
   */
  run(from: number, mode: KernelMode, maxRecords?: number, inventoryFrom?: number): KernelRun;
  /**
   * Gives a record the platform's form. The kernel must have been created for that. The result is valid until the next
   * call; lines that {@link addLine} added and that were not taken are lost.
   *
   * @returns `undefined` if the record is too large, or has names that are escaped in JSON
   */
  normalizeLine(line: CanonicalBytes): CanonicalBytes | undefined;
  /**
   * Sets which members {@link readLines} returns: those with one of these names, or that begin like one that ends in `*`.
   *
   * @returns whether the kernel can: there are few fields in practice, with short names
   */
  setFields(fields: readonly string[]): boolean;
  /**
   * Finds the fields of records. Lines of canonical JSON, each ended by a line feed, must be loaded in place of XML.
   *
   * @param from - where a line begins
   * @param maxLines - at most so many are read, all of which are loaded
   */
  readLines(from: number, maxLines: number): ReadLines;
  /** Begins to write lines as {@link run} does. */
  beginLines(mode: 'messages' | 'json'): void;
  /**
   * Writes one of the lines that {@link readLines} read last, in the platform's form if the kernel was created for that.
   *
   * @returns how many bytes were written since {@link beginLines}; 0 if the record is not a regular one
   */
  addLine(index: number): number;
  /** The record's id of one of these lines. */
  lineId(index: number): string;
  /** The records added since {@link beginLines}: views, valid until the next call. */
  takeLines(): WrittenLines;
  /**
   * The hashes of the lines that {@link run} or {@link takeLines} returned last in mode `json`: 64 hexadecimal digits
   * each, one after the other. A view, valid until the next call.
   *
   * @param records - how many there are
   */
  hashLines(records: number): Uint8Array;
  /** Begins an inventory. */
  beginInventory(): void;
  /**
   * Adds the inventory since {@link beginInventory}; the bytes that it was taken of must still be loaded. Returns false
   * if there are too many paths: then it is not added.
   */
  takeInventory(counter: InventoryCounter): boolean;
}

/**
 * How many bytes can be loaded together. A record over 8 MiB is irregular, never incomplete, so more are not needed.
 */
export const MAX_LOAD_BYTES: number = 16 * 1024 * 1024;

/** Creates a kernel, or returns `undefined` if `isSimdSupported` is false. */
export const createKernel = (options: KernelOptions): Kernel | undefined =>
  webAssembly && isSimdSupported() ? new WasmKernel(webAssembly, options) : undefined;

/** What `assembly/kernel/index.ts` exports. */
interface KernelExports {
  readonly memory: WasmMemory;
  readonly inputAddress: WasmGlobal;
  readonly resultAddress: WasmGlobal;
  readonly recordNameAddress: WasmGlobal;
  readonly seedAddress: WasmGlobal;
  readonly formAddress: WasmGlobal;
  readonly workAddress: WasmGlobal;
  readonly tableAddress: WasmGlobal;
  readonly unknownIdsAddress: WasmGlobal;
  readonly digestAddress: WasmGlobal;
  readonly longRecordsAddress: WasmGlobal;
  readonly hashDigitsAddress: WasmGlobal;
  readonly pathNodesAddress: WasmGlobal;
  readonly examplesAddress: WasmGlobal;
  readonly pathNodes: WasmGlobal;
  readonly pathGeneration: WasmGlobal;
  readonly examples: WasmGlobal;
  readonly inventoryFailed: WasmGlobal;
  readonly wantedFieldsAddress: WasmGlobal;
  readonly linesAddress: WasmGlobal;
  configure(addsId: number, isPlatformReading: number, maxDepth: number, maxRecordBytes: number): void;
  setForm(isNormalized: number, isRecordStripped: number, fields: number): void;
  setRegions(inputEnd: number, outputStart: number, outputEnd: number): void;
  run(from: number, mode: number, limit: number, inventoryFrom: number): number;
  hashRecords(spans: number, entryBytes: number, origin: number, count: number): number;
  writeHashDigits(records: number): void;
  assembleMessages(): void;
  normalizeLine(json: number, jsonEnd: number): number;
  setFields(count: number): void;
  readLines(from: number, limit: number): number;
  beginLines(mode: number): void;
  addLine(index: number): number;
  finishLines(): number;
  beginInventory(): void;
  finishInventory(): void;
}

const MODES: Readonly<Record<KernelMode, number>> = { messages: 0, json: 1, count: 2 };
/** `Change` in `assembly/kernel/layout.ts`. */
const CHANGES: Readonly<Record<FieldChange, number>> = {
  list: 0,
  'stripped-list': 1,
  items: 2,
  strip: 3,
  reference: 4,
};
/** A random number, so that no dump can be made for which two shapes of elements are taken for one. */
const SEED_BYTES = 8;
/** An entry of FORM there, and where in it what is. */
const FIELD_BYTES = 64;
const FIELD_NAME_LENGTHS = 4;
const FIELD_NAMES = 16;
const FIELD_NAME_BYTES = 16;

const STATUSES = ['incomplete', 'irregular', 'full'] as const satisfies readonly KernelStatus[];

/** The kernel's own limits; records above them are left to the strict engine. */
const MAX_DEPTH = 256;
const MAX_RECORD_BYTES = 8 * 1024 * 1024;

/** The largest number that the kernel accepts as a count. */
const NO_LIMIT = 0x7fff_ffff;

/** After input and output, for loads and stores that overrun: more than `SLACK` in `assembly/kernel/layout.ts`. */
const SLACK_BYTES = 1024;
/** Output of one run, unless a single record needs more: this limits memory to what blocks need. */
const OUTPUT_BYTES = 4 * 1024 * 1024;
/**
 * No record needs more (`boundJson` in `assembly/kernel/write-json.ts`, plus the gap of a message). Reserved in full,
 * so that the memory never moves.
 */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;
/** If records are normalised, their JSON is there twice. */
const MAX_NORMALIZED_OUTPUT_BYTES = 2 * MAX_OUTPUT_BYTES;
/**
 * A normalised line is less than four times as long as before: the shortest item of a list is `"",`. So the longest one
 * fits into the first half of the output, and its source into the other.
 */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** Wanted fields (`WantedField` in `assembly/kernel/layout.ts`). */
const MAX_WANTED_FIELDS = 64;
const WANTED_FIELD_BYTES = 64;
const WANTED_FIELD_NAME = 16;
const MAX_WANTED_NAME_BYTES = 32;
/** Lines that are read together. */
const MAX_LINES = 1024;
/** Words of an entry of the kernel's table of lines, and where its span, its id and the id's length are. */
const LINE_WORDS = 6;
const LINE_ID_WORD = 2;

/** Words of the kernel's work table per record; the first two are the JSON's span. */
const WORK_WORDS = 8;

/** Words of an entry of the kernel's table of paths, and where its numbers, its parent and its name are. */
const PATH_NODE_WORDS = 16;
const PATH_RECORDS_WORD = 2;
const PATH_PARENT_WORD = 13;
const PATH_NAME_WORD = 14;
/** Of the kernel's table of examples: record, and the id's place and length. */
const EXAMPLE_WORDS = 3;
/** Where a name's slot has its length and its bytes. */
const NAME_BYTES = 48;
const NAME_START = 66;

/** A SHA-256 digest. */
const DIGEST_BYTES = 32;
const DIGESTS_PER_WRITE = 64;

const kernelModule = compiledOnce(KERNEL_WASM);

class WasmKernel implements Kernel {
  readonly #exports: KernelExports;
  readonly #inputAddress: number;
  readonly #resultAddress: number;
  readonly #workAddress: number;
  readonly #tableAddress: number;
  readonly #unknownIdsAddress: number;
  readonly #digestAddress: number;
  readonly #longRecordsAddress: number;

  readonly #reading: Reading;
  readonly #isNormalized: boolean;
  readonly #maxOutputBytes: number;
  /** `maxDepth` and `maxRecordBytes`. */
  readonly #limits: readonly [number, number];

  readonly #outputStart: number;
  #outputCapacity = OUTPUT_BYTES;
  #inputLength = 0;
  #writtenMode: 'messages' | 'json' = 'json';

  /** The paths of the inventory's nodes, as far as they were needed. */
  #knownPaths: string[] = [];
  #pathGeneration: number | undefined;

  // Views of the whole memory, which does not grow again.
  readonly #heap: Buffer;
  readonly #words: Int32Array;
  readonly inputBuffer: Buffer;
  readonly memory: WasmMemory;

  constructor(api: WebAssemblyApi, options: KernelOptions) {
    this.#exports = new api.Instance(kernelModule()).exports as KernelExports;
    this.#inputAddress = this.#exports.inputAddress.value;
    this.#resultAddress = this.#exports.resultAddress.value;
    this.#workAddress = this.#exports.workAddress.value;
    this.#tableAddress = this.#exports.tableAddress.value;
    this.#unknownIdsAddress = this.#exports.unknownIdsAddress.value;
    this.#digestAddress = this.#exports.digestAddress.value;
    this.#longRecordsAddress = this.#exports.longRecordsAddress.value;
    this.#reading = options.reading ?? 'xmltodict';
    this.#isNormalized = options.isNormalized ?? false;
    this.#maxOutputBytes = this.#isNormalized ? MAX_NORMALIZED_OUTPUT_BYTES : MAX_OUTPUT_BYTES;
    this.#limits = [
      Math.min(options.maxDepth ?? MAX_DEPTH, MAX_DEPTH),
      Math.min(options.maxRecordBytes ?? MAX_RECORD_BYTES, MAX_RECORD_BYTES),
    ];
    this.#outputStart = this.#inputAddress + MAX_LOAD_BYTES + SLACK_BYTES;
    const { memory } = this.#exports;
    this.memory = memory;
    growTo(memory, this.#outputStart + this.#maxOutputBytes + SLACK_BYTES);
    this.#heap = Buffer.from(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.inputBuffer = Buffer.from(memory.buffer, this.#inputAddress, MAX_LOAD_BYTES);
    randomFillSync(this.#heap, this.#exports.seedAddress.value, SEED_BYTES);
    this.setDataType(options.dataType);
    this.#setRegions();
  }

  setDataType(dataType: DataType): void {
    this.#heap.write(`${recordNameOf(dataType)}>`, this.#exports.recordNameAddress.value, 'latin1');
    const reading = this.#reading;
    this.#exports.configure(Number(addsId(dataType, reading)), Number(reading === 'platform'), ...this.#limits);
    this.#setForm(dataType);
  }

  #setForm(dataType: DataType): void {
    const { isStripped, fields } = FORMS[dataType];
    const heap = this.#heap;
    let entry = this.#exports.formAddress.value;
    for (const { name, change, child } of fields) {
      heap.fill(0, entry, entry + FIELD_BYTES);
      heap.writeUInt32LE(CHANGES[change], entry);
      for (const [index, text] of [name, child].entries()) {
        heap.writeUInt32LE(text.length, entry + FIELD_NAME_LENGTHS * (index + 1));
        heap.write(text, entry + FIELD_NAMES + FIELD_NAME_BYTES * index, 'latin1');
      }
      entry += FIELD_BYTES;
    }
    this.#exports.setForm(Number(this.#isNormalized), Number(isStripped), fields.length);
  }

  load(bytes: Uint8Array): void {
    if (bytes.length > MAX_LOAD_BYTES) throw new RangeError(`Cannot load more than ${MAX_LOAD_BYTES} bytes`);
    const isInPlace = bytes.buffer === this.inputBuffer.buffer && bytes.byteOffset === this.inputBuffer.byteOffset;
    if (!isInPlace) this.inputBuffer.set(bytes);
    this.#inputLength = bytes.length;
    this.#setRegions();
  }

  run(from: number, mode: KernelMode, maxRecords = NO_LIMIT, inventoryFrom = -1): KernelRun {
    if (!(from >= 0 && from <= this.#inputLength)) throw new RangeError(`No bytes are loaded at ${from}`);
    const limit = Math.min(maxRecords, NO_LIMIT);
    let status = this.#exports.run(this.#inputAddress + from, MODES[mode], limit, inventoryFrom);
    const needed = this.#result(4);
    if (needed !== 0) {
      this.#outputCapacity = Math.min(Math.max(needed, 2 * this.#outputCapacity), this.#maxOutputBytes);
      this.#setRegions();
      status = this.#exports.run(this.#inputAddress + from, MODES[mode], limit, inventoryFrom);
    }
    const records = this.#result(1);
    if (mode === 'messages') this.#assemble(records);
    const unknownIds = this.#result(2);
    const written = mode === 'count' ? 0 : records;
    return {
      status: STATUSES[status]!,
      offset: this.#result(0) - this.#inputAddress,
      records,
      unknownIds,
      unknowns: this.#words.subarray(this.#unknownIdsAddress >> 2, (this.#unknownIdsAddress >> 2) + 2 * unknownIds),
      output: this.#heap.subarray(this.#outputStart, this.#result(3)),
      table: this.#tableOf(written),
    };
  }

  normalizeLine({ bytes, start, end }: CanonicalBytes): CanonicalBytes | undefined {
    if (end - start > MAX_LINE_BYTES) return undefined;
    const source = this.#outputStart + MAX_OUTPUT_BYTES;
    bytes.copy(this.#heap, source, start, end);
    const outputEnd = this.#exports.normalizeLine(source, source + end - start);
    if (outputEnd === 0) return undefined;
    const idStart = this.#result(5);
    return {
      bytes: this.#heap,
      start: this.#outputStart,
      end: outputEnd,
      // After its comma or brace.
      idStart: idStart === 0 ? 0 : idStart + 1,
      idEnd: this.#result(6),
    };
  }

  setFields(fields: readonly string[]): boolean {
    const names = Array.from(new Set(fields), (field) => ({
      bytes: Buffer.from(field.endsWith('*') ? field.slice(0, -1) : field),
      isPrefix: field.endsWith('*'),
    }));
    if (names.length > MAX_WANTED_FIELDS) return false;
    let entry = this.#exports.wantedFieldsAddress.value;
    for (const { bytes, isPrefix } of names) {
      if (bytes.length > MAX_WANTED_NAME_BYTES) return false;
      this.#heap.fill(0, entry, entry + WANTED_FIELD_BYTES);
      this.#heap.writeUInt32LE(bytes.length, entry);
      this.#heap.writeUInt32LE(Number(isPrefix), entry + 4);
      bytes.copy(this.#heap, entry + WANTED_FIELD_NAME);
      entry += WANTED_FIELD_BYTES;
    }
    this.#exports.setFields(names.length);
    return true;
  }

  readLines(from: number, maxLines: number): ReadLines {
    const lines = this.#exports.readLines(this.#inputAddress + from, Math.min(maxLines, MAX_LINES));
    return {
      lines,
      next: this.#result(0) - this.#inputAddress,
      fields: this.#heap.toString('utf8', this.#outputStart, this.#result(3)),
    };
  }

  beginLines(mode: 'messages' | 'json'): void {
    this.#writtenMode = mode;
    this.#exports.beginLines(MODES[mode]);
  }

  addLine(index: number): number {
    const entry = (this.#exports.linesAddress.value >> 2) + LINE_WORDS * index;
    if (this.#words[entry + 1]! - this.#words[entry]! > MAX_LINE_BYTES) return 0;
    const end = this.#exports.addLine(index);
    return end === 0 ? 0 : end - this.#outputStart;
  }

  lineId(index: number): string {
    const entry = (this.#exports.linesAddress.value >> 2) + LINE_WORDS * index + LINE_ID_WORD;
    const start = this.#words[entry]!;
    if (start === 0) return UNKNOWN;
    const text = this.#heap.toString('utf8', start, start + this.#words[entry + 1]!);
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
  }

  takeLines(): WrittenLines {
    const records = this.#exports.finishLines();
    const end = this.#result(3);
    if (this.#writtenMode === 'messages') this.#assemble(records);
    return { records, output: this.#heap.subarray(this.#outputStart, end), table: this.#tableOf(records) };
  }

  beginInventory(): void {
    this.#exports.beginInventory();
  }

  takeInventory(counter: InventoryCounter): boolean {
    this.#exports.finishInventory();
    if (this.#exports.inventoryFailed.value !== 0) return false;
    const words = this.#words;
    const nodes = this.#exports.pathNodesAddress.value >> 2;
    const idOf = (record: number): string => this.#exampleId(record);
    for (const [number, path] of this.#paths().entries()) {
      const row = nodes + PATH_NODE_WORDS * number + PATH_RECORDS_WORD;
      if (words[row]! > 0) counter.addPath(path, words, row, idOf);
    }
    return true;
  }

  /** The id of a record that is in the kernel's table of examples, which is in the order of records. */
  #exampleId(record: number): string {
    const first = this.#exports.examplesAddress.value >> 2;
    let low = 0;
    let high = this.#exports.examples.value - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#words[first + EXAMPLE_WORDS * middle]! < record) low = middle + 1;
      else high = middle;
    }
    const start = this.#words[first + EXAMPLE_WORDS * low + 1]!;
    return start === 0
      ? UNKNOWN
      : this.#heap.toString('latin1', start, start + this.#words[first + EXAMPLE_WORDS * low + 2]!);
  }

  /** The paths of the inventory's nodes. The first one belongs to no path. */
  #paths(): readonly string[] {
    const { pathNodes, pathGeneration, pathNodesAddress } = this.#exports;
    if (this.#pathGeneration !== pathGeneration.value) {
      this.#knownPaths = [''];
      this.#pathGeneration = pathGeneration.value;
    }
    const paths = this.#knownPaths;
    while (paths.length < pathNodes.value) {
      const node = (pathNodesAddress.value >> 2) + PATH_NODE_WORDS * paths.length;
      const parent = this.#words[node + PATH_PARENT_WORD]!;
      const name = this.#words[node + PATH_NAME_WORD]!;
      const isAttribute = (name & 1) === 1;
      const slot = name - Number(isAttribute);
      const start = slot + NAME_START;
      const text = this.#heap.toString('latin1', start, start + this.#words[(slot + NAME_BYTES) >> 2]!);
      paths.push(`${parent === 0 ? '' : `${paths[parent]}/`}${isAttribute ? '@' : ''}${text}`);
    }
    return paths;
  }

  #tableOf(records: number): Int32Array {
    return this.#words.subarray(this.#tableAddress >> 2, (this.#tableAddress >> 2) + TABLE_WIDTH * records);
  }

  #assemble(records: number): void {
    this.#hash(this.#workAddress, WORK_WORDS, 0, records);
    this.#exports.assembleMessages();
  }

  hashLines(records: number): Uint8Array {
    this.#hash(this.#tableAddress, TABLE_WIDTH, this.#outputStart, records);
    this.#exports.writeHashDigits(records);
    const digits = this.#exports.hashDigitsAddress.value;
    return this.#heap.subarray(digits, digits + records * HASH_LENGTH);
  }

  /**
   * Hashes records' canonical JSON in place. The digests are written to where `assembleMessages` reads them.
   *
   * @param spans - the address of a table whose entries begin with a record's start and end, relative to `origin`
   * @param width - words of an entry
   */
  #hash(spans: number, width: number, origin: number, records: number): void {
    const long = this.#exports.hashRecords(spans, width * Int32Array.BYTES_PER_ELEMENT, origin, records);
    const words = this.#words;
    const numbers = this.#longRecordsAddress >> 2;
    const { buffer } = this.#exports.memory;
    let digests = '';
    let target = this.#digestAddress;
    for (let index = 0; index < long; index++) {
      const record = words[numbers + index]!;
      const digest = this.#digestAddress + record * DIGEST_BYTES;
      // A write per digest would cost a sixth of a hash. A single write for all would keep thousands of strings alive,
      // for which the thread's heap grows by 15 MB.
      if (digest !== target + digests.length || digests.length === DIGESTS_PER_WRITE * DIGEST_BYTES) {
        this.#heap.write(digests, target, 'latin1');
        target = digest;
        digests = '';
      }
      const entry = (spans >> 2) + width * record;
      const start = origin + words[entry]!;
      // A one-shot hash is less than half the cost of a Hash object for records of some hundred bytes, and a string of
      // 32 bytes costs half of what a Buffer does; the kernel writes the hexadecimal digits.
      digests += hash('sha256', new Uint8Array(buffer, start, origin + words[entry + 1]! - start), 'binary');
    }
    this.#heap.write(digests, target, 'latin1');
  }

  #result(word: number): number {
    return this.#words[(this.#resultAddress >> 2) + word]!;
  }

  #setRegions(): void {
    const start = this.#outputStart;
    this.#exports.setRegions(this.#inputAddress + this.#inputLength, start, start + this.#outputCapacity);
  }
}
