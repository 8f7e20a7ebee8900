import type { SavedDecoder } from '../gzip/gzip-decoder.js';

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
  /**
   * Where present: leaves the rest of a gzip stream to the caller, who must still close this source but not read it any more.
   * `undefined` where it is too late for that.
   */
  leaveGzip?(): GzipStream | undefined;
}

/** A gzip stream that somebody began to gunzip. */
export interface GzipStream {
  /** What was gunzipped but not read. */
  readonly xml: Uint8Array;
  readonly decoder: SavedDecoder;
  /** XML gunzipped so far, in bytes. */
  readonly xmlBytes: number;
  /** What was read of the input but not used. */
  readonly unused: Uint8Array<ArrayBuffer>;
  readonly input: ByteSource;
  /** To be told how many bytes of XML were gunzipped. */
  readonly onXml: (bytes: number) => void;
}
