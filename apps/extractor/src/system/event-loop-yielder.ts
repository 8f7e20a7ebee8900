import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long one piece of work may keep the main thread to itself, in milliseconds. */
const LONGEST_TURN_MS = 5;

/** Items between two looks at the clock. */
const ITEMS_PER_LOOK = 32;

/**
 * Lets the event loop have its turn from time to time: HTTP, confirms and stop signals wait while records are handed on one by one,
 * and a promise that is resolved already gives way to nobody.
 */
export class Turns {
  #items = 0;
  #since = performance.now();

  /** Call it for each item. Answers a promise to await where the turn has lasted long enough, else `undefined`. */
  next(): Promise<void> | undefined {
    if (++this.#items % ITEMS_PER_LOOK !== 0 || performance.now() - this.#since < LONGEST_TURN_MS) return undefined;
    return this.#giveWay();
  }

  async #giveWay(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
