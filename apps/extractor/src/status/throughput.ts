import { DATA_TYPES, type DataType } from '../config/data-type.js';
import type { Totals } from './service-state.js';

/** Time between two samples, in milliseconds, and how many are kept: the last ten minutes. */
export const SAMPLE_MS = 2000;
const SAMPLES_KEPT = 301;

/** Samples that a rate is worked out over: short enough to follow what happens, long enough not to flicker. */
const RATE_SAMPLES = 5;

interface Sample {
  readonly at: number;
  readonly confirmed: Readonly<Record<DataType, number>>;
  readonly dumpBytes: Readonly<Record<DataType, number>>;
  readonly downloaded: Readonly<Record<DataType, number>>;
}

/** What was done in each second, between one sample and the next, oldest first. */
export interface ThroughputSeries {
  readonly records: readonly number[];
  readonly downloadedBytes: readonly number[];
}

/** Rates of one data type over the last seconds. */
export interface TypeRates {
  readonly recordsPerSecond: number;
  readonly dumpBytesPerSecond: number;
  readonly downloadedBytesPerSecond: number;
}

/** Remembers the sums of the last minutes, and tells rates. */
export class Throughput {
  readonly #samples: Sample[] = [];

  take({ byType }: Totals, at: number): void {
    const each = (count: (type: DataType) => number): Record<DataType, number> =>
      Object.fromEntries(DATA_TYPES.map((type) => [type, count(type)])) as Record<DataType, number>;
    this.#samples.push({
      at,
      confirmed: each((type) => byType[type].recordsConfirmed),
      dumpBytes: each((type) => byType[type].dumpBytesRead),
      downloaded: each((type) => byType[type].bytesDownloaded),
    });
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift();
  }

  series(): ThroughputSeries {
    const series = (counts: (sample: Sample) => Readonly<Record<DataType, number>>): number[] =>
      this.#samples.slice(1).map((sample, index) => {
        const before = this.#samples[index]!;
        const done = DATA_TYPES.reduce((sum, type) => sum + counts(sample)[type] - counts(before)[type], 0);
        return perSecond(done, before, sample);
      });
    return {
      records: series(({ confirmed }) => confirmed),
      downloadedBytes: series(({ downloaded }) => downloaded),
    };
  }

  /** @param since - when the type's work began: what was not done before that makes no rate */
  rates(type: DataType, since: number): TypeRates {
    const last = this.#samples.at(-1);
    const first = this.#samples.slice(-1 - RATE_SAMPLES).find(({ at }) => at >= since);
    if (!first || !last || first === last) {
      return { recordsPerSecond: 0, dumpBytesPerSecond: 0, downloadedBytesPerSecond: 0 };
    }
    return {
      recordsPerSecond: perSecond(last.confirmed[type] - first.confirmed[type], first, last),
      dumpBytesPerSecond: perSecond(last.dumpBytes[type] - first.dumpBytes[type], first, last),
      downloadedBytesPerSecond: perSecond(last.downloaded[type] - first.downloaded[type], first, last),
    };
  }
}

const perSecond = (done: number, from: Sample, to: Sample): number => {
  const seconds = (to.at - from.at) / 1000;
  return seconds > 0 ? Math.round(done / seconds) : 0;
};
