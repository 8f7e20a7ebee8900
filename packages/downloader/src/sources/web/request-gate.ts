import { sleep } from '@discogs-extractor/internal/abort';

/** Spaces the requests to one server by a minimum gap, and holds them back while the server asks for a pause. */
export class RequestGate {
  readonly #gapMs: number;
  readonly #now: () => number;
  #nextAt = 0;
  #pausedUntil = 0;

  constructor(gapMs: number, now: () => number = () => performance.now()) {
    this.#gapMs = gapMs;
    this.#now = now;
  }

  /** Resolves when the next request may be sent. */
  async pass(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const now = this.#now();
      const at = Math.max(this.#nextAt, this.#pausedUntil);
      if (at <= now) {
        this.#nextAt = now + this.#gapMs;
        return;
      }
      // All waiting requests wake at the same time; the first one passes, and the others wait again.
      await sleep(at - now, signal);
    }
  }

  /** Sends no request for the next `ms` milliseconds, because the server asked for it. */
  backOff(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#now() + ms);
  }
}
