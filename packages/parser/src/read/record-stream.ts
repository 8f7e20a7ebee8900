import { ParserError } from '../errors.js';
import type { ReadStats } from '../reports.js';

/**
 * The result of `encodeRecords`, `parseRecords` and `mapRecords`: an iteration that reads as it is pulled and can run only once (a
 * second one throws `ALREADY_READ`), and its counters. Leaving the loop early releases everything.
 */
export interface RecordStream<T> extends AsyncIterable<T>, AsyncDisposable {
  /** Counters, updated while reading and kept after the end. */
  readonly stats: ReadStats;
}

/** An iteration that can be ended early. */
type ClosableIterator<T> = AsyncIterator<T, void, undefined> & { return(): Promise<unknown> };

export const recordStream = <T>(records: ClosableIterator<T>, stats: ReadStats): RecordStream<T> => {
  let begun = false;
  return {
    stats,
    [Symbol.asyncIterator]: () => {
      // A second loop would end immediately, as if the dump were empty.
      if (begun)
        throw new ParserError(
          'ALREADY_READ',
          'A stream of records can be read only once: call the function that made it again',
        );
      begun = true;
      return records;
    },
    [Symbol.asyncDispose]: async () => {
      await records.return();
    },
  };
};
