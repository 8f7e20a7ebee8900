/** Exponential backoff. */
export interface Backoff {
  /** Upper bound of the first delay, in milliseconds. */
  readonly initialMs: number;
  /** Upper bound of every delay, in milliseconds. */
  readonly maxMs: number;
  /** Growth from one delay to the next. @default 2 */
  readonly factor?: number | undefined;
}

/**
 * The delay after `failures` failures in a row, in milliseconds: half of the exponential bound, plus a random part of
 * the other half. The fixed half keeps a broken server from being hit again at once; the random half keeps clients that
 * failed together from coming back together.
 *
 * @param random - returns a number from 0 to below 1
 */
export const backoffDelayMs = (
  failures: number,
  { initialMs, maxMs, factor = 2 }: Backoff,
  random: () => number = Math.random,
): number => {
  const bound = Math.min(maxMs, initialMs * factor ** (failures - 1));
  return bound / 2 + (random() * bound) / 2;
};
