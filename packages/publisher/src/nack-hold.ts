import { jitteredDelay } from './backoff.js';
import type { Entry } from './outbox.js';

/** A nacked message waits no longer than this, in milliseconds. */
const MAX_DELAY_MS = 5_000;

/** What to do after a round of messages has been answered. */
export type HoldStep =
  | { readonly kind: 'send'; readonly entries: readonly Entry[]; readonly fresh: number }
  | { readonly kind: 'wait'; readonly delay: number }
  | { readonly kind: 'over' }
  | { readonly kind: 'hopeless'; readonly entry: Entry; readonly attempts: number };

/**
 * What happens after a nack: sending goes on in rounds, each awaited, from one message up.
 *
 * A queue that is full refuses nearly everything, while the other queues of the exchange take it each time: sent
 * again by the window, every round would leave a window of duplicates there. So the oldest refused message goes
 * alone until it is taken, and then each round is twice the one before. The same rounds find the one message that
 * makes the broker close the channel.
 */
export class NackHold {
  readonly #attempts: number;
  readonly #backoff: { initial: number; factor: number; max: number };
  readonly #windowSize: number;
  #refused: Entry[] = [];
  #round = 1;
  #failures = 1;
  #ackedInRound = 0;
  #nackedInRound = 0;
  #rounds = 0;

  constructor(options: { nackAttempts: number; nackBackoff: number; maxInFlight: number }) {
    this.#attempts = options.nackAttempts;
    this.#windowSize = options.maxInFlight;
    this.#backoff = { initial: options.nackBackoff, factor: 2, max: Math.max(MAX_DELAY_MS, options.nackBackoff) };
  }

  get refused(): number {
    return this.#refused.length;
  }

  /** Refusals in a row of the oldest message. */
  get failures(): number {
    return this.#failures;
  }

  acked(): void {
    this.#ackedInRound++;
  }

  nacked(entry: Entry): void {
    this.#nackedInRound++;
    this.#refused.push(entry);
  }

  /** The next step, once nothing is outstanding. */
  next(): HoldStep {
    this.#refused.sort((a, b) => a.sequence - b.sequence);
    const acked = this.#ackedInRound;
    const nacked = this.#nackedInRound;
    this.#ackedInRound = 0;
    this.#nackedInRound = 0;
    if (nacked > 0) {
      // The first round is the window that was on its way when the first nack came.
      if (this.#rounds > 0) this.#failures = acked > 0 ? 1 : this.#failures + 1;
      this.#round = 1;
      const [oldest] = this.#refused;
      if (oldest && this.#failures >= this.#attempts) {
        return { kind: 'hopeless', entry: oldest, attempts: this.#failures };
      }
      return { kind: 'wait', delay: jitteredDelay(this.#failures, this.#backoff) };
    }
    if (acked > 0) {
      this.#failures = 0;
      this.#round *= 2;
      if (this.#refused.length === 0 && this.#round >= this.#windowSize) return { kind: 'over' };
    }
    return this.#send();
  }

  /** After a wait, or to begin with a round of one. */
  resume(): HoldStep {
    return this.#send();
  }

  #send(): HoldStep {
    this.#rounds++;
    const entries = this.#refused.splice(0, this.#round);
    return { kind: 'send', entries, fresh: this.#round - entries.length };
  }
}
