import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { nextRunAt } from '../src/service/schedule.js';
import { createTrigger } from '../src/service/trigger.js';
import { sleepUntil } from '../src/system/sleep-until.js';

const NOW = new Date('2026-01-31T12:00:00Z');
const after = (periodDays: number, failures: number, random = 0): number =>
  nextRunAt(NOW, periodDays, failures, random).getTime() - NOW.getTime();
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const DAY = 86_400_000;
const HOUR = 3_600_000;
const ALMOST_ONE = 1 - Number.EPSILON;

describe('nextRunAt', () => {
  it('waits for the period after a successful run', () => {
    expect(after(15, 0)).toBe(15 * DAY);
    expect(after(60, 0)).toBe(60 * DAY);
  });

  it('adds a random part of up to a twentieth of the period, at most an hour', () => {
    expect(after(15, 0, 0.5)).toBe(15 * DAY + HOUR / 2);
    expect(after(0.5, 0, 0.5)).toBe(0.5 * DAY + 18 * 60_000);
    expect(after(15, 0, ALMOST_ONE)).toBeLessThanOrEqual(15 * DAY + HOUR);
  });

  it('retries sooner after failures, doubling up to an hour', () => {
    expect([1, 2, 3, 6, 7, 50].map((failures) => after(15, failures) / 60_000)).toEqual([1, 2, 4, 32, 60, 60]);
  });

  it('retries at a random time in the last half of the delay', () => {
    expect(after(15, 3, 0.5)).toBe(3 * 60_000);
    expect(after(15, 3, ALMOST_ONE)).toBeGreaterThanOrEqual(2 * 60_000);
  });

  it('never waits longer for a retry than the period', () => {
    expect(after(0.0001, 3)).toBeCloseTo(8640);
  });

  it('draws a random number by default', () => {
    const drawn = new Set(Array.from({ length: 20 }, () => nextRunAt(NOW, 15, 1).getTime()));
    expect(drawn.size).toBeGreaterThan(1);
  });
});

describe('createTrigger', () => {
  const soon = (): Date => new Date(Date.now() + 20);
  const never = (): Date => new Date(Date.now() + 40 * DAY);

  it('ends a wait, for one request', async () => {
    const trigger = createTrigger();
    const waiting = trigger.wait(never(), new AbortController().signal);
    expect(trigger.request({ forceReprocess: true })).toBe(true);
    expect(trigger.request({ forceReprocess: false })).toBe(false);
    expect(await waiting).toEqual({ by: 'trigger', forceReprocess: true });
  });

  it('refuses a request while there is no wait', async () => {
    const trigger = createTrigger();
    expect(trigger.request({ forceReprocess: false })).toBe(false);
    expect(await trigger.wait(soon(), new AbortController().signal)).toEqual({ by: 'time' });
    expect(trigger.request({ forceReprocess: false })).toBe(false);
  });

  it('refuses a request once the service stops', async () => {
    const trigger = createTrigger();
    const controller = new AbortController();
    const reason = new Error('stop');
    const waiting = trigger.wait(never(), controller.signal);
    controller.abort(reason);
    expect(trigger.request({ forceReprocess: false })).toBe(false);
    await expect(waiting).rejects.toBe(reason);
  });

  it('removes its listener and its timer', async () => {
    const trigger = createTrigger();
    const timersBefore = timers();
    const { signal } = new AbortController();
    for (let round = 0; round < 3; round++) {
      const waiting = trigger.wait(never(), signal);
      trigger.request({ forceReprocess: false });
      await waiting;
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    // The timer of an interrupted sleep is removed one turn of the event loop later; those of others may end meanwhile.
    await new Promise(setImmediate);
    expect(timers()).toBeLessThanOrEqual(timersBefore);
  });
});

describe('sleepUntil', () => {
  it('returns at once for a time that has passed', async () => {
    await sleepUntil(new Date(Date.now() - 1), new AbortController().signal);
  });

  it('does not sleep longer when the clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const sleeping = sleepUntil(new Date(Date.now() + 200), new AbortController().signal);
      vi.setSystemTime(Date.now() - 365 * 86_400_000);
      await sleeping;
    } finally {
      vi.useRealTimers();
    }
  });

  it('sleeps longer than a timer can, until it is stopped', async () => {
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
