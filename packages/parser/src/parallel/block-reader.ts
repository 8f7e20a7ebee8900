import type { ByteSource } from '../input/byte-source.js';

/** Approximately how much XML a block holds. */
export const BLOCK_BYTES = 1024 * 1024;

export interface ReadBlock {
  bytes: Buffer;
  /** Whether the document ends with these bytes. */
  isFinal: boolean;
  /** The error that ended the input early, after these bytes. */
  failure: { error: unknown } | undefined;
}

/** Gathers a source's chunks, however small or large, into blocks. */
export class BlockReader {
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(source: ByteSource, blockBytes = BLOCK_BYTES) {
    this.#source = source;
    this.#blockBytes = blockBytes;
  }

  /**
   * Reads a block that begins with `leftover`, and adds at least as many new bytes: a large record is scanned again
   * with each block until it is complete, so the total cost of scanning stays linear in its size.
   */
  async read(leftover: Uint8Array): Promise<ReadBlock> {
    const parts: Uint8Array[] = [leftover];
    const used: Uint8Array[] = [];
    const wanted = leftover.length + Math.max(this.#blockBytes, leftover.length);
    let length = leftover.length;
    let failure: { error: unknown } | undefined;
    let isFinal = false;
    while (length < wanted) {
      if (this.#chunk.length === 0) {
        try {
          const chunk = await this.#source.read();
          if (chunk === undefined) {
            isFinal = true;
            break;
          }
          this.#chunk = chunk;
        } catch (error) {
          failure = { error };
          break;
        }
      }
      const part = this.#chunk.subarray(0, wanted - length);
      if (part.length === this.#chunk.length) used.push(part);
      this.#chunk = this.#chunk.subarray(part.length);
      parts.push(part);
      length += part.length;
    }
    const bytes = Buffer.concat(parts, length);
    for (const { buffer } of used) this.#source.recycle?.(buffer as ArrayBuffer);
    return { bytes, isFinal, failure };
  }
}
