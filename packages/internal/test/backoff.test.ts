import { describe, expect, test } from 'vitest';
import { backoffDelayMs } from '../src/backoff.js';

const BACKOFF = { initialMs: 100, maxMs: 1000 };
const smallest = () => 0;
const largest = () => 1 - Number.EPSILON;

describe('backoffDelayMs', () => {
  test('doubles its bound with each failure, up to the maximum', () => {
    const bounds = [1, 2, 3, 4, 5, 50].map((failures) => Math.round(backoffDelayMs(failures, BACKOFF, largest)));
    expect(bounds).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  test('waits for at least half of the bound', () => {
    expect([1, 2, 50].map((failures) => backoffDelayMs(failures, BACKOFF, smallest))).toEqual([50, 100, 500]);
  });

  test('grows by the given factor', () => {
    expect(backoffDelayMs(3, { ...BACKOFF, factor: 3 }, smallest)).toBe(450);
    expect(backoffDelayMs(3, { ...BACKOFF, factor: 1 }, smallest)).toBe(50);
  });

  test('spreads delays at random', () => {
    const delays = Array.from({ length: 100 }, () => backoffDelayMs(3, BACKOFF));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(200);
    expect(Math.max(...delays)).toBeLessThan(400);
    expect(new Set(delays).size).toBeGreaterThan(50);
  });

  test('stays finite after any number of failures', () => {
    expect(backoffDelayMs(5000, BACKOFF, smallest)).toBe(500);
  });
});
