import type { Random } from './random.js';

/** The quantiles that the figures of a {@link QuantileDistribution} give, from the minimum to the maximum. */
export const QUANTILES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 1] as const;

const SLOTS = 1024;
/** The slots from here on, above the 99th percentile, are drawn by formula: a table would cut off the long tail. */
const TAIL_START_SLOT = Math.floor(SLOTS * 0.99);

const UPPER_QUARTER_SLOT = SLOTS * 0.75;

/** Share of the well documented records. They have more of everything, since their lengths and counts correlate. */
export const WELL_DOCUMENTED_SHARE = 0.25;

/**
 * Draws whether a record has an element that `share` of all records have. Well documented records have it more than
 * twice as often as the average.
 */
export const isPresent = (random: Random, share: number, wellDocumented: boolean): boolean => {
  const wellDocumentedShare = Math.min(0.97, share * 2.2);
  const otherShare = (share - WELL_DOCUMENTED_SHARE * wellDocumentedShare) / (1 - WELL_DOCUMENTED_SHARE);
  return random.chance(wellDocumented ? wellDocumentedShare : otherShare);
};

/** A distribution of counts or lengths, from its quantiles as measured on the excerpts. */
export class QuantileDistribution {
  private readonly body: Int32Array;
  private readonly p99: number;
  private readonly tail: number;

  constructor(readonly figures: readonly number[]) {
    this.p99 = Math.max(1, figures[QUANTILES.length - 2] ?? 1);
    this.tail = Math.max(1, figures.at(-1) ?? 1) / this.p99;
    this.body = new Int32Array(SLOTS);
    for (let slot = 0; slot < SLOTS; slot++) this.body[slot] = Math.round(interpolate(figures, (slot + 0.5) / SLOTS));
  }

  /**
   * Draws a value.
   *
   * @param wellDocumented - whether the record is well documented; only for what {@link isPresent} has drawn before.
   * The upper quarter of the values then falls mostly to these records, and the distribution over all records stays
   * the same.
   */
  draw(random: Random, wellDocumented?: boolean): number {
    let slot = random.next() >>> 22;
    if (wellDocumented !== undefined) {
      slot = random.chance(wellDocumented ? 0.43 : 0.03)
        ? (slot >>> 2) + UPPER_QUARTER_SLOT
        : slot % UPPER_QUARTER_SLOT;
    }
    if (slot < TAIL_START_SLOT) return this.body[slot] as number;
    // The maximum of a thousand values is rare: most of the tail lies close to the 99th percentile.
    const u = random.fraction();
    const depth = u * u * u * u;
    return Math.round(this.p99 * (1 + depth * (this.tail - 1)));
  }
}

const interpolate = (figures: readonly number[], at: number): number => {
  let upper = 1;
  while ((QUANTILES[upper] as number) < at) upper++;
  const from = QUANTILES[upper - 1] as number;
  const share = (at - from) / ((QUANTILES[upper] as number) - from);
  const low = figures[upper - 1] as number;
  return low + share * ((figures[upper] as number) - low);
};

/** A random choice between values of different frequency. */
export class WeightedChoice<T> {
  private readonly slots: readonly T[];

  constructor(entries: ReadonlyArray<readonly [value: T, weight: number]>) {
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    const slots: T[] = [];
    let upTo = 0;
    for (const [value, weight] of entries) {
      upTo += weight;
      const end = Math.max(slots.length + 1, Math.round((upTo / total) * SLOTS));
      while (slots.length < end) slots.push(value);
    }
    this.slots = slots;
  }

  draw(random: Random): T {
    return random.pick(this.slots);
  }
}
