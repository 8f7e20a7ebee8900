import { expect, it } from 'vitest';
import { RecordTally } from '../src/pipeline/record-tally.js';

it('counts the records up to a watermark that rises, also within a range, and in all', () => {
  const ranges = [
    [3, 3],
    [5, 9],
    [10, 10],
    [20, 22],
  ] as const;
  const numbers = ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  for (const step of [1, 2, 3, 7, 30]) {
    const tally = new RecordTally(4);
    for (const [first, last] of ranges) tally.add(first, last);
    for (let watermark = 0; watermark <= 30; watermark += step) {
      expect(tally.upTo(watermark), `up to ${watermark} in steps of ${step}`).toBe(
        4 + numbers.filter((number) => number <= watermark).length,
      );
      expect(tally.total).toBe(4 + numbers.length);
    }
  }
});
