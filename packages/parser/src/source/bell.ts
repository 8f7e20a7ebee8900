/** Wakes whoever waits for the next ring. */
export class Bell {
  #ring: () => void = () => {};
  #next: Promise<void> | undefined;

  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      this.#ring = resolve;
    });
    return this.#next;
  }

  ring(): void {
    this.#next = undefined;
    this.#ring();
  }
}
