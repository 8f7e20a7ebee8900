/**
 * Runs something with an aborter that follows the given signals, and lets go of them after: `AbortSignal.any` would
 * leave a trace on a signal that lives as long as the service.
 */
export const withLinkedAbort = async <T>(
  signals: readonly (AbortSignal | undefined)[],
  run: (aborter: AbortController) => Promise<T>,
): Promise<T> => {
  const aborter = new AbortController();
  const undo: (() => void)[] = [];
  for (const signal of signals) {
    signal?.throwIfAborted();
    const onAbort = (): void => aborter.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    undo.push(() => signal?.removeEventListener('abort', onAbort));
  }
  try {
    return await run(aborter);
  } finally {
    for (const release of undo) release();
  }
};
