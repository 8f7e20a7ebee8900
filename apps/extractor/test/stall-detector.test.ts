import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../src/events/run-events.js';
import { createStallDetector } from '../src/status/stall-detector.js';

const AFTER_MS = 100;

const watching = () => {
  const told: RunEvent[] = [];
  const watch = createStallDetector({ afterMs: AFTER_MS, onEvent: (event) => told.push(event) });
  const extraction = (type: 'file-started' | 'file-progress', bytesRead: number): void => {
    const at = { file: 'a', dataType: 'artists', records: 0, confirmed: 0, bytesRead, bytesTotal: 100 } as const;
    const more = type === 'file-started' ? { type, resumedAfter: 0, reason: '' } : { type };
    watch.onEvent({ ...at, ...more } as unknown as RunEvent);
  };
  return { told, watch, extraction };
};

/** What all events of a file's download have. */
const downloadOf = (file: string) => ({ file, dataType: 'artists', version: '20260101' }) as const;

/** Until something is told; the test's own time limit is the bound. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await delay(5);
};

describe('createStallDetector', () => {
  it('tells of a file that does not move, each time twice as late, and of its moving on', async () => {
    const { told, watch, extraction } = watching();
    using _ = watch;
    extraction('file-started', 0);
    await until(() => told.length === 3);
    extraction('file-progress', 0);
    expect(told).toHaveLength(3);
    extraction('file-progress', 1);
    expect(told).toMatchObject([
      ...Array.from({ length: 3 }, () => ({ type: 'file-stalled', phase: 'extraction', file: 'a' })),
      { type: 'file-moving', phase: 'extraction', file: 'a' },
    ]);
    const [first, second, third, moving] = told.map((event) => (event as { seconds: number }).seconds) as [
      number,
      number,
      number,
      number,
    ];
    expect(first).toBeGreaterThanOrEqual(AFTER_MS / 1000);
    expect(second).toBeGreaterThanOrEqual(2 * first);
    expect(third).toBeGreaterThanOrEqual(2 * second);
    expect(moving).toBeGreaterThanOrEqual(third);
  });

  it('is quiet about files that move, that have ended, or that wait for a retry', async () => {
    const { told, watch, extraction } = watching();
    using _ = watch;
    extraction('file-started', 0);
    watch.onEvent({ type: 'download-started', ...downloadOf('ended'), bytesTotal: 1 });
    watch.onEvent({ type: 'download-failed', ...downloadOf('ended'), error: new Error('x') });
    watch.onEvent({ type: 'download-started', ...downloadOf('waits'), bytesTotal: 1 });
    watch.onEvent({
      type: 'download-retry',
      ...downloadOf('waits'),
      failures: 1,
      delayMs: 60_000,
      error: new Error('x'),
    });
    watch.onEvent({ type: 'download-started', ...downloadOf('stalls'), bytesTotal: 1 });
    let bytesRead = 0;
    // The file that does stall shows that the others had the time to.
    while (told.length === 0) {
      extraction('file-progress', ++bytesRead);
      await delay(AFTER_MS / 20);
    }
    expect(told).toMatchObject([{ type: 'file-stalled', phase: 'download', file: 'stalls' }]);
  });

  it.each(['dump-finished', 'run-failed'])('forgets what a pass left behind: %s', async (type) => {
    const { told, watch, extraction } = watching();
    using _ = watch;
    extraction('file-started', 0);
    watch.onEvent({ type } as RunEvent);
    watch.onEvent({ type: 'download-started', ...downloadOf('stalls'), bytesTotal: 1 });
    await until(() => told.length > 0);
    expect(told).toMatchObject([{ file: 'stalls' }]);
  });
});
