import { setImmediate as nextTick } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { AsyncSignal } from '../src/async-signal.js';

describe('AsyncSignal', () => {
  test('wakes every waiter at the next notification, and not before', async () => {
    const signal = new AsyncSignal();
    const woken: string[] = [];
    const waiters = ['a', 'b'].map((name) => signal.wait().then(() => woken.push(name)));
    await nextTick();
    expect(woken).toEqual([]);
    signal.notify();
    await Promise.all(waiters);
    expect(woken).toEqual(['a', 'b']);
  });

  test('does not remember a notification that no one waited for', async () => {
    const signal = new AsyncSignal();
    signal.notify();
    let isWoken = false;
    const waiter = signal.wait().then(() => {
      isWoken = true;
    });
    await nextTick();
    expect(isWoken).toBe(false);
    signal.notify();
    await waiter;
  });

  test('a wait that begins when the last one ends needs another notification', async () => {
    const signal = new AsyncSignal();
    let rounds = 0;
    const loop = (async () => {
      for (; rounds < 2; rounds += 1) await signal.wait();
    })();
    signal.notify();
    signal.notify();
    await nextTick();
    expect(rounds).toBe(1);
    signal.notify();
    await loop;
  });
});
