/** A pull of bytes with an end that can be hastened. */
export interface ByteSource {
  /** The next bytes, never empty; `undefined` at the end. One call at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Releases everything, at any moment. Idempotent. */
  close(): Promise<void>;
}
