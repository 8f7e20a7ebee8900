/** Wakes all waiters at the next change of some state. */
export class AsyncSignal {
  #resolve: () => void = () => {};
  #next: Promise<void> | undefined;

  /** Resolves at the next {@link notify}. */
  wait(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#next;
  }

  notify(): void {
    this.#next = undefined;
    this.#resolve();
  }
}
