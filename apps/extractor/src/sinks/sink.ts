import type { EncodedBlock } from '@discogs-extractor/parser';
import type { DeliveryStatus } from './delivery-status.js';
import type { SinkTarget } from './sink-target.js';

export interface OpenOptions {
  /** Records of the file that the sink confirmed in earlier runs. */
  readonly resumeAfter: number;
  /** Rejects `open`, and any `write` or `complete` in progress, with its reason. */
  readonly signal: AbortSignal;
  /**
   * Makes it durable that records 1 to `confirmed` of the file are confirmed. For sinks that send records again after a
   * crash: waiting for it limits how many.
   */
  readonly save: (confirmed: number) => Promise<void>;
}

/** Where records go: one {@link FileSink} for each dump file, several at a time. */
export interface Sink {
  readonly name: string;
  /** Where the output is, for people: a folder, an exchange. Never contains credentials. */
  readonly destination: string;
  /** The state of the delivery, for health pages and metrics; only sinks with a broker have one. */
  status?(): DeliveryStatus;
  open(target: SinkTarget, options: OpenOptions): Promise<FileSink>;
}

/** Takes the records of one dump file, in order. */
export interface FileSink {
  /** Records that the sink already holds: reading resumes after them. At most `resumeAfter`. */
  readonly resumedAfter: number;
  /** Records 1 to this one of the file are confirmed: they are safe at the destination. Never decreases. */
  readonly confirmed: number;
  /** When the sink last confirmed anything. */
  readonly lastConfirmedAt: Date | undefined;
  /**
   * Resolves when the sink can take the next block, which may be before this one is confirmed. The block belongs to the
   * sink, which calls `release` once its bytes are written.
   */
  write(block: EncodedBlock): Promise<void>;
  /** Confirms all records, then delivers and confirms the `file_complete` message, given as the bytes of its body. */
  complete(message: Uint8Array): Promise<void>;
  /**
   * Waits up to `timeoutMs` for confirms in flight, then releases everything; `confirmed` is final
   * afterwards. Idempotent. Does not throw for records that stay unconfirmed.
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}
