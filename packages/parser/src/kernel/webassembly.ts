/**
 * The few parts of the WebAssembly API that are used here. The standard types come with the DOM library only, and a
 * `/// <reference lib="dom" />` would declare all browser globals in a Node package.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A page of WebAssembly memory. */
const PAGE_BYTES = 64 * 1024;

/** An exported immutable global of type i32. */
export interface WasmGlobal {
  readonly value: number;
}

/** A compiled module; instances are created from it. */
export type WasmModule = object;

/** The parts of the global `WebAssembly` that are used. */
export interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports?: object) => { readonly exports: unknown };
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
}

/** The runtime's WebAssembly; `undefined` if it has none. */
export const webAssembly: WebAssemblyApi | undefined = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;

/** A module without imports and exports that uses one SIMD instruction. */
const SIMD_PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00], // type 0: [] → []
  ...[0x03, 0x02, 0x01, 0x00], // function 0 is of type 0
  ...[0x0a, 0x09, 0x01, 0x07, 0x00], // its body, no locals
  ...[0x41, 0x00, 0xfd, 0x0f, 0x1a, 0x0b], // i32.const 0, i8x16.splat, drop, end
);

/** Whether this runtime has WebAssembly with fixed-width SIMD, which kernel and inflater need. */
export const isSimdSupported = (): boolean => webAssembly?.validate(SIMD_PROBE) === true;

/**
 * A function that returns a module given as base64: compiled on the first call, once per thread, synchronously within a
 * few milliseconds.
 */
export const compiledOnce = (base64: string): (() => WasmModule) => {
  let compiled: WasmModule | undefined;
  return () => {
    compiled ??= new webAssembly!.Module(Buffer.from(base64, 'base64'));
    return compiled;
  };
};

/** Grows a memory to at least `bytes`. Pages that are never written to take no memory. */
export const growTo = (memory: WasmMemory, bytes: number): void => {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
};
