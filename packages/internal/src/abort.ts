/** `setTimeout` fires at once for a longer delay. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits for `promise`, but rejects with the signal's reason if that aborts first. Leaves no listener. The work
 * itself continues after an abort; its outcome is ignored.
 */
export const abortable = <T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) {
      promise.catch(() => {});
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    const release = (): void => signal.removeEventListener('abort', onAbort);
    promise.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error);
      },
    );
  });
};

/** Waits for `ms` milliseconds, of any length; rejects with the signal's reason if that aborts first. */
export const sleep = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
  let left = ms;
  do {
    const step = Math.min(left, MAX_TIMER_MS);
    await new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, step);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
    left -= step;
  } while (left > 0);
};

/** An abort controller that follows other signals until it is released. */
export interface LinkedAbort {
  readonly controller: AbortController;
  /** Stops following. `AbortSignal.any` cannot: it leaves a reference on a signal that lives as long as the service. */
  readonly release: () => void;
}

/** Follows every given signal: aborts with the reason of the first that does, at once if one has already. */
export const linkAbort = (signals: readonly (AbortSignal | undefined)[]): LinkedAbort => {
  const controller = new AbortController();
  const undo: (() => void)[] = [];
  for (const signal of signals) {
    if (signal === undefined) continue;
    const onAbort = (): void => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    undo.push(() => signal.removeEventListener('abort', onAbort));
  }
  return {
    controller,
    release: () => {
      for (const remove of undo) remove();
    },
  };
};

/** Runs `work` with a controller that follows the given signals meanwhile. Rejects at once if one has aborted. */
export const withLinkedAbort = async <T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (controller: AbortController) => Promise<T>,
): Promise<T> => {
  for (const signal of signals) signal?.throwIfAborted();
  const { controller, release } = linkAbort(signals);
  try {
    return await work(controller);
  } finally {
    release();
  }
};
