import type { RunListener } from '../events/run-events.js';

export interface StallDetectorOptions {
  /** Time without progress after which a file is reported, in milliseconds. */
  readonly afterMs: number;
  /** Receives `file-stalled` and `file-moving`. */
  readonly onEvent: RunListener;
}

/** Detects files without progress. Disposing of it stops its timer. */
export interface StallDetector extends Disposable {
  /** Takes the events of a run. */
  readonly onEvent: RunListener;
}

interface WatchedFile {
  readonly phase: 'download' | 'extraction';
  readonly file: string;
  /** Changes when the file makes progress. */
  position: string;
  /** When it last did, or when an announced wait ends. */
  movedAt: number;
  /** Milliseconds without progress at which it is reported next; doubles each time, to limit the warnings. */
  reportAfter: number;
}

/** The position of a file that was not started yet. */
const WAITING = 'waiting';

/** Upper bound of the time between two checks, in milliseconds. */
const MAX_CHECK_INTERVAL_MS = 5000;

/**
 * Reports files without progress: of a download, bytes; of an extraction, bytes read, records or confirms. A file that
 * has ended, that waits for an announced retry, or that waits while another one is in progress, is not stalled.
 */
export const createStallDetector = ({ afterMs, onEvent }: StallDetectorOptions): StallDetector => {
  const watched = new Map<string, WatchedFile>();
  /** Files of the dump that are not in progress and have not ended, in order. */
  const waiting = new Set<string>();

  const update = (phase: WatchedFile['phase'], file: string, position: string, waitMs = 0): void => {
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
    if (wasStalled) onEvent({ type: 'file-moving', phase, file, seconds });
  };
  const check = (): void => {
    const now = performance.now();
    for (const entry of watched.values()) {
      const stalledMs = now - entry.movedAt;
      if (stalledMs < entry.reportAfter) continue;
      entry.reportAfter = 2 * stalledMs;
      onEvent({ type: 'file-stalled', phase: entry.phase, file: entry.file, seconds: stalledMs / 1000 });
    }
  };
  const timer = setInterval(check, Math.min(afterMs / 4, MAX_CHECK_INTERVAL_MS)).unref();

  /** If no file is in progress, the first one that waits should be: the sink may not be there. */
  const watchNext = (): void => {
    for (const [key, { position }] of watched) if (position === WAITING && watched.size > 1) watched.delete(key);
    const [next] = waiting;
    if (next !== undefined && watched.size === 0) update('extraction', next, WAITING);
  };
  const take = (event: Parameters<RunListener>[0]): void => {
    switch (event.type) {
      case 'dump-chosen':
        watched.clear();
        waiting.clear();
        for (const { file } of event.files) waiting.add(file);
        break;
      case 'dump-finished':
      case 'run-failed':
        watched.clear();
        waiting.clear();
        break;
      case 'download-started':
        update('download', event.file, 'start');
        break;
      case 'download-progress':
        update('download', event.file, String(event.bytes));
        break;
      case 'download-retry':
        update('download', event.file, watched.get(`download ${event.file}`)?.position ?? '', event.delayMs);
        break;
      case 'download-finished':
      case 'download-failed':
        watched.delete(`download ${event.file}`);
        break;
      case 'file-started':
      case 'file-progress':
        waiting.delete(event.file);
        update('extraction', event.file, `${event.bytesRead} ${event.records} ${event.confirmed}`);
        break;
      case 'file-finished':
        waiting.delete(event.file);
        watched.delete(`extraction ${event.file}`);
        break;
    }
  };

  return {
    onEvent: (event) => {
      take(event);
      watchNext();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
};
