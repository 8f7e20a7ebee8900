import { setImmediate as nextTick } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { mapConcurrently } from '../src/concurrency.js';

const ITEMS = [0, 1, 2, 3, 4, 5, 6, 7];

describe('mapConcurrently', () => {
  test('returns the results in the order of the items, whichever ends first', async () => {
    const results = await mapConcurrently(3, ITEMS, async (item, index) => {
      for (let tick = item; tick < ITEMS.length; tick += 1) await nextTick();
      return [item, index];
    });
    expect(results).toEqual(ITEMS.map((item) => [item, item]));
  });

  test.each([1, 3, 100])('with concurrency %i keeps that many items at work, and no more', async (concurrency) => {
    let atWork = 0;
    let max = 0;
    await mapConcurrently(concurrency, ITEMS, async () => {
      atWork += 1;
      max = Math.max(max, atWork);
      await nextTick();
      atWork -= 1;
    });
    expect(max).toBe(Math.min(concurrency, ITEMS.length));
  });

  test('after a rejection begins no further item, and rejects when those at work have ended', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const done = mapConcurrently(2, ITEMS, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error('first');
      await nextTick();
      ended.push(item);
      throw new Error('second');
    });
    await expect(done).rejects.toThrow('first');
    expect(begun).toEqual([0, 1]);
    expect(ended).toEqual([0]);
  });

  test('resolves with an empty list for no items', async () => {
    expect(await mapConcurrently(2, [], () => Promise.reject(new Error('called')))).toEqual([]);
  });
});
