import {
  type WasmGlobal,
  type WasmMemory,
  type WasmModule,
  type WebAssemblyApi,
  webAssembly,
} from '../kernel/webassembly.js';
import { INFLATER_WASM } from './inflater-wasm.generated.js';

/** Why {@link Inflater.inflate} stopped. */
export type InflateStatus =
  /** All input is used up but for a few bytes, in the middle of the stream. */
  | 'needs-input'
  /** The output is full: call {@link Inflater.turn}. */
  | 'output-full'
  /** The deflate stream is over; `input` begins right behind it. */
  | 'ended'
  /** The stream is damaged; what is in `output` came before the damage. See {@link Inflater.fault}. */
  | 'damaged';

/** `Status` in `assembly/gunzip/layout.ts`, in its order. */
const STATUSES: readonly InflateStatus[] = ['needs-input', 'output-full', 'ended'];
const FAULTS = [
  'a block of a type that does not exist',
  'a stored block whose length is not confirmed',
  'too many symbols in a code',
  'code lengths that make no code',
  'a literal or length that no code stands for',
  'a distance that no code stands for',
  'a distance that reaches too far back',
] as const;

/** What `assembly/gunzip/index.ts` exports. */
interface InflaterExports {
  readonly memory: WasmMemory;
  readonly inputAddress: WasmGlobal;
  readonly inputBytes: WasmGlobal;
  readonly outputAddress: WasmGlobal;
  readonly memoryBytes: WasmGlobal;
  setUp(): void;
  reset(): void;
  start(): void;
  feed(from: number, to: number): void;
  inflate(): number;
  inputAt(): number;
  outputAt(): number;
  turn(): void;
  save(): void;
  restore(): void;
}

const PAGE_BYTES = 64 * 1024;

let compiled: WasmModule | undefined;

/** The inflater's module, compiled once a thread. */
export const inflaterModule = (): WasmModule => {
  const api = webAssembly as WebAssemblyApi;
  compiled ??= new api.Module(Buffer.from(INFLATER_WASM, 'base64'));
  return compiled;
};

/** One that nobody uses now: many small dumps, one after the other, need not make one each. */
let idle: Inflater | undefined;

/** An inflater for who gives it back by {@link giveInflaterBack}. */
export const takeInflater = (): Inflater => {
  const inflater = idle ?? new Inflater(inflaterModule());
  idle = undefined;
  return inflater;
};

export const giveInflaterBack = (inflater: Inflater): void => {
  idle = inflater;
};

/**
 * The typed face of the WebAssembly inflater (`assembly/gunzip`): deflate data in, bytes out. Needs a runtime with WebAssembly SIMD
 * (`isKernelSupported`).
 */
export class Inflater {
  readonly #exports: InflaterExports;
  readonly #heap: Buffer;
  readonly #inputStart: number;
  readonly #inputCapacity: number;
  readonly #outputStart: number;
  #inputEnd: number;
  #fault = '';

  constructor(module: WasmModule) {
    const api = webAssembly as WebAssemblyApi;
    this.#exports = new api.Instance(module).exports as InflaterExports;
    const { memory, memoryBytes, inputAddress, inputBytes, outputAddress } = this.#exports;
    const missing = Math.ceil((memoryBytes.value - memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) memory.grow(missing);
    this.#heap = Buffer.from(memory.buffer);
    this.#inputStart = inputAddress.value;
    this.#inputCapacity = inputBytes.value;
    this.#outputStart = outputAddress.value;
    this.#inputEnd = this.#inputStart;
    this.#exports.setUp();
  }

  /** Forgets all input and output. */
  reset(): void {
    this.#exports.reset();
    this.#inputEnd = this.#inputStart;
  }

  /** Goes on with another's stream. @param saved - what {@link save} gave */
  restore(saved: Uint8Array): void {
    this.#heap.set(saved);
    this.#exports.restore();
    this.#inputEnd = this.#exports.inputAt();
  }

  /** A copy of the memory, for another instance to go on from. No input may be left; the caller takes it along. */
  save(): Uint8Array<ArrayBuffer> {
    this.#exports.save();
    return new Uint8Array(this.#heap.subarray(0, this.#exports.memoryBytes.value));
  }

  /** The input that was not used yet: a view that holds until the next call. */
  get input(): Buffer {
    return this.#heap.subarray(this.#exports.inputAt(), this.#inputEnd);
  }

  /** All output since the last {@link turn}: a view likewise. */
  get output(): Buffer {
    return this.#heap.subarray(this.#outputStart, this.#exports.outputAt());
  }

  get fault(): string {
    return this.#fault;
  }

  /** Passes over input. */
  skip(bytes: number): void {
    this.#exports.feed(this.#exports.inputAt() + bytes, this.#inputEnd);
  }

  /** Puts more input behind what is left; answers how many bytes of it there was room for. */
  feed(bytes: Uint8Array): number {
    const left = this.input;
    const taken = Math.min(bytes.length, this.#inputCapacity - left.length);
    if (taken === 0) return 0;
    this.#heap.copyWithin(this.#inputStart, left.byteOffset, left.byteOffset + left.length);
    const end = this.#inputStart + left.length;
    this.#heap.set(taken === bytes.length ? bytes : bytes.subarray(0, taken), end);
    this.#inputEnd = end + taken;
    this.#exports.feed(this.#inputStart, this.#inputEnd);
    return taken;
  }

  /** Begins a deflate stream at the next byte of the input. */
  start(): void {
    this.#exports.start();
  }

  inflate(): InflateStatus {
    const status = this.#exports.inflate();
    if (status < STATUSES.length) return STATUSES[status]!;
    this.#fault = FAULTS[status - STATUSES.length] ?? 'something unknown';
    return 'damaged';
  }

  /** Begins an empty output; what was in the old one must have been taken. */
  turn(): void {
    this.#exports.turn();
  }
}
