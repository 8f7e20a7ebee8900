import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@discogs-extractor/test-broker';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../src/events/run-events.js';
import { createStallDetector } from '../src/status/stall-detector.js';

const AFTER_MS = 100;

const startDetector = () => {
  const reported: RunEvent[] = [];
  const detector = createStallDetector({ afterMs: AFTER_MS, onEvent: (event) => reported.push(event) });
  const extraction = (type: 'file-started' | 'file-progress', bytesRead: number): void => {
    const at = { file: 'a', dataType: 'artists', records: 0, confirmed: 0, bytesRead, bytesTotal: 100 } as const;
    const more = type === 'file-started' ? { type, resumedAfter: 0, reason: '' } : { type };
    detector.onEvent({ ...at, ...more } as unknown as RunEvent);
  };
  return { reported, detector, extraction };
};

/** What all events of a file's download have. */
const downloadOf = (file: string) => ({ file, dataType: 'artists', version: '20260101' }) as const;

describe('createStallDetector', () => {
  it('reports a file without progress, at doubling intervals, and its next progress', async () => {
    const { reported, detector, extraction } = startDetector();
    using _ = detector;
    extraction('file-started', 0);
    await until(() => reported.length === 3);
    extraction('file-progress', 0);
    expect(reported).toHaveLength(3);
    extraction('file-progress', 1);
    expect(reported).toMatchObject([
      ...Array.from({ length: 3 }, () => ({ type: 'file-stalled', phase: 'extraction', file: 'a' })),
      { type: 'file-moving', phase: 'extraction', file: 'a' },
    ]);
    const [first, second, third, moving] = reported.map((event) => (event as { seconds: number }).seconds) as [
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

  it('does not report files that progress, that have ended, or that wait for a retry', async () => {
    const { reported, detector, extraction } = startDetector();
    using _ = detector;
    extraction('file-started', 0);
    detector.onEvent({ type: 'download-started', ...downloadOf('ended'), bytesTotal: 1 });
    detector.onEvent({ type: 'download-failed', ...downloadOf('ended'), error: new Error('x') });
    detector.onEvent({ type: 'download-started', ...downloadOf('waits'), bytesTotal: 1 });
    detector.onEvent({
      type: 'download-retry',
      ...downloadOf('waits'),
      failures: 1,
      delayMs: 60_000,
      error: new Error('x'),
    });
    detector.onEvent({ type: 'download-started', ...downloadOf('stalls'), bytesTotal: 1 });
    let bytesRead = 0;
    // The file that stalls shows that the others had enough time to stall.
    while (reported.length === 0) {
      extraction('file-progress', ++bytesRead);
      await delay(AFTER_MS / 20);
    }
    expect(reported).toMatchObject([{ type: 'file-stalled', phase: 'download', file: 'stalls' }]);
  });

  it('reports the first file of a run that starts none, before and after the downloads', async () => {
    const { reported, detector, extraction } = startDetector();
    using _ = detector;
    const files = ['a', 'b'].map((file) => ({ file, dataType: 'artists', bytes: 1, known: undefined }) as const);
    detector.onEvent({ type: 'dump-chosen', version: '20260101', decision: 'start', reason: '', files });
    await until(() => reported.length === 1);
    for (const { file } of files) {
      detector.onEvent({ type: 'download-started', ...downloadOf(file), bytesTotal: 1 });
      detector.onEvent({ type: 'download-failed', ...downloadOf(file), error: new Error('x') });
    }
    await until(() => reported.length === 2);
    expect(reported).toMatchObject(Array(2).fill({ type: 'file-stalled', phase: 'extraction', file: 'a' }));
    // The second one waits for its turn.
    extraction('file-started', 0);
    expect(reported.at(-1)).toMatchObject({ type: 'file-moving', file: 'a' });
    await until(() => reported.length === 4);
    expect(reported.at(-1)).toMatchObject({ type: 'file-stalled', file: 'a' });
  });

  it.each(['dump-finished', 'run-failed'])('forgets the files of a run at %s', async (type) => {
    const { reported, detector, extraction } = startDetector();
    using _ = detector;
    extraction('file-started', 0);
    detector.onEvent({ type } as RunEvent);
    detector.onEvent({ type: 'download-started', ...downloadOf('stalls'), bytesTotal: 1 });
    await until(() => reported.length > 0);
    expect(reported).toMatchObject([{ file: 'stalls' }]);
  });
});
