import { DATA_TYPES, type DataType } from '../config/data-type.js';
import { RATE_WINDOW_MS, ratePerSecond } from './rate.js';
import type { Totals, TypeTotals } from './service-state.js';

/** Time between two samples, in milliseconds. */
export const SAMPLE_INTERVAL_MS = 2000;

/** Enough samples for the last ten minutes. */
const MAX_SAMPLES = 301;

const RATE_SAMPLES = RATE_WINDOW_MS / SAMPLE_INTERVAL_MS;

interface TotalsSample {
  readonly byType: Totals['byType'];
  readonly at: number;
}

/** Rates between each two samples in succession, per second, oldest first. */
export interface ThroughputSeries {
  readonly records: readonly number[];
  readonly downloadedBytes: readonly number[];
}

/** Rates of one data type over the last seconds. */
export interface TypeRates {
  readonly recordsPerSecond: number;
  /** Of the compressed dump, as its records are confirmed. */
  readonly dumpBytesPerSecond: number;
  readonly downloadedBytesPerSecond: number;
}

/** Keeps the totals of the last minutes, and computes rates from them. */
export class Throughput {
  readonly #samples: TotalsSample[] = [];

  addSample({ byType }: Totals, at: number): void {
    this.#samples.push({ byType, at });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  series(): ThroughputSeries {
    const series = (count: (totals: TypeTotals) => number): number[] =>
      this.#samples.slice(1).map((sample, index) => rate(this.#samples[index]!, sample, DATA_TYPES, count));
    return {
      records: series(({ recordsConfirmed }) => recordsConfirmed),
      downloadedBytes: series(({ bytesDownloaded }) => bytesDownloaded),
    };
  }

  /** @param since - when the work on the type began; time before that does not lower the rates */
  rates(type: DataType, since: number): TypeRates {
    const last = this.#samples.at(-1);
    const first = this.#samples.slice(-1 - RATE_SAMPLES).find(({ at }) => at >= since);
    const rateOf = (count: (totals: TypeTotals) => number): number =>
      first && last ? rate(first, last, [type], count) : 0;
    return {
      recordsPerSecond: rateOf(({ recordsConfirmed }) => recordsConfirmed),
      dumpBytesPerSecond: rateOf(({ dumpBytesDelivered }) => dumpBytesDelivered),
      downloadedBytesPerSecond: rateOf(({ bytesDownloaded }) => bytesDownloaded),
    };
  }
}

/** The rate of a count, summed over data types; 0 if no time passed. */
const rate = (
  from: TotalsSample,
  to: TotalsSample,
  types: readonly DataType[],
  count: (totals: TypeTotals) => number,
): number => {
  const total = ({ byType }: TotalsSample): number => types.reduce((sum, type) => sum + count(byType[type]), 0);
  return Math.round(ratePerSecond({ count: total(from), at: from.at }, { count: total(to), at: to.at }) ?? 0);
};
