import { setTimeout as delay } from 'node:timers/promises';

/** `setTimeout` overflows at 2^31 ms (24.8 days); a day at a time also keeps up with a clock that is set. */
const LONGEST_NAP_MS = 86_400_000;

/** Sleeps until the clock shows `until`, however far off. Rejects with the signal's reason. */
export const sleepUntil = async (until: Date, signal: AbortSignal): Promise<void> => {
  for (let left = until.getTime() - Date.now(); left > 0; left = until.getTime() - Date.now()) {
    await delay(Math.min(left, LONGEST_NAP_MS), undefined, { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }
};
