import { ParserError } from '../errors.js';
import type { ReadStats } from '../reports.js';

/**
 * What `encodeRecords` and `parseRecords` give: an iteration that reads as it is pulled and can be run once (a second
 * one throws `ALREADY_READ`), and the counters of that run. Leaving the loop early releases everything.
 */
export interface RecordStream<T> extends AsyncIterable<T>, AsyncDisposable {
  /** Live counters; they stay after the end. */
  readonly stats: ReadStats;
}

export const recordStream = <T>(records: AsyncGenerator<T, void, undefined>, stats: ReadStats): RecordStream<T> => {
  let begun = false;
  return {
    stats,
    [Symbol.asyncIterator]: () => {
      // A second loop would end at once, as if the dump were empty.
      if (begun)
        throw new ParserError(
          'ALREADY_READ',
          'A stream of records can be read only once: call encodeRecords or parseRecords again',
        );
      begun = true;
      return records;
    },
    [Symbol.asyncDispose]: async () => {
      await records.return();
    },
  };
};
