import type { GzipFault, SavedDecoder } from '../gzip/gzip-decoder.js';
import type { WasmModule } from '../kernel/webassembly.js';

/** To the gunzip thread. Memory moves. */
export type GunzipRequest =
  | { readonly kind: 'begin'; readonly module: WasmModule; readonly saved: SavedDecoder }
  | { readonly kind: 'input'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** No more input: the stream must be whole by now, or (`cut`) the source failed and it is no matter. */
  | { readonly kind: 'finish'; readonly cut: boolean }
  /** Memory for one more chunk. */
  | { readonly kind: 'room'; readonly memory: ArrayBuffer };

/** From the gunzip thread. */
export type GunzipResponse =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** A piece of input was used up; here is its memory. */
  | { readonly kind: 'used'; readonly memory: ArrayBuffer }
  /** All is read, up to the end or the fault. */
  | { readonly kind: 'end'; readonly fault: GzipFault | undefined };
