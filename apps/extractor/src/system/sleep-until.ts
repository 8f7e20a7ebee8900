import { setTimeout as delay } from 'node:timers/promises';

/** `setTimeout` overflows at 2^31 ms (24.8 days); a day at a time also keeps up with a clock that is set. */
const LONGEST_NAP_MS = 86_400_000;

/**
 * Sleeps until the clock shows `until`, or until the time that was left at the call has passed: a clock that is set forward wakes it (within a
 * day), and one that is set back does not make it sleep longer. Rejects with the signal's reason.
 */
export const sleepUntil = async (until: Date, signal: AbortSignal): Promise<void> => {
  const startedAt = performance.now();
  const whole = until.getTime() - Date.now();
  const left = (): number => Math.min(until.getTime() - Date.now(), whole - (performance.now() - startedAt));
  for (let ms = left(); ms > 0; ms = left()) {
    await delay(Math.min(ms, LONGEST_NAP_MS), undefined, { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }
};
