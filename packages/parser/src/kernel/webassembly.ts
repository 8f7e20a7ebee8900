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
export const webAssembly = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;

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
