/** Time over which a speed is taken, in milliseconds: long enough to be calm, short enough to follow. */
const WINDOW_MS = 10_000;

/** The recent speed of something that is counted. */
export interface RateMeter {
  /** Notes the count at a time (milliseconds of any steady clock). A count that falls starts anew: a transfer began again. */
  add(count: number, at: number): void;
  /** Per second over the last seconds; `undefined` where too little is known. */
  perSecond(at: number): number | undefined;
}

export const createRateMeter = (): RateMeter => {
  const samples: { count: number; at: number }[] = [];
  return {
    add: (count, at) => {
      if (count < (samples.at(-1)?.count ?? 0)) samples.length = 0;
      samples.push({ count, at });
      // The newest sample that is older than the window stays: the speed is taken from there.
      while (samples.length > 2 && samples[1]!.at <= at - WINDOW_MS) samples.shift();
    },
    perSecond: (at) => {
      const first = samples[0];
      const last = samples.at(-1);
      if (!first || !last || at <= first.at) return undefined;
      return ((last.count - first.count) * 1000) / (at - first.at);
    },
  };
};
