/**
 * Full jitter: uniform between nothing and the exponential bound. Publishers that lost the same broker do not all
 * come back at the same moment.
 */
export const jitteredDelay = (
  attempt: number,
  { initial, factor, max }: { initial: number; factor: number; max: number },
  random: () => number = Math.random,
): number => random() * Math.min(max, initial * factor ** (attempt - 1));
