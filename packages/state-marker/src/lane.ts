/**
 * One version's work, one piece after another. A save that has not begun when the next one is asked for writes that
 * later state instead, so however fast saves are asked for, at most two are open.
 */
export class Lane {
  readonly #write: (text: string) => Promise<void>;
  #latest = '';
  #waiting: Promise<void> | undefined;
  #idle: Promise<void> = Promise.resolve();

  constructor(write: (text: string) => Promise<void>) {
    this.#write = write;
  }

  save(text: string): Promise<void> {
    this.#latest = text;
    this.#waiting ??= this.run(() => {
      this.#waiting = undefined;
      return this.#write(this.#latest);
    });
    return this.#waiting;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#idle.then(task);
    this.#idle = result.then(nothing, nothing);
    return result;
  }

  /** Resolves when all work asked for so far is over, well or not. */
  get idle(): Promise<void> {
    return this.#idle;
  }
}

const nothing = (): void => undefined;
