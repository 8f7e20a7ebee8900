/**
 * The few parts of the WebAssembly API that the kernel needs. The standard types come with the DOM library only, and a
 * `/// <reference lib="dom" />` would let all of the browser into a Node package.
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

/** A compiled module; instances are made of it. */
export type WasmModule = object;

/** The global `WebAssembly`, as far as it is used. */
export interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports?: object) => { readonly exports: unknown };
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
}

/** The runtime's WebAssembly, where it has one. */
export const webAssembly = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;

/** Answers a module that is given as base64: compiled when first asked for, once a thread, in a few milliseconds and without a promise. */
export const compiledOnce = (base64: string): (() => WasmModule) => {
  let compiled: WasmModule | undefined;
  return () => {
    compiled ??= new webAssembly!.Module(Buffer.from(base64, 'base64'));
    return compiled;
  };
};

/** Grows a memory to so many bytes at least. Pages that nothing is written to take no memory. */
export const growTo = (memory: WasmMemory, bytes: number): void => {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
};
