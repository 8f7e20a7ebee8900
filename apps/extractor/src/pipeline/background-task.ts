/** A task that is due whenever a count has risen by so much. It runs in the background, one at a time. */
export class BackgroundTask {
  readonly #work: () => Promise<void>;
  readonly #interval: number;
  #startedAt: number;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param count - where the count begins */
  constructor(work: () => Promise<void>, interval: number, count: number) {
    this.#work = work;
    this.#interval = interval;
    this.#startedAt = count;
  }

  /** @throws what an earlier run of the task failed with */
  startWhenDue(count: number): void {
    if (this.#failure) throw this.#failure.error;
    if (this.#running || count - this.#startedAt < this.#interval) return;
    this.#startedAt = count;
    this.#running = this.#work()
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when the task is not running. */
  async settle(): Promise<void> {
    await this.#running;
  }
}
