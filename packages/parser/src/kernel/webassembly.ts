/**
 * The few parts of the WebAssembly API that the kernel needs. The standard types come with the DOM library only, and a
 * `/// <reference lib="dom" />` would let all of the browser into a Node package.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A page of WebAssembly memory. */
export const PAGE_BYTES = 64 * 1024;

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
