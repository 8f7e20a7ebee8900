/** A count at a time, in milliseconds of any steady clock. */
export interface Sample {
  readonly count: number;
  readonly at: number;
}

/** What was counted per second between two samples; `undefined` if no time passed between them. */
export const ratePerSecond = (from: Sample, to: Sample): number | undefined =>
  to.at > from.at ? ((to.count - from.count) * 1000) / (to.at - from.at) : undefined;

/** Time over which a rate is taken, in milliseconds: long enough not to flicker, short enough to follow changes. */
export const RATE_WINDOW_MS = 10_000;

/** The recent rate of a count. */
export interface RateMeter {
  /** Takes a sample. A count below the last one starts over, as when a transfer begins again. */
  add(count: number, at: number): void;
  /** The rate over the last seconds before `at`; `undefined` while too little is known. */
  perSecond(at: number): number | undefined;
}

export const createRateMeter = (): RateMeter => {
  const samples: Sample[] = [];
  return {
    add: (count, at) => {
      if (count < (samples.at(-1)?.count ?? 0)) samples.length = 0;
      samples.push({ count, at });
      // The newest sample that is older than the window stays: the rate is taken from there.
      while (samples.length > 2 && samples[1]!.at <= at - RATE_WINDOW_MS) samples.shift();
    },
    perSecond: (at) => {
      const first = samples[0];
      const last = samples.at(-1);
      // Up to `at`, not to the last sample: a count that stands still has a falling rate.
      return first && last && ratePerSecond(first, { count: last.count, at });
    },
  };
};
