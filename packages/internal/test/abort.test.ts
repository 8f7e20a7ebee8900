import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { abortable, linkAbort, MAX_TIMER_MS, sleep, withLinkedAbort } from '../src/abort.js';

const REASON = new Error('stopped');

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

const pending = () => new Promise<never>(() => {});

describe('abortable', () => {
  test('settles as the promise does, and leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(7), signal)).toBe(7);
    await expect(abortable(Promise.reject(REASON), signal)).rejects.toBe(REASON);
    expect(listenersOf(signal)).toBe(0);
  });

  test('rejects with the reason when the signal aborts first', async () => {
    const controller = new AbortController();
    const waiting = abortable(pending(), controller.signal);
    controller.abort(REASON);
    await expect(waiting).rejects.toBe(REASON);
  });

  test('rejects at once if the signal has aborted, and handles the rejection of the promise', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    try {
      await expect(abortable(Promise.reject(new Error('late')), AbortSignal.abort(REASON))).rejects.toBe(REASON);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  test('returns the promise itself without a signal', () => {
    const promise = Promise.resolve();
    expect(abortable(promise, undefined)).toBe(promise);
  });
});

describe('sleep', () => {
  test('waits for the time, and leaves no listener', async () => {
    const { signal } = new AbortController();
    const start = performance.now();
    await sleep(30, signal);
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
    expect(listenersOf(signal)).toBe(0);
  });

  test('rejects with the reason at once when the signal aborts, or has aborted', async () => {
    const controller = new AbortController();
    const waiting = sleep(60_000, controller.signal);
    controller.abort(REASON);
    await expect(waiting).rejects.toBe(REASON);
    await expect(sleep(60_000, controller.signal)).rejects.toBe(REASON);
    await expect(sleep(0, controller.signal)).rejects.toBe(REASON);
  });

  test('waits longer than the longest timer', async () => {
    vi.useFakeTimers();
    try {
      const onEnd = vi.fn();
      const waiting = sleep(MAX_TIMER_MS + 1000, undefined).then(onEnd);
      await vi.advanceTimersByTimeAsync(MAX_TIMER_MS + 999);
      expect(onEnd).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(onEnd).toHaveBeenCalledOnce();
      await waiting;
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('linkAbort', () => {
  test('aborts with the reason of the first signal that aborts', () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const { controller } = linkAbort([first.signal, undefined, second.signal]);
    expect(controller.signal.aborted).toBe(false);
    second.abort(REASON);
    first.abort(new Error('later'));
    expect(controller.signal.reason).toBe(REASON);
  });

  test('is aborted from the start if a signal is', () => {
    expect(linkAbort([AbortSignal.abort(REASON)]).controller.signal.reason).toBe(REASON);
  });

  test('no longer follows, and leaves no listener, after its release', () => {
    const source = new AbortController();
    const { controller, release } = linkAbort([source.signal]);
    expect(listenersOf(source.signal)).toBe(1);
    release();
    expect(listenersOf(source.signal)).toBe(0);
    source.abort(REASON);
    expect(controller.signal.aborted).toBe(false);
  });
});

describe('withLinkedAbort', () => {
  test('aborts the work with the signal, and releases it at the end', async () => {
    const source = new AbortController();
    const work = withLinkedAbort([source.signal], (controller) => abortable(pending(), controller.signal));
    source.abort(REASON);
    await expect(work).rejects.toBe(REASON);
    expect(listenersOf(source.signal)).toBe(0);
  });

  test('does not begin the work if a signal has aborted', async () => {
    const work = vi.fn();
    await expect(withLinkedAbort([AbortSignal.abort(REASON)], work)).rejects.toBe(REASON);
    expect(work).not.toHaveBeenCalled();
  });

  test('lets the work abort only itself', async () => {
    const source = new AbortController();
    const result = await withLinkedAbort([source.signal], async (controller) => {
      controller.abort(REASON);
      return 7;
    });
    expect(result).toBe(7);
    expect(source.signal.aborted).toBe(false);
  });
});
