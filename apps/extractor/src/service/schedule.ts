const DAY_MS = 86_400_000;
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;

/**
 * When the next pass is due: a period after one that went well; sooner after one that failed, from a
 * minute on and doubling up to an hour, but never later than the period.
 *
 * @param failures - passes that have failed in a row
 */
export const nextPassAt = (now: Date, periodDays: number, failures: number): Date => {
  const period = periodDays * DAY_MS;
  const retry = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10), LONGEST_RETRY_MS);
  return new Date(now.getTime() + (failures > 0 ? Math.min(period, retry) : period));
};
