/** A measurement of progress. */
export interface Progress {
  readonly bytes: number;
  readonly bytesTotal?: number | undefined;
  readonly bytesPerSecond: number;
  /** Estimated milliseconds until the end; `undefined` if the total is unknown or nothing moves. */
  readonly remainingMs?: number | undefined;
}

/** The rate covers only the last seconds: an average since the start would not show that a connection has died. */
const WINDOW_MS = 8000;

/** Turns byte counts into progress reports, at most one per interval. */
export class ProgressMeter {
  readonly #intervalMs: number;
  readonly #onProgress: (progress: Progress) => void;
  readonly #now: () => number;
  /** Times and byte counts of the last seconds, oldest first. */
  readonly #samples: { at: number; bytes: number }[] = [];
  #reportedAt = Number.NEGATIVE_INFINITY;
  #reportedBytes = -1;

  constructor(
    intervalMs: number,
    onProgress: (progress: Progress) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#intervalMs = intervalMs;
    this.#onProgress = onProgress;
    this.#now = now;
  }

  /**
   * Records a byte count. The bytes of the first call count as taking no time, so that a resumed file has no inflated
   * rate.
   */
  update(bytes: number, bytesTotal: number | undefined): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    // A transfer that started over: earlier samples say nothing about its rate.
    if (last !== undefined && bytes < last.bytes) this.#samples.length = 0;
    if (this.#samples.length === 0) this.#samples.push({ at, bytes });
    if (at - this.#reportedAt >= this.#intervalMs) this.#report(at, bytes, bytesTotal);
  }

  /** Reports the final state, whatever the interval, unless it was reported already. */
  finish(bytes: number): void {
    if (this.#reportedBytes !== bytes) this.#report(this.#now(), bytes, bytes);
  }

  #report(at: number, bytes: number, bytesTotal: number | undefined): void {
    this.#reportedAt = at;
    this.#reportedBytes = bytes;
    this.#samples.push({ at, bytes });
    // Keeps the newest sample outside of the window as its start.
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0]!;
    const elapsedMs = at - first.at;
    const bytesPerMs = elapsedMs > 0 ? (bytes - first.bytes) / elapsedMs : 0;
    this.#onProgress({
      bytes,
      bytesTotal,
      bytesPerSecond: bytesPerMs * 1000,
      remainingMs:
        bytesTotal !== undefined && bytesPerMs > 0 ? Math.max(0, bytesTotal - bytes) / bytesPerMs : undefined,
    });
  }
}
