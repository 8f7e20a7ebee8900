import { sleep } from '@discogs-extractor/internal/abort';

/** Longest sleep between two reads of the clock, so that a clock that is set forward is noticed within a day. */
const MAX_SLEEP_MS = 86_400_000;

/**
 * Sleeps until the clock shows `until`, or until the time that was left at the call has passed: a clock that is set
 * forward ends the sleep within a day, and one that is set back does not prolong it. Rejects with the signal's reason.
 */
export const sleepUntil = async (until: Date, signal: AbortSignal): Promise<void> => {
  const startedAt = performance.now();
  const total = until.getTime() - Date.now();
  const left = (): number => Math.min(until.getTime() - Date.now(), total - (performance.now() - startedAt));
  for (let ms = left(); ms > 0; ms = left()) await sleep(Math.min(ms, MAX_SLEEP_MS), signal);
};
