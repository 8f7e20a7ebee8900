import { backoffDelayMs } from '@discogs-extractor/internal/backoff';

const DAY_MS = 86_400_000;
const FIRST_RETRY_MS = 60_000;
const MAX_RETRY_MS = 3_600_000;

/** The random part that is added to a period, and its limit: many extractors must not all send requests at once. */
const PERIOD_JITTER = 0.05;
const MAX_JITTER_MS = 3_600_000;

/**
 * When the next run is due: a period after a success; sooner after a failure, first after about a minute, then doubling
 * up to an hour, but never later than the period. Both have a random part.
 *
 * @param failures - runs that have failed in a row
 * @param random - a number from 0 to below 1
 */
export const nextRunAt = (now: Date, periodDays: number, failures: number, random = Math.random()): Date => {
  const period = periodDays * DAY_MS;
  if (failures === 0) {
    return new Date(now.getTime() + period + random * Math.min(period * PERIOD_JITTER, MAX_JITTER_MS));
  }
  const retry = backoffDelayMs(failures, { initialMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS }, () => 1 - random);
  return new Date(now.getTime() + Math.min(period, retry));
};
