import type { Sink } from './sink.js';

/** Confirms every record and keeps none: for benchmarks, and for checking a dump. */
export const createNullSink = (): Sink => ({
  name: 'null',
  destination: 'nowhere',
  open: async (_target, { resumeAfter, signal }) => {
    let confirmed = resumeAfter;
    let lastConfirmedAt: Date | undefined;
    return {
      resumedAfter: resumeAfter,
      get confirmed() {
        return confirmed;
      },
      get lastConfirmedAt() {
        return lastConfirmedAt;
      },
      write: async (block) => {
        signal.throwIfAborted();
        confirmed += block.count;
        block.release();
        lastConfirmedAt = new Date();
      },
      complete: async () => signal.throwIfAborted(),
      close: async () => {},
    };
  },
});
