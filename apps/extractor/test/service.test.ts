import { describe, expect, it } from 'vitest';
import { nextPassAt } from '../src/service/schedule.js';
import { sleepUntil } from '../src/service/sleep.js';

const NOW = new Date('2026-01-31T12:00:00Z');
const after = (periodDays: number, failures: number): number =>
  nextPassAt(NOW, periodDays, failures).getTime() - NOW.getTime();

describe('nextPassAt', () => {
  it('waits out the period after a pass that went well', () => {
    expect(after(15, 0)).toBe(15 * 86_400_000);
    expect(after(60, 0)).toBe(60 * 86_400_000);
  });

  it('tries again sooner after failures, doubling up to an hour', () => {
    expect([1, 2, 3, 6, 7, 50].map((failures) => after(15, failures) / 60_000)).toEqual([1, 2, 4, 32, 60, 60]);
  });

  it('never waits longer than the period', () => {
    expect(after(0.0001, 3)).toBeCloseTo(8640);
  });
});

describe('sleepUntil', () => {
  it('returns at once for a time that has passed', async () => {
    await sleepUntil(new Date(Date.now() - 1), new AbortController().signal);
  });

  it('sleeps beyond what a timer can hold, until it is told to stop', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const sleeping = sleepUntil(new Date(Date.now() + 40 * 86_400_000), controller.signal);
    const outcome = Promise.race([
      sleeping.then(
        () => 'woke up',
        (error: unknown) => error,
      ),
      new Promise((resolve) => setTimeout(resolve, 50, 'asleep')),
    ]);
    expect(await outcome).toBe('asleep');
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });
});
