/** A promise with its ends in hand. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** A caller may look at the publisher's error instead, so an unread rejection does not end the process. */
export const deferred = <T = void>(): Deferred<T> => {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
};

/** `work`, or the signal's reason where that comes first. Leaves no listener behind. */
export const within = async (work: Promise<void>, signal: AbortSignal | undefined): Promise<void> => {
  if (!signal) return work;
  signal.throwIfAborted();
  const stop = deferred();
  const abort = (): void => stop.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, stop.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};

/** Conditions that somebody waits for, looked at whenever something may have changed. */
export class Waits {
  readonly #waits = new Set<{ readonly test: () => boolean; readonly done: Deferred<void> }>();

  /** Resolves at the first {@link Waits.poke} at which `test` holds, or at once. */
  async until(test: () => boolean, signal?: AbortSignal): Promise<void> {
    if (test()) return;
    const wait = { test, done: deferred() };
    this.#waits.add(wait);
    try {
      await within(wait.done.promise, signal);
    } finally {
      this.#waits.delete(wait);
    }
  }

  poke(): void {
    for (const { test, done } of this.#waits) if (test()) done.resolve();
  }

  rejectAll(reason: unknown): void {
    for (const { done } of this.#waits) done.reject(reason);
    this.#waits.clear();
  }
}
