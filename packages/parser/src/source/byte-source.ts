/** A pull of bytes with an end that can be hastened. */
export interface ByteSource {
  /** The next bytes, never empty; `undefined` at the end. One call at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Releases everything, at any moment. Idempotent. */
  close(): Promise<void>;
  /**
   * Where present, each chunk's memory is the reader's alone: what lies before the chunk in it is free to be written, all of it may be
   * moved to another thread, and comes back here for use again.
   */
  recycle?(memory: ArrayBuffer): void;
}
