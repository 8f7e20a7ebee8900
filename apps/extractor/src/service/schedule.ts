const DAY_MS = 86_400_000;
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;

/** So much of a period is added to it by chance, and no more than so long: many extractors must not all ask at one time. */
const PERIOD_JITTER = 0.05;
const LONGEST_JITTER_MS = 3_600_000;

/** A retry comes at a random time in the last half of its wait. */
const RETRY_JITTER = 0.5;

/**
 * When the next pass is due: a period after one that went well; sooner after one that failed, after about a
 * minute at first and then doubling up to an hour, but never later than the period. Both with jitter.
 *
 * @param failures - passes that have failed in a row
 * @param random - a number from 0 to below 1
 */
export const nextPassAt = (now: Date, periodDays: number, failures: number, random = Math.random()): Date => {
  const period = periodDays * DAY_MS;
  if (failures === 0) {
    return new Date(now.getTime() + period + random * Math.min(period * PERIOD_JITTER, LONGEST_JITTER_MS));
  }
  const retry = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10), LONGEST_RETRY_MS);
  return new Date(now.getTime() + Math.min(period, retry * (1 - RETRY_JITTER * random)));
};
