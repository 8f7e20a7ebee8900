import { setTimeout as sleep } from 'node:timers/promises';

/** The interval grows with the time waited: polling often would take processor time from what is waited for. */
const MIN_INTERVAL_MS = 10;
const MAX_INTERVAL_MS = 50;
const INTERVAL_PER_TIME_WAITED = 0.05;
const TIMEOUT_MS = 60_000;

/** Polls until a value is as expected (by default: truthy), and returns it. */
export const until = async <T>(read: () => T | Promise<T>, isExpected: (value: T) => boolean = Boolean): Promise<T> => {
  const start = performance.now();
  for (;;) {
    const value = await read();
    if (isExpected(value)) return value;
    const waitedMs = performance.now() - start;
    if (waitedMs > TIMEOUT_MS) {
      throw new Error(`The value of ${read} did not become as expected:\n${JSON.stringify(value, undefined, 2)}`);
    }
    await sleep(Math.min(Math.max(waitedMs * INTERVAL_PER_TIME_WAITED, MIN_INTERVAL_MS), MAX_INTERVAL_MS));
  }
};
