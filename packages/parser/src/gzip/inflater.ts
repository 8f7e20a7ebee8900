import {
  compiledOnce,
  growTo,
  type WasmGlobal,
  type WasmMemory,
  type WasmModule,
  type WebAssemblyApi,
  webAssembly,
} from '../kernel/webassembly.js';
import { INFLATER_WASM } from './inflater-wasm.generated.js';

/** Why {@link Inflater.inflate} stopped. */
export type InflateStatus =
  /** The input is used up, except for a few bytes, in the middle of the stream. */
  | 'needs-input'
  /** The output is full: call {@link Inflater.resetOutput}. */
  | 'output-full'
  /** The deflate stream is over; `input` begins right after it. */
  | 'ended'
  /** The stream is damaged; what is in `output` came before the damage. See {@link Inflater.fault}. */
  | 'damaged';

/** `Status` in `assembly/inflater/layout.ts`, in its order. */
const STATUSES: readonly InflateStatus[] = ['needs-input', 'output-full', 'ended'];
const FAULTS = [
  'invalid block type',
  'invalid stored block lengths',
  'too many length or distance symbols',
  'invalid code lengths',
  'invalid literal/length code',
  'invalid distance code',
  'invalid distance too far back',
] as const;

/** What `assembly/inflater/index.ts` exports. */
interface InflaterExports {
  readonly stateAddress: WasmGlobal;
  readonly inputAddress: WasmGlobal;
  readonly inputBytes: WasmGlobal;
  readonly outputAddress: WasmGlobal;
  readonly outputBytes: WasmGlobal;
  readonly memoryBytes: WasmGlobal;
  initialize(): void;
  reset(): void;
  startStream(): void;
  setInput(start: number, end: number): void;
  inflate(): number;
  inputPosition(): number;
  outputPosition(): number;
  resetOutput(): void;
  setOutputLimit(end: number): void;
  saveState(): void;
  restoreState(outputStart: number): void;
}

/**
 * Shared memory is copied by words if source and target are aligned alike, otherwise by bytes, at a quarter of the
 * speed.
 */
const WORD_BYTES = 8;

/** The maximum distance of a match. */
const HISTORY_BYTES = 32 * 1024;

/** The inflater's module. */
export const inflaterModule: () => WasmModule = compiledOnce(INFLATER_WASM);

/** An inflater that is not in use: many small dumps, one after the other, share it. */
let idle: Inflater | undefined;

/** Returns an inflater. Pass it to {@link releaseInflater} after use. */
export const acquireInflater = (): Inflater => {
  const inflater = idle ?? new Inflater(inflaterModule());
  idle = undefined;
  return inflater;
};

export const releaseInflater = (inflater: Inflater): void => {
  idle = inflater;
};

/**
 * The typed interface of the WebAssembly inflater (`assembly/inflater`): deflate data in, bytes out. See
 * {@link isInflaterSupported}.
 */
export class Inflater {
  readonly #exports: InflaterExports;
  readonly #heap: Buffer;
  readonly #stateStart: number;
  readonly #inputStart: number;
  readonly #inputCapacity: number;
  readonly #outputBytes: number;
  #outputStart: number;
  #inputEnd: number;
  #fault = '';

  /**
   * @param memory - a kernel's, so that output is written to its `inputBuffer` (see {@link restore}). It must not grow
   *   again. @default memory of its own
   */
  constructor(module: WasmModule, memory?: WasmMemory) {
    const api = webAssembly as WebAssemblyApi;
    const heap = memory ?? new api.Memory({ initial: 1 });
    this.#exports = new api.Instance(module, { env: { memory: heap } }).exports as InflaterExports;
    const { memoryBytes, stateAddress, inputAddress, inputBytes, outputAddress, outputBytes } = this.#exports;
    // Most of it is the region that a kernel's tables would occupy.
    growTo(heap, memoryBytes.value);
    this.#heap = Buffer.from(heap.buffer);
    this.#stateStart = stateAddress.value;
    this.#inputStart = inputAddress.value;
    this.#inputCapacity = inputBytes.value;
    this.#outputBytes = outputBytes.value;
    this.#outputStart = outputAddress.value;
    this.#inputEnd = this.#inputStart;
    this.#exports.initialize();
  }

  /** Drops all input and output. */
  reset(): void {
    this.#exports.reset();
    this.#outputStart = this.#exports.outputAddress.value;
    this.#inputEnd = this.#inputStart;
  }

  /** How many bytes {@link save} writes: tables and history, about 44 KB. */
  get savedBytes(): number {
    return this.#inputStart - this.#stateStart + HISTORY_BYTES;
  }

  /**
   * Continues another instance's stream, without its input and output.
   *
   * @param saved - what {@link save} wrote
   * @param offset - where the output begins, in bytes after its usual place. The 32 KiB before that are overwritten.
   */
  restore(saved: Uint8Array, offset = 0): void {
    const tables = this.#inputStart - this.#stateStart;
    const start = this.#exports.outputAddress.value + offset;
    this.#heap.set(saved.subarray(0, tables), this.#stateStart);
    this.#heap.set(saved.subarray(tables, this.savedBytes), start - HISTORY_BYTES);
    this.#exports.restoreState(start);
    this.#exports.setOutputLimit(start + this.#outputBytes);
    this.#outputStart = start;
    this.#inputEnd = this.#inputStart;
  }

  /**
   * Writes to `target` what another instance needs to continue. This excludes unused input; all output must have been
   * read.
   */
  save(target: Uint8Array): void {
    this.#exports.saveState();
    target.set(this.#heap.subarray(this.#stateStart, this.#inputStart));
    const end = this.#exports.outputPosition();
    target.set(this.#heap.subarray(end - HISTORY_BYTES, end), this.#inputStart - this.#stateStart);
  }

  /** The input that was not used yet: a view, valid until the next call. */
  get input(): Buffer {
    return this.#heap.subarray(this.#exports.inputPosition(), this.#inputEnd);
  }

  /** All output since the last {@link resetOutput} or {@link continueOutput}: also a view. */
  get output(): Buffer {
    return this.#heap.subarray(this.#outputStart, this.#exports.outputPosition());
  }

  get fault(): string {
    return this.#fault;
  }

  /** Skips input. */
  skip(bytes: number): void {
    this.#exports.setInput(this.#exports.inputPosition() + bytes, this.#inputEnd);
  }

  /** Appends input to what is left; returns how many bytes of it fit. */
  feed(bytes: Uint8Array): number {
    const left = this.input;
    const start = this.#inputStart + ((bytes.byteOffset - left.length) & (WORD_BYTES - 1));
    const end = start + left.length;
    const taken = Math.min(bytes.length, this.#inputStart + this.#inputCapacity - end);
    if (taken <= 0) return 0;
    this.#heap.copyWithin(start, left.byteOffset, left.byteOffset + left.length);
    this.#heap.set(taken === bytes.length ? bytes : bytes.subarray(0, taken), end);
    this.#inputEnd = end + taken;
    this.#exports.setInput(start, this.#inputEnd);
    return taken;
  }

  /** Begins a deflate stream at the next byte of the input. */
  start(): void {
    this.#exports.startStream();
  }

  inflate(): InflateStatus {
    const status = this.#exports.inflate();
    if (status < STATUSES.length) return STATUSES[status]!;
    this.#fault = FAULTS[status - STATUSES.length] ?? 'something unknown';
    return 'damaged';
  }

  /** Begins an empty output; the old one must have been read. */
  resetOutput(): void {
    this.#exports.resetOutput();
    this.#outputStart = this.#exports.outputAddress.value;
  }

  /** Begins an empty output of about `bytes` at most, after the old one, which stays in place. */
  continueOutput(bytes: number): void {
    this.#outputStart = this.#exports.outputPosition();
    this.#exports.setOutputLimit(this.#outputStart + Math.min(bytes, this.#outputBytes));
  }
}
