import { sleep } from '../retry.js';

/** Lets requests to one server pass one after the other, with a gap between them, and none while the server wants a rest. */
export class RequestGate {
  #freeAt = 0;
  #restUntil = 0;

  constructor(
    readonly gapMs: number,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** Resolves when a request may be sent. */
  async pass(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const now = this.now();
      const at = Math.max(this.#freeAt, this.#restUntil);
      if (at <= now) {
        this.#freeAt = now + this.gapMs;
        return;
      }
      // All who wait wake together; the first one takes the turn and the others wait again.
      await sleep(at - now, signal);
    }
  }

  /** The server wants to be left alone for so many milliseconds. */
  rest(ms: number): void {
    this.#restUntil = Math.max(this.#restUntil, this.now() + ms);
  }
}
