import { setImmediate as nextIteration } from 'node:timers/promises';

/** How long one task may run on the main thread without a break, in milliseconds. */
const MAX_UNINTERRUPTED_MS = 5;

/** Items between two reads of the clock. */
const ITEMS_PER_CHECK = 32;

/**
 * Lets the event loop run while many items are handled one by one, so that HTTP requests, confirms and stop signals do
 * not wait: awaiting a promise that is resolved already does not give the event loop a turn.
 */
export class EventLoopYielder {
  #items = 0;
  #resumedAt = performance.now();

  /** Call it after each item. Returns a promise to await if the event loop has waited long enough, else `undefined`. */
  maybeYield(): Promise<void> | undefined {
    if (++this.#items % ITEMS_PER_CHECK !== 0 || performance.now() - this.#resumedAt < MAX_UNINTERRUPTED_MS) {
      return undefined;
    }
    return this.#yield();
  }

  async #yield(): Promise<void> {
    await nextIteration();
    this.#resumedAt = performance.now();
  }
}
