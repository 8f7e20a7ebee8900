/** How far something is and how fast it goes. */
export interface Progress {
  readonly bytes: number;
  readonly total: number | null;
  /** Bytes per second. */
  readonly rate: number;
  /** Seconds left, or `null` where that cannot be told. */
  readonly eta: number | null;
}

/** The rate is that of the last few seconds: an average since the start would not show that a line has died. */
const WINDOW_MS = 8000;

/** Turns byte counts into progress reports, at most one each interval. */
export class ProgressMeter {
  /** Times and byte counts of the last seconds, oldest first. */
  readonly #samples: { at: number; bytes: number }[] = [];
  #reportedAt = Number.NEGATIVE_INFINITY;
  #reportedBytes = -1;

  constructor(
    readonly intervalMs: number,
    readonly report: (progress: Progress) => void,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** The bytes are here now; those before the first call took no time, so that a resumed file does not look fast. */
  update(bytes: number, total: number | null): void {
    const at = this.now();
    const last = this.#samples.at(-1);
    // A transfer that started over: what was moved before says nothing of the rate of what is here.
    if (last !== undefined && bytes < last.bytes) this.#samples.length = 0;
    if (this.#samples.length === 0) this.#samples.push({ at, bytes });
    if (at - this.#reportedAt >= this.intervalMs) this.#report(at, bytes, total);
  }

  /** Reports the last state, whatever the interval. */
  finish(bytes: number, total: number | null): void {
    if (this.#reportedBytes !== bytes) this.#report(this.now(), bytes, total);
  }

  #report(at: number, bytes: number, total: number | null): void {
    this.#reportedAt = at;
    this.#reportedBytes = bytes;
    this.#samples.push({ at, bytes });
    // The window's first sample is the one just outside of it.
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0]!;
    const seconds = (at - first.at) / 1000;
    const rate = seconds > 0 ? (bytes - first.bytes) / seconds : 0;
    const eta = total !== null && rate > 0 ? Math.max(0, total - bytes) / rate : null;
    this.report({ bytes, total, rate, eta });
  }
}
