import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 10;
const TIMEOUT_MS = 60_000;

/** Polls until a value is as expected (by default: truthy), and returns it. */
export const until = async <T>(read: () => T | Promise<T>, isExpected: (value: T) => boolean = Boolean): Promise<T> => {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const value = await read();
    if (isExpected(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`The value of ${read} did not become as expected:\n${JSON.stringify(value, undefined, 2)}`);
    }
    await sleep(INTERVAL_MS);
  }
};
