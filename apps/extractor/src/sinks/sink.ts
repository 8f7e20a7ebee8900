import type { EncodedBlock } from '@discogs-extractor/parser';
import type { DeliveryStatus } from './delivery-status.js';
import type { SinkTarget } from './sink-target.js';

export interface OpenOptions {
  /** The sink has confirmed this many records of the file in an earlier run. */
  readonly resumeAfter: number;
  /** Rejects `open`, and any `write` or `complete` under way, with its reason. */
  readonly signal: AbortSignal;
  /**
   * Makes it durable that records 1 to `confirmed` of the file are confirmed. For sinks that would send a record twice after a crash: waiting for
   * it bounds how many.
   */
  readonly save: (confirmed: number) => Promise<void>;
}

/** Where records go: one {@link FileSink} for each dump file, several at a time. */
export interface Sink {
  readonly name: string;
  /** Where the output lies, for people: a folder, an exchange. Never holds a credential. */
  readonly destination: string;
  /** How delivery stands now, for health pages and metrics; only of sinks with a broker behind them. */
  status?(): DeliveryStatus;
  open(target: SinkTarget, options: OpenOptions): Promise<FileSink>;
}

/** Takes the records of one dump file, in order. */
export interface FileSink {
  /** Records that the sink already holds: reading goes on after them. At most `resumeAfter`. */
  readonly resumedAfter: number;
  /** Records 1 to this one of the file are confirmed. Never goes back. */
  readonly confirmed: number;
  /** When the sink last confirmed anything. */
  readonly lastConfirmedAt: Date | undefined;
  /**
   * Resolves when there is room for the next block, which may be before this one is confirmed. The block is the sink's from then on, to
   * `release` once its bytes are written.
   */
  write(block: EncodedBlock): Promise<void>;
  /** Confirms all records, then the `file_complete` message, given as the bytes of its body. */
  complete(message: Uint8Array): Promise<void>;
  /**
   * Waits up to `timeout` milliseconds for what is under way, then lets go of everything. `confirmed` is
   * final afterwards. Idempotent; never throws for records that stay unconfirmed.
   */
  close(options?: { readonly timeout?: number }): Promise<void>;
}
