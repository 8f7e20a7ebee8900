import type { RunListener } from '../events/run-events.js';

export interface StallWatchOptions {
  /** Milliseconds without progress after which a file is reported. */
  readonly afterMs: number;
  /** Is told `file-stalled` and `file-moving`. */
  readonly listen: RunListener;
}

/** Watches whether files move. Disposing of it ends its timer. */
export interface StallWatch extends Disposable {
  /** Must be told what happens. */
  readonly observe: RunListener;
}

interface Watched {
  readonly phase: 'download' | 'extraction';
  readonly file: string;
  /** What changes when the file moves. */
  position: string;
  /** When it last did, or when a wait that was announced is over. */
  movedAt: number;
  /** Milliseconds of silence at which it is reported next: each time twice as long, so that a long stall is no flood. */
  reportAfter: number;
}

/** Times between two looks, in milliseconds. */
const LONGEST_LOOK_MS = 5000;

/**
 * Reports files that have not moved for a while: fetched bytes for a download; bytes read, records or confirms for an extraction. A
 * file that has ended, and one that waits for an announced retry, are not stalled.
 */
export const createStallWatch = ({ afterMs, listen }: StallWatchOptions): StallWatch => {
  const watched = new Map<string, Watched>();

  const touch = (phase: Watched['phase'], file: string, position: string, waitMs = 0): void => {
    const key = `${phase} ${file}`;
    const now = performance.now();
    const known = watched.get(key);
    if (!known) {
      watched.set(key, { phase, file, position, movedAt: now, reportAfter: afterMs });
      return;
    }
    if (known.position === position && waitMs === 0) return;
    const wasStalled = known.reportAfter > afterMs;
    const seconds = (now - known.movedAt) / 1000;
    known.movedAt = now + waitMs;
    known.reportAfter = afterMs;
    if (known.position === position) return;
    known.position = position;
    if (wasStalled) listen({ type: 'file-moving', phase, file, seconds });
  };
  const look = (): void => {
    const now = performance.now();
    for (const entry of watched.values()) {
      const stillMs = now - entry.movedAt;
      if (stillMs < entry.reportAfter) continue;
      entry.reportAfter = 2 * stillMs;
      listen({ type: 'file-stalled', phase: entry.phase, file: entry.file, seconds: stillMs / 1000 });
    }
  };
  const timer = setInterval(look, Math.min(afterMs / 4, LONGEST_LOOK_MS)).unref();

  return {
    observe: (event) => {
      switch (event.type) {
        case 'pass-started':
        case 'pass-finished':
        case 'pass-failed':
          watched.clear();
          break;
        case 'download-started':
          touch('download', event.file, 'start');
          break;
        case 'download-progress':
          touch('download', event.file, String(event.bytes));
          break;
        case 'download-retry':
          touch('download', event.file, watched.get(`download ${event.file}`)?.position ?? '', event.delayMs);
          break;
        case 'download-finished':
        case 'download-failed':
          watched.delete(`download ${event.file}`);
          break;
        case 'file-started':
        case 'file-progress':
          touch('extraction', event.file, `${event.bytesRead} ${event.records} ${event.confirmed}`);
          break;
        case 'file-finished':
          watched.delete(`extraction ${event.file}`);
          break;
      }
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
};
