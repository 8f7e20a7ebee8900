/**
 * How much it takes to conclude that something is absent, and not only by chance: with the share that it has
 * elsewhere, it would be absent from as many records less often than once in e^20, which is 500 million.
 */
const MIN_EVIDENCE = 20;

/** A difference of two shares counts if it is this many standard errors. */
const MIN_STANDARD_ERRORS = 5;

/** A number of something among a number of cases. */
export interface Share {
  readonly count: number;
  readonly of: number;
}

export const shareOf = ({ count, of }: Share): number => (of === 0 ? 0 : count / of);

/** Whether something with that share elsewhere would be found among `cases`, practically always. */
export const isExpectedAmong = ({ count, of }: Share, cases: number): boolean =>
  // One case more, without it: a few cases do not make it certain.
  -Math.log1p(-Math.min(count, of) / (of + 1)) * cases >= MIN_EVIDENCE;

/** Whether two shares differ by more than chance explains. */
export const isDifferent = (one: Share, other: Share): boolean => {
  const pooled = (one.count + other.count) / (one.of + other.of);
  const variance = pooled * (1 - pooled) * (1 / one.of + 1 / other.of);
  return Math.abs(shareOf(one) - shareOf(other)) >= MIN_STANDARD_ERRORS * Math.sqrt(variance);
};
