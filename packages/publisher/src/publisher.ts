import type { PublisherError } from './errors.js';
import type { PublisherState } from './events.js';

/** One message. The body is not copied: leave it alone until it is confirmed. */
export interface OutgoingMessage {
  /** At most 255 bytes. */
  routingKey: string;
  body: Uint8Array;
  /** The `message-id` property, at most 255 bytes. @default none */
  messageId?: string;
}

/** Counters since the publisher was made. */
export interface PublisherStats {
  /** Messages taken by `publish`. */
  readonly published: number;
  /** Messages acked and not returned, in any order; the watermark is {@link Publisher.confirmed}. */
  readonly acked: number;
  readonly unsettled: number;
  /** Bytes of the bodies beyond the watermark. */
  readonly windowBytes: number;
  readonly nacks: number;
  readonly returns: number;
  /** Connections made after the first. */
  readonly reconnects: number;
  /** Messages sent again after a lost connection or a nack; each may be a duplicate. */
  readonly republished: number;
  /** Time under an alarm of the broker, in seconds, the present one included. */
  readonly blockedSeconds: number;
}

export interface FlushOptions {
  /** Ends the wait, not the publisher. @default undefined */
  signal?: AbortSignal;
}

export interface CloseOptions {
  /** How long to wait for outstanding confirms, in milliseconds; `Infinity` for as long as it takes. @default 5_000 */
  timeout?: number;
}

/** What a closed publisher leaves behind. */
export interface CloseReport {
  /** Messages taken. */
  readonly published: number;
  /** The watermark: messages 1 … `confirmed` are with the broker. */
  readonly confirmed: number;
  /** What is not known to be with the broker, in order; empty after a clean run. It may be there all the same. */
  readonly unsettled: readonly UnsettledMessage[];
}

export interface UnsettledMessage {
  /** Number of the message, counted from 1. */
  readonly sequence: number;
  readonly routingKey: string;
  readonly messageId: string | undefined;
}

/** Publishes with a bounded window of confirms, reconnects, and accounts for every message. */
export interface Publisher extends AsyncDisposable {
  readonly state: PublisherState;
  /** Why the publisher failed, once it has. */
  readonly error: PublisherError | undefined;
  /** Contiguous watermark: the first `confirmed` messages are acked and were not returned. */
  readonly confirmed: number;
  /**
   * The watermark as of the last look that found the topology whole. It trails {@link Publisher.confirmed} by at most
   * `topologyCheckInterval` while publishing, and equals it after `flush`. Without looks it is the watermark itself.
   */
  readonly verified: number;
  readonly stats: PublisherStats;

  /**
   * Takes a message. Answers `undefined` while the window has room, else a promise that resolves when there is room
   * again: await it before the next call. The message is taken in either case.
   *
   * The promise rejects, and later calls answer with a rejected promise, once the publisher has failed or is closed.
   * @throws PublisherError `INVALID_MESSAGE` at once, and the message is not taken
   */
  publish(message: OutgoingMessage): Promise<void> | undefined;

  /**
   * Resolves when every message taken so far is confirmed and the topology was found whole after that.
   * Rejects with the publisher's error, or with the reason of a signal.
   */
  flush(options?: FlushOptions): Promise<void>;

  /**
   * Waits for the outstanding confirms, closes the connection and tells what is unsettled. Never rejects.
   * Later calls get the first one's report.
   * @throws PublisherError `INVALID_OPTIONS` at once for a timeout that is no time
   */
  close(options?: CloseOptions): Promise<CloseReport>;
}
