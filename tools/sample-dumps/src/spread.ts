import type { Random } from './random.js';

/** Where on the way from the least to the greatest value the figures of a {@link Spread} stand. */
export const QUANTILES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 1] as const;

const SLOTS = 1024;
/** The slots above the 99th percentile: drawn by formula, since a table would cut off the long tail. */
const TAIL_FROM = Math.floor(SLOTS * 0.99);

const UPPER_QUARTER = SLOTS * 0.75;

/** Share of the records that have more of everything than the rest: what one person documents well has several things long. */
export const GREAT = 0.25;

/** Whether something that `share` of all records have is there: more than twice as often in the great ones. */
export const has = (random: Random, share: number, great: boolean): boolean => {
  const ofGreat = Math.min(0.97, share * 2.2);
  return random.chance(great ? ofGreat : (share - GREAT * ofGreat) / (1 - GREAT));
};

/** A distribution of counts or lengths, given by its quantiles as measured on the excerpts. */
export class Spread {
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
   * @param great Whether the record is a great one ({@link GREAT}), for what is only drawn where {@link has} says so: the upper
   * quarter of the values then falls mostly to these. Over all records the distribution stays the same.
   */
  draw(random: Random, great?: boolean): number {
    let slot = random.next() >>> 22;
    if (great !== undefined) {
      slot = random.chance(great ? 0.43 : 0.03) ? (slot >>> 2) + UPPER_QUARTER : slot % UPPER_QUARTER;
    }
    if (slot < TAIL_FROM) return this.body[slot] as number;
    // The greatest value of a thousand is a rare one: most of the tail lies close to the 99th percentile.
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

/** A choice between values of different frequency. */
export class Weighted<T> {
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
