import type { ReadStats } from './reports.js';

/**
 * What `encodeRecords` and `parseRecords` give: an iteration that reads as it is pulled and can be run once, and the
 * counters of that run. Leaving the loop early releases everything.
 */
export interface RecordStream<T> extends AsyncIterable<T>, AsyncDisposable {
  /** Live counters; they stay after the end. */
  readonly stats: ReadStats;
}

export const recordStream = <T>(records: AsyncGenerator<T, void, undefined>, stats: ReadStats): RecordStream<T> => ({
  stats,
  [Symbol.asyncIterator]: () => records,
  [Symbol.asyncDispose]: async () => {
    await records.return();
  },
});
