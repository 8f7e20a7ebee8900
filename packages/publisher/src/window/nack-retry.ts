import { type Backoff, backoffDelayMs } from '@discogs-extractor/internal/backoff';
import type { ResolvedOptions } from '../resolve-options.js';
import type { OutboxEntry } from './outbox.js';

const MAX_DELAY_MS = 5_000;

/** What to do after the broker has acked or nacked a round of messages. */
export type RetryStep =
  /** Send the refused messages, then `newMessages` that were never sent. */
  | { readonly kind: 'send'; readonly entries: readonly OutboxEntry[]; readonly newMessages: number }
  | { readonly kind: 'wait'; readonly delayMs: number }
  /** Everything was taken: the window sends on its own again. */
  | { readonly kind: 'done' }
  /** The broker refused the oldest message `attempts` times in a row. */
  | { readonly kind: 'exhausted'; readonly entry: OutboxEntry; readonly attempts: number };

/**
 * Sends nacked messages again: in rounds, starting with a single message, and waiting for the confirms of each round.
 *
 * A full queue refuses nearly everything, while the other queues of the exchange take each message again. If the whole
 * window were sent again, every round would leave a window of duplicates there. So the oldest refused message is sent
 * alone until it is taken; then each round is twice as large as the one before. The same rounds find the message
 * that makes the broker close the channel.
 */
export class NackRetry {
  readonly #maxAttempts: number;
  readonly #backoff: Backoff;
  readonly #windowSize: number;
  #refused: OutboxEntry[] = [];
  #roundSize = 1;
  #failures = 1;
  #ackedInRound = 0;
  #nackedInRound = 0;
  #rounds = 0;

  constructor({
    nackAttempts,
    nackBackoffMs,
    maxInFlight,
  }: Pick<ResolvedOptions, 'nackAttempts' | 'nackBackoffMs' | 'maxInFlight'>) {
    this.#maxAttempts = nackAttempts;
    this.#windowSize = maxInFlight;
    this.#backoff = { initialMs: nackBackoffMs, maxMs: Math.max(MAX_DELAY_MS, nackBackoffMs) };
  }

  /** Messages that wait to be sent again. */
  get refused(): number {
    return this.#refused.length;
  }

  /** Refusals in a row of the oldest message. */
  get failures(): number {
    return this.#failures;
  }

  recordAck(): void {
    this.#ackedInRound++;
  }

  recordNack(entry: OutboxEntry): void {
    this.#nackedInRound++;
    this.#refused.push(entry);
  }

  /** The next step. Call it when no confirm is outstanding. */
  next(): RetryStep {
    this.#refused.sort((a, b) => a.sequence - b.sequence);
    const acked = this.#ackedInRound;
    const nacked = this.#nackedInRound;
    this.#ackedInRound = 0;
    this.#nackedInRound = 0;
    if (nacked > 0) {
      // The first round is the window that was in flight when the first nack came.
      if (this.#rounds > 0) this.#failures = acked > 0 ? 1 : this.#failures + 1;
      this.#roundSize = 1;
      const [oldest] = this.#refused;
      if (oldest && this.#failures >= this.#maxAttempts) {
        return { kind: 'exhausted', entry: oldest, attempts: this.#failures };
      }
      return { kind: 'wait', delayMs: backoffDelayMs(this.#failures, this.#backoff) };
    }
    if (acked > 0) {
      this.#failures = 0;
      this.#roundSize *= 2;
      if (this.#refused.length === 0 && this.#roundSize >= this.#windowSize) return { kind: 'done' };
    }
    return this.sendRound();
  }

  /** The step after a wait, and the first one. */
  sendRound(): RetryStep {
    this.#rounds++;
    const entries = this.#refused.splice(0, this.#roundSize);
    return { kind: 'send', entries, newMessages: this.#roundSize - entries.length };
  }
}
