/**
 * Runs tasks one after another, and coalesces saves: a save that has not begun when the next one is requested writes
 * that later state instead. However fast saves are requested, at most two are pending.
 */
export class SaveQueue {
  readonly #write: (text: string) => Promise<void>;
  #latest = '';
  /** The save that has not begun yet. */
  #pending: Promise<void> | undefined;
  #idle: Promise<void> = Promise.resolve();

  constructor(write: (text: string) => Promise<void>) {
    this.#write = write;
  }

  save(text: string): Promise<void> {
    this.#latest = text;
    this.#pending ??= this.run(() => {
      this.#pending = undefined;
      return this.#write(this.#latest);
    });
    return this.#pending;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#idle.then(task);
    this.#idle = result.then(ignore, ignore);
    return result;
  }

  /** Resolves when all tasks requested so far have ended, successfully or not. */
  get idle(): Promise<void> {
    return this.#idle;
  }
}

const ignore = (): void => undefined;
