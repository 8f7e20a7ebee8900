import { abortable } from '@discogs-extractor/internal/abort';

/** A promise and the functions that settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** A caller may look at the publisher's error instead, so a rejection that is not handled does not end the process. */
export const markHandled = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => {});
  return promise;
};

/** Creates a promise whose rejection never counts as unhandled. */
export const createDeferred = <T = void>(): Deferred<T> => {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise: markHandled(promise), resolve, reject };
};

/** Waits for conditions that are evaluated whenever something may have changed. */
export class ConditionWaiters {
  readonly #waiters = new Set<{ readonly test: () => boolean; readonly done: Deferred<void> }>();

  /** Resolves at the first {@link ConditionWaiters.recheck} at which `test` holds; immediately if it already does. */
  async until(test: () => boolean, signal?: AbortSignal): Promise<void> {
    if (test()) return;
    const waiter = { test, done: createDeferred() };
    this.#waiters.add(waiter);
    try {
      await abortable(waiter.done.promise, signal);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  recheck(): void {
    for (const { test, done } of this.#waiters) if (test()) done.resolve();
  }

  rejectAll(reason: unknown): void {
    for (const { done } of this.#waiters) done.reject(reason);
    this.#waiters.clear();
  }
}
