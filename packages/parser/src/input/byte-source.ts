/** A source of bytes that is pulled and can be closed early. */
export interface ByteSource {
  /** The next bytes, never empty; `undefined` at the end. One call at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Releases everything, at any moment. Idempotent. */
  close(): Promise<void>;
  /** How many bytes there are in all; `undefined` if that is not known. */
  readonly size?: number | undefined;
  /** If present: takes back the memory of a chunk that is no longer in use, to read into it again. */
  recycle?(memory: ArrayBuffer): void;
}
